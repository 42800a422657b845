/**
 * JSON changed in its structure, as a text: members twice, in other spellings, of other types, and what no writer of
 * JSON would write.
 */
import fc from 'fast-check'

/** JSON as it stands in a text. */
export type Node =
  | { readonly kind: 'object'; readonly members: [name: string, value: Node][] }
  | { readonly kind: 'list'; readonly items: Node[] }
  /** Whatever it says. */
  | { readonly kind: 'text'; readonly text: string }

/** A value as a node. */
export function nodeOf(value: unknown): Node {
  if (Array.isArray(value)) return { kind: 'list', items: value.map(nodeOf) }
  if (typeof value !== 'object' || value === null) return { kind: 'text', text: JSON.stringify(value) ?? 'null' }
  return { kind: 'object', members: Object.entries(value).map(([name, inner]) => [name, nodeOf(inner)]) }
}

/** The text of a node. */
export function textOf(node: Node): string {
  switch (node.kind) {
    case 'text':
      return node.text
    case 'list':
      return `[${node.items.map(textOf).join(',')}]`
    case 'object':
      return `{${node.members.map(([name, value]) => `${JSON.stringify(name)}:${textOf(value)}`).join(',')}}`
    default:
      return node satisfies never
  }
}

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
const quoted = (text: string) => JSON.stringify(text)

const oddTexts = [
  '',
  ' ',
  'x'.repeat(65),
  'x'.repeat(300),
  'x'.repeat(5_000),
  '\u0000',
  'a\u0000b',
  '\u2028',
  '\u202etxt.exe',
  '\ufeff',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'bot',
  'ada',
  'dl_x',
  'message',
  'event',
  'typing',
  'invoke',
  'trace',
  'suggestion',
  'conversationUpdate',
  'contactRelationUpdate',
  'endOfConversation',
  'messageUpdate',
  'tokens/response',
  'signin/verifyState',
  'expectReplies',
  'stream',
  '*',
  '../../etc/passwd',
  'a\r\nX-Injected: 1',
  '<script>',
  "'; DROP TABLE x; --",
  '{{x}}%s%n',
  'data:text/html;base64,PHg+',
  'data:image/png;base64,!',
  'data:,',
  'data:',
  'javascript:alert(1)',
  'http://',
  'http://[::1',
  '//x/y',
  'file:///etc/passwd',
  '2026-01-01T00:00:00Z',
  'application/vnd.microsoft.card.adaptive',
  'application/vnd.microsoft.card.receipt',
  'a'.repeat(20).concat('='),
  '\n'.repeat(2_000).concat('!'),
  '/'.repeat(2_000),
].map(quoted)

/** What may stand in the place of any value. Some of it is not JSON. */
const oddValues: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...oddTexts) },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      ...['null', 'true', 'false', '0', '-0', '1', '-1', '1e400', '-1e400', '1e-400', '12345678901234567890', '0.1'],
      ...['[]', '{}', '[[]]', '[{}]', '[null]', '{"":{}}', '{"__proto__":{}}', '{"\\u005f_proto__":{"id":"eve"}}'],
      ...['{"constructor":{"prototype":{"x":1}}}', '{"id":{}}', '{"id":null}', '{"id":"eve","Id":"eve","ID":"eve"}'],
      ...[
        '"\\ud800"',
        '"\\udc00\\ud800"',
        '"\\ud83d\\ude00"',
        '"\\u0000"',
        '9'.repeat(400),
        '1'.repeat(20).concat('.0'),
      ],
      ...[nested(5), nested(99), nested(101), nested(500), `[${'0,'.repeat(300)}0]`, `[${'{},'.repeat(60)}{}]`],
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '',
      'NaN',
      'undefined',
      "'x'",
      '01',
      '+1',
      '.5',
      '1.',
      '"\u0001"',
      '\ufeff1',
      '1 2',
      '/**/1',
      '"',
      '"\\',
      '[',
      '{',
      '}',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.array(fc.nat(0xffff), { maxLength: 20 }).map(codes => quoted(String.fromCharCode(...codes))),
  },
)

const oddNames: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    ...[
      '__proto__',
      'constructor',
      'prototype',
      'toString',
      'hasOwnProperty',
      '',
      'x',
      'from',
      'From',
      'FROM',
      'fr\u043em',
    ],
    ...['id', 'Id', 'type', 'Type', 'recipient', 'Recipient', 'serviceUrl', 'ServiceUrl', 'conversation', 'channelId'],
    ...['attachments', 'membersAdded', 'membersRemoved', 'relatesTo', 'value', 'name', 'text', 'channelData', 'user'],
    ...[
      'conversationId',
      'trustedOrigins',
      'clientActivityID',
      'content',
      'contentUrl',
      'data',
      'eTag',
      '\ud800',
      'a\u0000',
    ],
  ),
  fc.array(fc.nat(0x3ff), { maxLength: 10 }).map(codes => String.fromCharCode(...codes)),
)

/** One change of a JSON text: what it does, and where, counted over all values. */
export type JsonChange = { readonly at: number } & (
  | { readonly what: 'replace'; readonly value: string }
  | { readonly what: 'drop' | 'double' | 'wrap' | 'quote' | 'move' }
  | { readonly what: 'rename' | 'add'; readonly name: string; readonly value: string }
  | { readonly what: 'respell'; readonly how: number }
)

/** Changes of JSON texts. */
export const jsonChanges: fc.Arbitrary<JsonChange> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ at: fc.nat(200), what: fc.constant('replace' as const), value: oddValues }) },
  {
    weight: 3,
    arbitrary: fc.record({
      at: fc.nat(200),
      what: fc.constantFrom('drop' as const, 'double' as const, 'wrap' as const, 'quote' as const, 'move' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      at: fc.nat(200),
      what: fc.constantFrom('rename' as const, 'add' as const),
      name: oddNames,
      value: oddValues,
    }),
  },
  { weight: 1, arbitrary: fc.record({ at: fc.nat(200), what: fc.constant('respell' as const), how: fc.nat(3) }) },
)

/** Where a value stands. */
type Place = {
  readonly get: () => Node
  readonly set: (node: Node) => void
  readonly parent: Node
  readonly index: number
}

/** The same JSON with changes. */
export function changed(root: Node, changes: readonly JsonChange[]): Node {
  let whole = root
  for (const change of changes) {
    const places = placesIn(whole, node => {
      whole = node
    })
    const place = places[change.at % places.length]
    if (place !== undefined) apply(place, change, places)
  }
  return whole
}

function placesIn(root: Node, setRoot: (node: Node) => void): readonly Place[] {
  const found: Place[] = [{ get: () => root, set: setRoot, parent: root, index: -1 }]
  const walk = (node: Node) => {
    if (node.kind === 'text') return
    const slots: { value: Node; set: (inner: Node) => void }[] =
      node.kind === 'list'
        ? node.items.map((value, index) => ({
            value,
            set: inner => {
              node.items[index] = inner
            },
          }))
        : node.members.map(member => ({
            value: member[1],
            set: inner => {
              member[1] = inner
            },
          }))
    for (const [index, { value, set }] of slots.entries()) {
      found.push({ get: () => value, set, parent: node, index })
      walk(value)
    }
  }
  walk(root)
  return found
}

const respellings: readonly ((name: string) => string)[] = [
  name => name.toUpperCase(),
  name => name.slice(0, 1).toUpperCase() + name.slice(1),
  name => `${name} `,
  name => name.replace(/o/g, '\u043e').replace(/k/g, '\u212a'),
]

function apply({ get, set, parent, index }: Place, change: JsonChange, places: readonly Place[]): void {
  const node = get()
  const member = parent.kind === 'object' ? parent.members[index] : undefined
  switch (change.what) {
    case 'replace':
      set({ kind: 'text', text: change.value })
      return
    case 'wrap':
      set({ kind: 'list', items: [node] })
      return
    case 'quote':
      set({ kind: 'text', text: JSON.stringify(textOf(node)) })
      return
    case 'move':
      set(copied(places[(change.at * 7 + 1) % places.length]?.get() ?? node))
      return
    case 'drop':
      if (parent.kind === 'list' && index >= 0) parent.items.splice(index, 1)
      else if (member !== undefined && parent.kind === 'object') parent.members.splice(index, 1)
      return
    case 'double':
      if (parent.kind === 'list' && index >= 0) parent.items.push(copied(node))
      else if (member !== undefined && parent.kind === 'object') parent.members.push([member[0], copied(node)])
      return
    case 'rename':
      if (member !== undefined) member[0] = change.name
      return
    case 'respell':
      if (member !== undefined) member[0] = respellings[change.how]?.(member[0]) ?? member[0]
      return
    case 'add':
      if (node.kind === 'object') node.members.push([change.name, { kind: 'text', text: change.value }])
      else if (node.kind === 'list') node.items.push({ kind: 'text', text: change.value })
      return
    default:
      change satisfies never
  }
}

/** A node put into two places must not be one: a change of it would be made twice, and one moved into itself has no end. */
const copied = (node: Node): Node => ({ kind: 'text', text: textOf(node) })
