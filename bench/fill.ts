/**
 * Writes conversations into a store before anything is measured, through its port and as the service would: the texts
 * are stamped, every append is committed.
 */
import { randomBytes } from 'node:crypto'
import type { ConversationStore } from '../src/domain/ports.ts'
import { type StampedActivity, stampFromUser } from '../src/domain/stamp.ts'
import { parseActivityText } from '../src/protocol/activity.ts'
import { botId, type ConversationId, newConversationId, siteId, userId } from '../src/protocol/ids.ts'
import { defaultBot, defaultSite } from '../src/settings.ts'
import { message } from './load/talker.ts'

/** A conversation being written to. */
export type Written = {
  readonly id: ConversationId
  /** What everybody says in it; stamped once, because it is the store that is to be busy. */
  readonly activity: StampedActivity
}

/** The bot and site of a Landline with one bot. */
const bot = botId(defaultBot.id)
const site = siteId(defaultSite.id)
const user = { id: userId(message.from.id), name: undefined }
const said = parseActivityText(JSON.stringify(message))

/** Appends that wait while a store is being filled: larger groups than any service has, for fewer syncs. */
export const fillAtOnce = 2_048

/** Makes conversations. */
export async function startWritten(store: ConversationStore, count: number): Promise<readonly Written[]> {
  const ids = Array.from({ length: count }, () => newConversationId(randomBytes(16).toString('base64url')))
  await Promise.all(ids.map(id => store.start({ id, bot, site, locale: undefined }, user, Date.now())))
  return ids.map(toWrite)
}

/** A conversation that is there, to be written to. */
export const toWrite = (id: ConversationId): Written => ({ id, activity: stampFromUser(said, id, user, 'none') })

/** Appends to one conversation after the other, round and round, so many waiting at a time. */
export async function appendTo(
  store: ConversationStore,
  conversations: readonly Written[],
  appends: number,
  waiting: number,
): Promise<void> {
  let appended = 0
  const append = async () => {
    while (appended < appends) {
      const to = conversations[appended % conversations.length]
      appended += 1
      if (to !== undefined) await appendOne(store, to)
    }
  }
  await Promise.all(Array.from({ length: waiting }, append))
}

/** Appends one activity. @throws Error if the store does not take it */
export async function appendOne(store: ConversationStore, { id, activity }: Written): Promise<void> {
  const { outcome } = await store.append({ conversation: id, bot, activity, atMs: Date.now(), key: undefined })
  if (outcome !== 'appended') throw new Error(`An append came out as ${outcome}.`)
}
