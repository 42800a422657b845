/**
 * The ids that operators give to bots and sites: lower-case letters, digits and dashes.
 */

/** How long an id may be: characters. */
export const slugCharactersMax = 63

const slugPattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** Whether text can be the id of a bot or a site. */
export const isSlug = (text: string): boolean => slugPattern.test(text)

/**
 * What can be an id, as near to a name as may be. Leaves room for a number.
 *
 * @param otherwise the id where nothing of the name can be kept
 */
export function slugOf(name: string, otherwise = 'bot'): string {
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, slugCharactersMax - 8)
    .replace(/^-+|-+$/g, '')
  return slug === '' ? otherwise : slug
}
