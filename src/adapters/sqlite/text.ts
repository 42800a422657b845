/**
 * Text from people in columns of SQLite. Its text is UTF-8, which has no form for a lone surrogate: two different
 * keys would become one, and an id would come back as another. Such text is kept as a blob of UTF-16 instead, and
 * SQLite never takes a blob for equal to a text.
 */

/** What is bound for a text that may be any string, or absent. */
export function bound(text: string | undefined): string | Uint8Array | null {
  if (text === undefined) return null
  return text.isWellFormed() ? text : Buffer.from(text, 'utf16le')
}

/** What was bound. */
export function unbound(value: unknown): string | undefined {
  if (value === null) return undefined
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf16le') : String(value)
}

/** What is bound for the user of a bag: a user without a name is not the same as no user. */
export const boundUser = (user: string | undefined): string | Uint8Array | null =>
  user === undefined ? '' : bound(`=${user}`)
