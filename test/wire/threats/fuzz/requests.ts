/**
 * Good requests with changes, as the bytes that go over the wire.
 */
import { type Door, doors, headersOf, type Key } from '../doors.ts'
import type { Ground } from '../ground.ts'
import { bodyOf } from './bodies.ts'
import type { Change, Plan } from './changes.ts'

/** A request as bytes. */
export type Shot = {
  readonly bytes: Buffer
  readonly isHead: boolean
  /** Whether nothing can be told of where it ends: it needs a connection of its own, and may get no answer. */
  readonly isUnframed: boolean
  readonly route: string
}

type Draft = {
  method: string
  path: string
  query: [name: string, value: string][]
  readonly headers: [name: string, value: string][]
  key: Readonly<Record<string, string>>
  length: string
}

/** The request of a plan on this ground. */
export function shotOf({ door: at, prey, changes }: Plan, whole: Ground): Shot {
  const door = doors[at] as Door
  // Clients of every kind of bot are attacked alike.
  const ground = { ...whole, open: [whole.open, whole.ada, whole.old][prey] ?? whole.open }
  const request = door.request(ground)
  const [path = '', query = ''] = request.path.split('?')
  const draft: Draft = {
    method: door.route.slice(0, door.route.indexOf(' ')),
    path,
    query:
      query === '' ? [] : query.split('&').map(pair => [pair.split('=')[0] ?? '', pair.split('=').slice(1).join('=')]),
    headers: Object.entries(request.headers ?? {}),
    key: headersOf(door.keys[0] ?? 'link', ground),
    length: 'true',
  }
  const body = bodyOf(request, changes, draft.headers)
  for (const each of changes) apply(each, draft, door, ground)
  return { ...written(draft, body), route: door.route }
}

function apply(each: Change, draft: Draft, door: Door, ground: Ground): void {
  switch (each.of) {
    case 'method':
      draft.method = each.value
      return
    case 'path':
      draft.path = pathChanged(draft.path, each.at, each.how, each.value)
      return
    case 'query': {
      const found = draft.query.findIndex(([name]) => name === each.name)
      if (each.how !== 'add' && found !== -1) draft.query.splice(found, 1)
      if (each.how !== 'drop') draft.query.push([each.name, each.value])
      return
    }
    case 'header':
      draft.headers.push([each.name, each.value])
      return
    case 'key':
      // Five wrong keys lock the admin API for everybody for a second, and nothing behind it would be seen.
      draft.key = door.keys[0] === 'admin' ? {} : keyChanged(draft.key, each.value, ground)
      return
    case 'length':
      draft.length = each.value
      return
    case 'json':
    case 'part':
    case 'bytes':
      return
    default:
      each satisfies never
  }
}

function pathChanged(path: string, at: number, how: string, value: string): string {
  const segments = path.split('/')
  const place = 1 + (at % Math.max(segments.length - 1, 1))
  switch (how) {
    case 'slash':
      return `${path}/`
    case 'double':
      return path.replace('/', '//')
    case 'upper':
      return path.toUpperCase()
    case 'encode':
      return segments
        .map((text, index) =>
          index === place ? text.replace(/[a-z]/gi, letter => `%${letter.charCodeAt(0).toString(16)}`) : text,
        )
        .join('/')
    case 'replace':
      return segments.with(Math.min(place, segments.length - 1), value).join('/')
    case 'insert':
      return segments.toSpliced(place, 0, value).join('/')
    case 'cut':
      return segments.slice(0, place).join('/') || '/'
    case 'prefix':
      return `/${value}${path}`
    case 'absolute':
      return `http://evil.example${path}`
    case 'long':
      return `${path}/${'x/'.repeat(500)}`
    default:
      return `${path};${value}`
  }
}

function keyChanged(
  key: Readonly<Record<string, string>>,
  how: string,
  ground: Ground,
): Readonly<Record<string, string>> {
  const { authorization = 'Bearer x' } = key
  const other = (name: Key) => headersOf(name, ground)
  const [, claims = '', signature = ''] = authorization.split('.')
  const made: Readonly<Record<string, string>> = {
    cut: authorization.slice(0, -3),
    flip: `${authorization.slice(0, -1)}${authorization.endsWith('A') ? 'B' : 'A'}`,
    foreign: `Bearer ${ground.other.talk.token}`,
    ticket: `Bearer ${ground.open.ticket}`,
    scheme: authorization.replace('Bearer', 'BotConnector'),
    empty: 'Bearer ',
    spaces: `  Bearer   ${authorization.slice(7)}   `,
    alg: `Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.${claims}.${signature}`,
    long: `Bearer ${'x'.repeat(5_000)}`,
    twice: `${authorization}, ${authorization}`,
  }
  if (how === 'none') return {}
  if (how === 'secret' || how === 'token') return other(how)
  return { ...key, authorization: made[how] ?? authorization }
}

/** Headers that tell where a request ends, or what comes after it. */
const framing = /^(?:content-length|transfer-encoding|connection|upgrade|expect|http2-settings)$/i

function written(draft: Draft, body: Buffer | undefined): Omit<Shot, 'route'> {
  const query = draft.query.map(([name, value]) => `${name}=${value}`).join('&')
  const target = `${draft.path}${query === '' ? '' : `?${query}`}`
  const all: [string, string][] = [['Host', 'localhost'], ...Object.entries(draft.key), ...draft.headers]
  const { sent, lines } = framed(draft.length, body)
  const head = [
    `${draft.method} ${target} HTTP/1.1`,
    ...all.map(([name, value]) => `${name}: ${value}`),
    ...lines,
    '',
    '',
  ].join('\r\n')
  return {
    bytes: Buffer.concat([Buffer.from(head, 'latin1'), sent]),
    isHead: draft.method === 'HEAD',
    isUnframed:
      draft.length !== 'true' ||
      draft.method === 'get' ||
      draft.headers.some(([name]) => framing.test(name)) ||
      /[^\x21-\xff]/.test(target),
  }
}

/** The body as it is sent, and the headers that tell its length: truly, or not. */
function framed(
  how: string,
  body: Buffer = Buffer.alloc(0),
): { readonly sent: Buffer; readonly lines: readonly string[] } {
  const length = `Content-Length: ${body.length}`
  const hex = body.length.toString(16)
  switch (how) {
    case '+1':
    case '-1':
    case '+100':
      return { sent: body, lines: [`Content-Length: ${Math.max(body.length + Number(how), 0)}`] }
    case '0':
      return { sent: body, lines: ['Content-Length: 0'] }
    case 'none':
      return { sent: body, lines: [] }
    case 'two':
      return { sent: body, lines: [length, `Content-Length: ${body.length + 1}`] }
    case 'chunked':
      return {
        sent: Buffer.concat([
          Buffer.from(body.length === 0 ? '' : `${hex}\r\n`),
          body,
          Buffer.from(body.length === 0 ? '0\r\n\r\n' : '\r\n0\r\n\r\n'),
        ]),
        lines: ['Transfer-Encoding: chunked'],
      }
    case 'badly chunked':
      return { sent: Buffer.concat([Buffer.from(`${hex}0;x=y\r\n`), body]), lines: ['Transfer-Encoding: chunked'] }
    default:
      return { sent: body, lines: body.length === 0 ? [] : [length] }
  }
}
