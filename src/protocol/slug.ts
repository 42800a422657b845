/**
 * Names that operators give, and that stand in addresses: the ids of bots and sites, and tenants.
 */

/** How long an id may be: characters. */
export const slugCharactersMax = 63

const slugPattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * A tenant in the addresses of bots' tokens, in lower case, because SDKs write those addresses so. Below two names others
 * of our addresses stand.
 */
export const tenantPattern = /^(?!(?:admin|console)$)[a-z0-9][a-z0-9.-]{0,62}$/

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
