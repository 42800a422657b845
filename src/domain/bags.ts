/**
 * The data that old bots leave with the channel and find again with the next message: of a user, of a conversation,
 * and of a user in a conversation.
 */
import type { Bags } from '../protocol/bot-message.ts'
import { ProtocolError } from '../protocol/errors.ts'
import { isObject, type JsonObject, parseJson } from '../protocol/fields.ts'
import type { BotId, ConversationId, UserId } from '../protocol/ids.ts'
import { bagCharactersMax } from '../protocol/limits.ts'
import type { BagKey, BagStore } from './bag-port.ts'

/** Whom a message is from or to, and where. */
export type Whose = { readonly bot: BotId; readonly conversation: ConversationId; readonly user: UserId | undefined }

/** Which bag is which. Without a user there is only the conversation's. */
function keysOf({ bot, conversation, user }: Whose): readonly (readonly [keyof Bags, BagKey])[] {
  const ofConversation = ['botConversationData', { bot, user: undefined, conversation }] as const
  if (user === undefined) return [ofConversation]
  return [
    ['botUserData', { bot, user, conversation: undefined }],
    ofConversation,
    ['botPerUserInConversationData', { bot, user, conversation }],
  ]
}

/** The bags that go with a message. */
export async function readBags(store: BagStore, whose: Whose): Promise<Bags> {
  const bags: [string, JsonObject][] = []
  for (const [name, key] of keysOf(whose)) {
    const bag = await store.bag(key)
    const data = bag === undefined ? undefined : parseJson(bag.data)
    if (isObject(data)) bags.push([name, data])
  }
  return Object.fromEntries(bags)
}

/**
 * Keeps the bags that came with a bot's message. The last writer wins.
 *
 * @throws ProtocolError `TooLarge`, before any is kept
 */
export async function keepBags(store: BagStore, whose: Whose, bags: Bags): Promise<void> {
  const texts = keysOf(whose).flatMap(([name, key]) => {
    const data = bags[name]
    return data === undefined ? [] : [{ key, text: bagText(data, bagCharactersMax) }]
  })
  for (const { key, text } of texts) await store.putBag(key, text, undefined)
}

/** Data as it is kept. @throws ProtocolError `TooLarge` beyond so many characters */
export function bagText(data: unknown, charactersMax: number): string {
  const text = JSON.stringify(data ?? null)
  if (text.length > charactersMax)
    throw new ProtocolError('TooLarge', `Data of a bot may have ${charactersMax} characters.`)
  return text
}
