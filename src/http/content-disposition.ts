/**
 * The Content-Disposition header, both ways: read leniently from clients, written strictly for browsers.
 */
import { isUtf8 } from 'node:buffer'
import { fileNameIn } from '../protocol/file-name.ts'

/** What a Content-Disposition says. */
export type Disposition = { readonly name: string | undefined; readonly fileName: string | undefined }

const parameter = /(?:^|[;\s])([A-Za-z]+\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s"]*))/g

/** What browsers write in the name of a file in a form for a quote and for the ends of lines, and nothing else. */
const formEscapes = /%(?:22|0D|0A)/gi

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
  const fileName = extended ?? values.get('filename')?.replace(formEscapes, decodeURIComponent)
  return { name: values.get('name'), fileName: fileName === undefined ? undefined : fileNameIn(fileName) }
}

/**
 * A header as its sender meant it. Scripts and curl write names as plain UTF-8, which Node reads as Latin-1, a character a
 * byte; text of another encoding is hardly ever valid UTF-8 by chance.
 *
 * @param latin1 what Node gives
 */
export function headerText(latin1: string): string {
  const bytes = Buffer.from(latin1, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : latin1
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

/** Writes the header for a file that is served. The name stands only in the encoded form, where nothing can break out. */
export function writeDisposition(type: 'inline' | 'attachment', fileName: string): string {
  const encoded = encodeURIComponent(fileName).replace(
    /['()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `${type}; filename*=UTF-8''${encoded}`
}
