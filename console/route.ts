/**
 * Where in the console somebody is: the address of the page, and nothing else. Back, forward and reload therefore keep
 * everything that is in it.
 */
import { Cell, useCell } from './cell.ts'

/** A place: the parts of the path below `/console/`, decoded, and the query. */
export type Place = { readonly parts: readonly string[]; readonly query: URLSearchParams }

/** What every path begins with. */
const root = '/console/'

const place = new Cell(placeOf(location))

addEventListener('popstate', () => place.set(placeOf(location)))

function placeOf({ pathname, search }: Pick<Location, 'pathname' | 'search'>): Place {
  const below = pathname.startsWith(root) ? pathname.slice(root.length) : ''
  return { parts: below.split('/').filter(Boolean).map(decoded), query: new URLSearchParams(search) }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // Typed by hand: it names nothing, as it stands.
    return text
  }
}

/** The place, in a component: it is drawn again when somebody goes elsewhere. */
export const usePlace = (): Place => useCell(place)

/** The address of a place: `href(['bots', 'orders'], {tab: 'sites'})`. */
export function href(
  parts: readonly string[],
  query: Readonly<Record<string, string | number | undefined>> = {},
): string {
  const words = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') words.set(name, String(value))
  }
  return `${root}${parts.map(encodeURIComponent).join('/')}${words.size === 0 ? '' : `?${words}`}`
}

/** Goes to an address of the console. `replace`: the one now is not to be come back to. */
export function go(address: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, '', address)
  else history.pushState(null, '', address)
  place.set(placeOf(location))
}

/** Changes words of the query, and leaves the rest of the address. An empty or absent word is taken out. */
export function setQuery(words: Readonly<Record<string, string | number | undefined>>, { replace = true } = {}): void {
  const { parts, query } = place.value
  go(href(parts, { ...Object.fromEntries(query), ...words }), { replace })
}

/** Takes clicks on links of the console, wherever they are, so that a link is just a link. */
export function followLinks(): void {
  addEventListener('click', event => {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return
    const link = event.target instanceof Element ? event.target.closest('a') : null
    if (link === null || link.target !== '' || link.hasAttribute('download')) return
    const url = new URL(link.href, location.href)
    if (url.origin !== location.origin || !url.pathname.startsWith(root)) return
    // A place on this very page is the browser's to find.
    if (url.hash !== '') return
    event.preventDefault()
    go(url.pathname + url.search)
    scrollTo(0, 0)
  })
}
