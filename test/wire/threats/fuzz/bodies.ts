/**
 * Bodies changed: JSON and the parts of forms in their structure, and then the bytes of what has come of it.
 */
import fc from 'fast-check'
import { activityType } from '../../direct-line-v3/form.ts'
import type { Request } from '../doors.ts'
import type { Change } from './changes.ts'
import { changed, jsonChanges, nodeOf, textOf } from './json.ts'

/** The changed body of a request, and the header that says what it is; undefined if it has none. */
export function bodyOf(
  request: Request,
  changes: readonly Change[],
  headers: [name: string, value: string][],
): Buffer | undefined {
  const jsonOf = (value: unknown) =>
    textOf(
      changed(
        nodeOf(value),
        changes.flatMap(each => (each.of === 'json' ? [each.change] : [])),
      ),
    )
  let text: string | undefined
  if (request.json !== undefined) {
    headers.push(['Content-Type', 'application/json'])
    text = jsonOf(request.json)
  } else if (request.form !== undefined) {
    headers.push(['Content-Type', 'application/x-www-form-urlencoded'])
    text = new URLSearchParams(request.form).toString()
  } else if (request.parts !== undefined) {
    headers.push(['Content-Type', 'multipart/form-data; boundary=b'])
    text = formText(request.parts, changes, jsonOf)
  } else {
    // A body where none is wanted must not hurt either.
    text = request.raw ?? (changes.some(({ of }) => of === 'json') ? jsonOf({ a: 1 }) : undefined)
  }
  if (text === undefined) return undefined
  return changes.reduce((read, each) => (each.of === 'bytes' ? bitten(read, each) : read), Buffer.from(text))
}

type WrittenPart = { head: string; body: string }

function formText(
  given: NonNullable<Request['parts']>,
  changes: readonly Change[],
  jsonOf: (value: unknown) => string,
): string {
  const written: WrittenPart[] = given.map(({ name, fileName, type, body }) => ({
    head: `Content-Disposition: form-data; name="${name}"; filename="${fileName ?? ''}"\r\nContent-Type: ${type}`,
    body: type === activityType ? jsonOf(body) : String(body),
  }))
  for (const each of changes) {
    if (each.of !== 'part') continue
    const at = each.at % Math.max(written.length, 1)
    const part = written[at]
    if (part !== undefined) changePart(written, part, at, each.how, each.value)
  }
  return `${written.map(({ head, body }) => `--b\r\n${head}\r\n\r\n${body}\r\n`).join('')}--b--\r\n`
}

function changePart(all: WrittenPart[], part: WrittenPart, at: number, how: string, value: string): void {
  switch (how) {
    case 'drop':
      all.splice(at, 1)
      break
    case 'double':
      all.push({ ...part })
      break
    case 'rename':
      part.head = part.head.replace(/filename="[^"]*"/, `filename="${value}"`)
      break
    case 'type':
      part.head = part.head.replace(/Content-Type: .*/, `Content-Type: ${value}`)
      break
    case 'activity':
      part.head = `Content-Disposition: form-data; name="activity"\r\nContent-Type: ${activityType}`
      break
    case 'empty':
      part.body = ''
      break
    case 'headers':
      part.head = value
      break
    case 'long':
      part.head += `\r\nX: ${value.repeat(50)}`
      break
  }
}

function bitten(read: Buffer, { at, how, value }: Extract<Change, { of: 'bytes' }>): Buffer<ArrayBuffer> {
  const place = read.length === 0 ? 0 : at % read.length
  const inserted = Buffer.from(value, value.charCodeAt(0) === 0xfeff ? 'utf8' : 'latin1')
  const [before, after] = [read.subarray(0, place), read.subarray(place)]
  switch (how) {
    case 'flip': {
      const other = Buffer.from(read)
      other[place] = (other[place] ?? 0) ^ (1 << (at % 8))
      return other
    }
    case 'cut':
      return Buffer.from(before)
    case 'insert':
      return Buffer.concat([before, inserted, after])
    case 'double':
      return Buffer.concat([read, read])
    case 'erase':
      return Buffer.concat([before, read.subarray(place + 1)])
    case 'replace':
      return Buffer.concat([before, inserted, read.subarray(place + 1)])
    default:
      return Buffer.concat([Buffer.from('\ufeff'), read])
  }
}

const said = {
  type: 'message',
  text: 'from the bot',
  from: { id: 'bot' },
  attachments: [{ contentUrl: 'data:text/plain;base64,YQ==', name: 'a.txt' }],
}
const oldSaid = {
  type: 'Message',
  text: 'from the bot',
  attachments: [{ title: 'A', actions: [{ title: 'B', url: 'x' }] }],
  botUserData: { a: 1 },
  location: { latitude: 1 },
}

/** What bots answer to their turns: bodies of today's schema, and of the old one. */
export const botAnswers: fc.Arbitrary<{ readonly today: string; readonly old: string }> = fc
  .array(jsonChanges, { maxLength: 3 })
  .map(changes => ({
    today: textOf(changed(nodeOf({ activities: [said, said] }), changes)),
    old: textOf(changed(nodeOf(oldSaid), changes)),
  }))
