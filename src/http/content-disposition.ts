/**
 * The Content-Disposition header, both ways: read leniently from clients, written strictly for browsers.
 */
import { fileNameIn } from '../protocol/file-name.ts'

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
  return { name: values.get('name'), fileName: fileName === undefined ? undefined : fileNameIn(fileName) }
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
