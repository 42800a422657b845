/**
 * Text from people in columns of PostgreSQL. Its text is UTF-8 without NUL: a lone surrogate or a NUL has no form there.
 * Text with either is kept behind a mark, as base64 of its UTF-16, and so is text that begins as a mark does; so no two
 * texts become one, and each comes back as it was.
 */

/** Stands before what is kept in another form. */
const mark = '\u0001'

/** Stands before names that a store gives by itself, where people's own could stand. */
const ownMark = '\u0002'

/** What is kept for a text that may be any string. */
export function bound(text: string): string
/** What is kept for a text that may be any string, or absent. */
export function bound(text: string | undefined): string | null
/** As the two forms above say. */
export function bound(text: string | undefined): string | null {
  if (text === undefined) return null
  const isPlain = !(text.startsWith(mark) || text.startsWith(ownMark) || text.includes('\0')) && text.isWellFormed()
  return isPlain ? text : mark + Buffer.from(text, 'utf16le').toString('base64')
}

/** What was bound. */
export function unbound(kept: string): string
/** What was bound, or undefined for what was absent. */
export function unbound(kept: string | null): string | undefined
/** As the two forms above say. */
export function unbound(kept: string | null): string | undefined {
  if (kept === null) return undefined
  return kept.startsWith(mark) ? Buffer.from(kept.slice(mark.length), 'base64').toString('utf16le') : kept
}

/** A name that no text from people is kept as. */
export const ownName = (name: string): string => ownMark + name

/** What is kept for the user of a bag: a user without a name is not the same as no user. */
export const boundUser = (user: string | undefined): string => (user === undefined ? '' : bound(`=${user}`))
