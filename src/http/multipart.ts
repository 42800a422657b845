/**
 * Reading `multipart/form-data` from a whole body. The documented sample of the hosted service writes delimiter lines
 * equal to the boundary, without the two leading dashes, and no closing one; no library reads that, and clients were
 * written from it.
 */
import { ProtocolError } from '../protocol/errors.ts'
import { partHeaderBytesMax, uploadPartsMax } from '../protocol/limits.ts'
import { headerText } from './content-disposition.ts'

/** One part. */
export type Part = {
  /** Header values by lower-case name. */
  readonly headers: ReadonlyMap<string, string>
  readonly bytes: Buffer
}

const lineFeed = 0x0a
const carriageReturn = 0x0d

/** The boundary in a Content-Type; undefined if it has none. */
export function readBoundary(contentType: string): string | undefined {
  const found = /;\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(contentType)
  return found?.[1] ?? found?.[2]
}

/**
 * The parts of a body, in order.
 *
 * @throws ProtocolError `MalformedBody` if it has no delimiter or a part can't be read; `TooLarge` for too many parts
 */
export function readParts(body: Buffer, boundary: string): readonly Part[] {
  const proper = delimiters(body, `--${boundary}`)
  const found = proper.length > 0 ? proper : delimiters(body, boundary)
  if (found.length === 0) throw new ProtocolError('MalformedBody', 'The multipart body has no delimiter.')
  const parts: Part[] = []
  for (const [at, delimiter] of found.entries()) {
    if (delimiter.closes) break
    const end = found[at + 1]?.start ?? body.length
    const content = body.subarray(delimiter.end, withoutLineEnd(body, delimiter.end, end))
    // The sample's last delimiter does not close: nothing follows it.
    if (content.length === 0 || (at === found.length - 1 && content.toString('latin1').trim() === '')) continue
    if (parts.length === uploadPartsMax)
      throw new ProtocolError('TooLarge', `An upload may have ${uploadPartsMax} parts.`)
    parts.push(readPart(content))
  }
  return parts
}

type Delimiter = { readonly start: number; readonly end: number; readonly closes: boolean }

/** Lines that begin with this text and have nothing but `--` and blanks after it. */
function delimiters(body: Buffer, line: string): Delimiter[] {
  const found: Delimiter[] = []
  for (let start = body.indexOf(line); start !== -1; start = body.indexOf(line, start + 1)) {
    if (start > 0 && body[start - 1] !== lineFeed) continue
    const after = start + Buffer.byteLength(line)
    const lineEnd = body.indexOf(lineFeed, after)
    const end = lineEnd === -1 ? body.length : lineEnd + 1
    if (end - after > partHeaderBytesMax) continue
    const rest = body.subarray(after, end).toString('latin1')
    if (/^(?:--)?[ \t]*\r?\n?$/.test(rest)) found.push({ start, end, closes: rest.startsWith('--') })
  }
  return found
}

/** The line end before a delimiter belongs to the delimiter. */
function withoutLineEnd(body: Buffer, start: number, end: number): number {
  let at = end
  if (at > start && body[at - 1] === lineFeed) at -= 1
  else return at
  if (at > start && body[at - 1] === carriageReturn) at -= 1
  return at
}

function readPart(content: Buffer): Part {
  const head = headOf(content)
  const headers = new Map<string, string>()
  for (const line of head.text.split(/\r?\n/)) {
    const colon = line.indexOf(':')
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
  return { headers, bytes: content.subarray(head.end) }
}

/** The headers of a part, and where its bytes begin: after the first empty line. */
function headOf(content: Buffer): { readonly text: string; readonly end: number } {
  if (content[0] === lineFeed) return { text: '', end: 1 }
  if (content[0] === carriageReturn && content[1] === lineFeed) return { text: '', end: 2 }
  const window = content.subarray(0, partHeaderBytesMax).toString('latin1')
  const empty = /\r?\n\r?\n/.exec(window)
  if (empty !== null) {
    return { text: headerText(window.slice(0, empty.index)), end: empty.index + empty[0].length }
  }
  // A part of headers only: a file of no bytes whose empty line went with its delimiter.
  if (content.length < partHeaderBytesMax && /^[!-9;-~]+:/.test(window))
    return { text: headerText(window), end: content.length }
  throw new ProtocolError('MalformedBody', 'A part of the multipart body has no headers, or more than it may.')
}
