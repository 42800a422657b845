/**
 * The printed link carries the key behind `#`, which no browser sends to anybody. It is shown to the service and taken
 * out of the address at once, whether the page is opened by the link or is there already.
 */
import { api } from './api.ts'
import { Cell } from './cell.ts'
import { asApiError } from './parts/dialog.tsx'

/** Why the key in the link did not open the door, as a sentence; undefined where there was none, or it did. */
export const linkRefused = new Cell<string | undefined>(undefined)

/** Shows the service the key in the address, if there is one. Resolves when it has answered; never rejects. */
export async function takeKey(): Promise<void> {
  const key = new URLSearchParams(location.hash.slice(1)).get('key')
  if (key === null) return
  history.replaceState(null, '', location.pathname + location.search)
  linkRefused.set(undefined)
  await api.login(key).catch((error: unknown) => {
    const { status, message } = asApiError(error)
    linkRefused.set(status === 401 ? 'The key in the link is not the one of this service.' : message)
  })
}
