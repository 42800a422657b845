/**
 * What the nodes of one service tell each other: a piece of news as a line of text, for carriers that carry text.
 */
import { type ConversationId, readConversationId, type UserId, userId } from './ids.ts'
import { type Position, position } from './watermark.ts'

/** What a line says. */
export type NewsLine = {
  readonly conversation: ConversationId
  /** The log goes at least this far. */
  readonly position: Position
  /** An activity that is in no log: its JSON text, and the one person it is meant for, if it is. */
  readonly shown?: { readonly text: string; readonly audience: UserId | undefined }
}

/** Writes a piece of news without a line break. */
export function writeNewsLine({ conversation, position, shown }: NewsLine): string {
  const bare = `${conversation} ${position}`
  return shown === undefined ? bare : `${bare} ${JSON.stringify([shown.text, shown.audience ?? null])}`
}

/** Reads what `writeNewsLine` wrote. Undefined for everything else: a later release may have more to say. */
export function readNewsLine(line: string): NewsLine | undefined {
  const [, name = '', digits = '', rest] = /^(\S+) (\d{1,15})(?: (\[.*\]))?$/s.exec(line) ?? []
  const conversation = readConversationId(name)
  if (conversation === undefined) return undefined
  const bare = { conversation, position: position(Number(digits)) }
  if (rest === undefined) return bare
  const shown = readShown(rest)
  return shown === undefined ? undefined : { ...bare, shown }
}

function readShown(json: string): NewsLine['shown'] {
  const read = parsed(json)
  if (!Array.isArray(read)) return undefined
  const [text, audience] = read as readonly unknown[]
  if (typeof text !== 'string' || (audience !== null && typeof audience !== 'string')) return undefined
  // It is put into frames as it stands.
  const activity = parsed(text)
  if (typeof activity !== 'object' || activity === null || Array.isArray(activity)) return undefined
  return { text, audience: audience === null ? undefined : userId(audience) }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    // Not one of ours: the caller passes over it.
    return undefined
  }
}
