/**
 * The Content-Disposition header, both ways: read leniently from clients, written strictly for browsers.
 */
import { fileNameBytesMax } from '../protocol/limits.ts'

/** What a Content-Disposition says. */
export type Disposition = { readonly name: string | undefined; readonly fileName: string | undefined }

const parameter = /(?:^|[;\s])([A-Za-z]+\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s"]*))/g

/**
 * Reads the header as real clients write it: the type may be missing (`name="file"; filename="a.jpg"`, as documented),
 * values may be unquoted, the file name may be a whole local path, or come as `filename*`.
 */
export function readDisposition(header: string | undefined): Disposition {
  const values = new Map<string, string>()
  for (const [, key, quoted, plain] of (header ?? '').slice(0, 4096).matchAll(parameter)) {
    const name = key?.toLowerCase()
    if (name !== undefined && !values.has(name)) values.set(name, quoted?.replace(/\\(["\\])/g, '$1') ?? plain ?? '')
  }
  const extended = extendedValue(values.get('filename*'))
  const fileName = extended ?? values.get('filename')
  return { name: values.get('name'), fileName: fileName === undefined ? undefined : lastSegment(fileName) }
}

/** `UTF-8''na%C3%AFve.txt` (RFC 8187). */
function extendedValue(value: string | undefined): string | undefined {
  const encoded = /^utf-8'[^']*'(.*)$/i.exec(value ?? '')?.[1]
  if (encoded === undefined) return undefined
  try {
    return decodeURIComponent(encoded)
  } catch {
    // Not percent-encoded UTF-8: the plain file name, if there is one, says it.
    return undefined
  }
}

/** Control characters, and those that turn the direction of writing and so disguise a file's ending. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const unwanted = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** A file's name: no folders, nothing invisible, no longer than a file system takes; `file` if nothing is left. */
export function lastSegment(path: string): string {
  const segment = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
  let name = segment.replace(unwanted, '').toWellFormed().trim()
  while (Buffer.byteLength(name) > fileNameBytesMax) name = Array.from(name).slice(0, -1).join('')
  return name === '' || name === '.' || name === '..' ? 'file' : name
}

/** Writes the header for a file that is served. The name stands only in the encoded form, where nothing can break out. */
export function writeDisposition(type: 'inline' | 'attachment', fileName: string): string {
  const encoded = encodeURIComponent(fileName).replace(
    /['()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `${type}; filename*=UTF-8''${encoded}`
}
