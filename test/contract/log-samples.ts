/**
 * What tests of the log put into it, made by the same code as what people put into it.
 */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Append, Appended, ConversationStore, Entry } from '../../src/domain/ports.ts'
import { stampFromBot } from '../../src/domain/stamp.ts'
import { parseActivity } from '../../src/protocol/activity.ts'
import { botId, type ConversationId, newConversationId, siteId } from '../../src/protocol/ids.ts'
import { beginning } from '../../src/protocol/watermark.ts'

/** How a suite gets an empty store, which is closed when the test ends. */
export type OpenStore = (
  t: TestContext,
  limits?: { entriesMax: number; charactersMax: number },
) => Promise<ConversationStore>

/** Two bots, and a site of the first. */
export const bot = botId('bot')
export const otherBot = botId('other-bot')
export const site = siteId('default')

/** A moment to count from: milliseconds since 1970. */
export const noonMs = Date.UTC(2026, 0, 1, 12)

/** A minute, an hour and a day: milliseconds. */
export const minuteMs = 60_000
export const hourMs = 60 * minuteMs
export const dayMs = 24 * hourMs

/** An id made of a word, as long as real ones are. */
export const conversationId = (word: string): ConversationId => newConversationId(word.padEnd(22, '0'))

/** A message of the bot. */
export const message = (conversation: ConversationId, text: string) =>
  stampFromBot(parseActivity({ type: 'message', text }), conversation, { id: bot, name: 'Bot' }, undefined)

/** A suggestion that only one person may see. */
export const suggestion = (conversation: ConversationId, recipient: string, text: string) =>
  stampFromBot(
    parseActivity({ type: 'suggestion', text, recipient: { id: recipient } }),
    conversation,
    { id: bot, name: 'Bot' },
    undefined,
  )

/** What appends a message. */
export const messageAppend = (conversation: ConversationId, text: string, more: Partial<Append> = {}): Append => ({
  conversation,
  bot,
  activity: message(conversation, text),
  atMs: noonMs,
  key: undefined,
  ...more,
})

/** Starts a conversation and answers its id. */
export async function started(
  store: ConversationStore,
  word: string,
  of = bot,
  atMs = noonMs,
): Promise<ConversationId> {
  const id = conversationId(word)
  await store.start({ id, bot: of, site, locale: undefined }, undefined, atMs)
  return id
}

/** Limits of a read that everything in these tests fits into. */
export const everything = { entries: 1_000_000, characters: Number.MAX_SAFE_INTEGER }

/** All that `read` gives of a log. */
export async function entriesOf(store: ConversationStore, conversation: ConversationId): Promise<readonly Entry[]> {
  return (await store.read(conversation, beginning, everything)).entries
}

/** The `text` of activities, which is what most tests tell them apart by. */
export const textsOf = (entries: readonly Entry[]): readonly unknown[] =>
  entries.map(entry => JSON.parse(entry.text).text)

/** What came of an append that must succeed. */
export async function appended(
  answer: Promise<Appended | { outcome: 'missing' }>,
): Promise<Extract<Appended, { outcome: 'appended' }>> {
  const result = await answer
  assert.ok(result.outcome === 'appended', result.outcome)
  return result
}

/** 1, 2, … as many as are asked for: the positions of a log without a gap. */
export const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at + 1)
