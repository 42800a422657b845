/**
 * In which conversations this tab takes part: those it has started, and those somebody has chosen to go on with. A
 * reload keeps them, another tab only looks on.
 */
import { serviceNowMs } from '../api.ts'

const name = 'landline.chats'

/** How many are remembered. */
const chatsMax = 50

/** A conversation that was started this recently is taken to be somebody's who wants to talk: milliseconds. */
const freshMs = 60_000

/** Whether this tab takes part in a conversation. */
export function takesPart({ id, started }: { readonly id: string; readonly started: string }): boolean {
  return read().includes(id) || serviceNowMs() - Date.parse(started) < freshMs
}

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
