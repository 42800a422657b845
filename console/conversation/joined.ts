/**
 * In which conversations this tab takes part: those it has started, and those somebody has chosen to go on with. A
 * reload keeps them, another tab only looks on.
 */

const name = 'landline.chats'

/** How many are remembered. */
const chatsMax = 50

/**
 * Whether this tab takes part in a conversation. How new it is says nothing: a customer may have begun it, and whoever
 * joins speaks as that customer.
 */
export const takesPart = (id: string): boolean => read().includes(id)

/** From now on this tab takes part. */
export function takePart(id: string): void {
  const kept = [id, ...read().filter(other => other !== id)].slice(0, chatsMax)
  try {
    sessionStorage.setItem(name, JSON.stringify(kept))
  } catch {
    // Storage is off: it is asked again after a reload.
  }
}

function read(): readonly string[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(name) ?? '[]')
    return Array.isArray(kept) ? kept : []
  } catch {
    // Storage is off, or holds something else.
    return []
  }
}
