/**
 * What may be changed in a good request: method, path, query, headers, credential, body, and the bytes of all.
 */
import fc from 'fast-check'
import { doors } from '../doors.ts'
import { type JsonChange, jsonChanges } from './json.ts'

/** One change. */
export type Change =
  | { readonly of: 'method'; readonly value: string }
  | { readonly of: 'path'; readonly at: number; readonly how: string; readonly value: string }
  | { readonly of: 'query'; readonly how: 'set' | 'add' | 'drop'; readonly name: string; readonly value: string }
  | { readonly of: 'header'; readonly name: string; readonly value: string }
  | { readonly of: 'key'; readonly value: string }
  | { readonly of: 'json'; readonly change: JsonChange }
  | { readonly of: 'part'; readonly at: number; readonly how: string; readonly value: string }
  | { readonly of: 'bytes'; readonly at: number; readonly how: string; readonly value: string }
  | { readonly of: 'length'; readonly value: string }

/** A request to be fired: a door, and what is changed of its good one. */
export type Plan = { readonly door: number; readonly prey: number; readonly changes: readonly Change[] }

const odd = fc.constantFrom(
  ...[
    '',
    '.',
    '..',
    '%2e%2e',
    '%2f',
    '%5c',
    '%00',
    '%',
    '%zz',
    '%ff',
    '%ed%a0%80',
    '\u00e9',
    '*',
    '~',
    'x',
    '0',
    '-1',
    '1',
    '2',
  ],
  ...[
    '999999999999999999999',
    '1e3',
    '-',
    'null',
    'undefined',
    'NaN',
    '__proto__',
    'constructor',
    'bot',
    'u1',
    'u2',
    'default',
  ],
  ...[
    'x'.repeat(56),
    'x'.repeat(300),
    'x'.repeat(1_100),
    '%25252e',
    'a|0000001',
    'x|9999999',
    'original',
    'landline',
    'directline',
  ],
)

const methods = fc.constantFrom(
  'GET',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'QUERY',
  'get',
)

const headers = fc.oneof(
  fc.record({
    name: fc.constantFrom('Content-Type'),
    value: fc.constantFrom(
      ...[
        '',
        'application/json',
        'text/plain',
        'multipart/form-data',
        'multipart/form-data; boundary=',
        'application/xml',
      ],
      ...[
        'multipart/form-data; boundary=b',
        'multipart/form-data; boundary="a b"',
        'application/json; charset=utf-16',
        'x',
      ],
      ...['application/x-www-form-urlencoded', ';;;', 'application/vnd.microsoft.activity', `a/${'b'.repeat(5_000)}`],
    ),
  }),
  fc.record({
    name: fc.constantFrom('Content-Disposition'),
    value: fc.constantFrom(
      ...[
        'attachment; filename="a.txt"',
        "attachment; filename*=UTF-8''%2e%2e%2fa",
        "attachment; filename*=UTF-8''%ff",
        '"',
      ],
      ...[
        'name=a; filename=../../x',
        `filename="${'x'.repeat(4_000)}"`,
        `filename="${'\\'.repeat(3_999)}`,
        'a '.repeat(2_000),
      ],
    ),
  }),
  fc.record({
    name: fc.constantFrom(
      'Origin',
      'Host',
      'X-Forwarded-For',
      'X-Forwarded-Host',
      'X-Forwarded-Proto',
      'Forwarded',
      'Referer',
    ),
    value: fc.constantFrom(
      'null',
      'https://evil.example',
      'evil.example',
      '127.0.0.1',
      '[::1]:80',
      'localhost',
      '',
      ','.repeat(500),
      'a\tb',
      '<x>',
      'https://page.example',
      'x'.repeat(3_000),
    ),
  }),
  fc.record({
    name: fc.constantFrom(
      ...[
        'Idempotency-Key',
        'X-MS-Client-Request-Id',
        'X-MS-Bot-Agent',
        'X-Request-Id',
        'Cookie',
        'Accept',
        'If-None-Match',
        'Range',
      ],
      ...[
        'Access-Control-Request-Headers',
        'Access-Control-Request-Method',
        'Ocp-Apim-Subscription-Key',
        'X-Identity-Header',
      ],
      ...[
        '__proto__',
        'constructor',
        'toString',
        'Sec-WebSocket-Protocol',
        'TE',
        'Trailer',
        'Authorization',
        'Max-Forwards',
        'Via',
      ],
    ),
    value: fc.constantFrom(
      '',
      'x',
      '*',
      'bytes=0-0',
      'bytes=-1',
      'directlinejs',
      'x'.repeat(300),
      'x'.repeat(2_000),
      'Bearer x',
      'Basic eDp4',
      '{}',
      '\u00ff\u00fe',
      'a, b, c',
    ),
  }),
  fc.record({ name: fc.constantFrom('Content-Encoding'), value: fc.constantFrom('gzip', 'identity', 'br', 'x', '') }),
  // What changes where a request ends.
  fc.record({
    name: fc.constantFrom('Content-Length', 'Transfer-Encoding', 'Connection', 'Upgrade', 'Expect', 'HTTP2-Settings'),
    value: fc.constantFrom(
      '0',
      '1',
      '5',
      '99999999',
      '-1',
      'x',
      'chunked',
      'gzip, chunked',
      'close',
      'upgrade',
      'websocket',
      'h2c',
      '100-continue',
      '',
      'keep-alive, upgrade',
    ),
  }),
)

const words = fc.constantFrom(
  'slash',
  'double',
  'upper',
  'encode',
  'replace',
  'insert',
  'cut',
  'prefix',
  'absolute',
  'long',
  'semicolon',
)
const parts = fc.constantFrom('drop', 'double', 'rename', 'type', 'activity', 'empty', 'headers', 'long')
const bites = fc.constantFrom('flip', 'cut', 'insert', 'double', 'erase', 'replace', 'bom')
const bytes = fc.constantFrom(
  '\0',
  '"',
  '{',
  '}',
  '[',
  '\\',
  '\xff',
  '\xed\xa0\x80',
  '\r\n',
  '\n',
  '--',
  ':',
  ',',
  '\x7f',
  ' ',
  '\ufeff',
  '\r\n\r\n',
  '=',
)

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ of: fc.constant('json' as const), change: jsonChanges }) },
  {
    weight: 4,
    arbitrary: fc
      .record({ of: fc.constant('header' as const), header: headers })
      .map(({ header }) => ({ of: 'header' as const, ...header })),
  },
  { weight: 3, arbitrary: fc.record({ of: fc.constant('path' as const), at: fc.nat(20), how: words, value: odd }) },
  {
    weight: 3,
    arbitrary: fc.record({
      of: fc.constant('query' as const),
      how: fc.constantFrom('set' as const, 'add' as const, 'drop' as const),
      name: fc.constantFrom(
        'watermark',
        't',
        'userId',
        'e',
        's',
        'limit',
        'cursor',
        'pageSize',
        'continuationToken',
        'resource',
        'api-version',
        'client_id',
        '__proto__',
        '',
        'x',
      ),
      value: odd,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      of: fc.constant('key' as const),
      value: fc.constantFrom(
        'none',
        'cut',
        'flip',
        'foreign',
        'ticket',
        'scheme',
        'twice',
        'empty',
        'spaces',
        'alg',
        'long',
        'secret',
        'token',
      ),
    }),
  },
  { weight: 3, arbitrary: fc.record({ of: fc.constant('part' as const), at: fc.nat(5), how: parts, value: odd }) },
  {
    weight: 3,
    arbitrary: fc.record({ of: fc.constant('bytes' as const), at: fc.nat(100_000), how: bites, value: bytes }),
  },
  { weight: 1, arbitrary: fc.record({ of: fc.constant('method' as const), value: methods }) },
  {
    weight: 1,
    arbitrary: fc.record({
      of: fc.constant('length' as const),
      value: fc.constantFrom('+1', '-1', '+100', '0', 'chunked', 'badly chunked', 'none', 'two'),
    }),
  },
)

/** How often each door is knocked at: what makes keys costs most, what destroys leaves nothing to attack. */
const weights = doors.map(({ route }) => {
  // An address that has been made up would be called.
  if (/^(?:POST \/admin\/v1\/bots|PATCH \/admin\/v1\/bots\/:bot)$/.test(route)) return 0
  if (/rotate/.test(route)) return 1
  return /revoke|regenerate|^DELETE \/admin|^PATCH|^GET \/(?:chat|health|ready)?/.test(route) ? 4 : 20
})
const lots = doors.flatMap((_door, at) => Array.from({ length: weights[at] ?? 1 }, () => at))

/** Requests. */
export const plans: fc.Arbitrary<Plan> = fc.record({
  door: fc.constantFrom(...lots),
  prey: fc.nat(2),
  changes: fc.array(change, { minLength: 0, maxLength: 4 }),
})
