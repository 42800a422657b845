/**
 * What a check sends a bot: an event that no bot has asked for and every bot knows how to pass over.
 */
import { botMessagesOf } from '../protocol/bot-message.ts'
import { type ConversationId, userId } from '../protocol/ids.ts'
import { activityIdAt, beginning, next } from '../protocol/watermark.ts'
import type { Bot } from './sites.ts'
import { placedForBot, stampFromUser } from './stamp.ts'

/** The name of the event. */
const checkEventName = 'landline.check'

/** Who asks: no person of anybody's. */
const checker = { id: userId('landline-check'), name: 'Landline' }

/**
 * The event as JSON text: an activity complete as any user's, or for a bot of the first schema, which knows no events,
 * the `Ping` that asks whether a bot is there.
 *
 * @param nowMs milliseconds since 1970
 */
export function checkEvent(bot: Bot, conversation: ConversationId, serviceUrl: string, nowMs: number): string {
  const stamped = stampFromUser({ type: 'event', name: checkEventName }, conversation, checker, 'none')
  const account = { id: bot.id, name: bot.name }
  const id = activityIdAt(conversation, next(beginning))
  const activity = placedForBot(stamped.botRest, id, nowMs, account, serviceUrl)
  if (bot.schema === 'v3') return activity
  const asMessage = activity.replace('"type":"event"', '"type":"endOfConversation"')
  const [message] = botMessagesOf(asMessage, { bot: account, bags: {} })
  return JSON.stringify({ ...message, type: 'Ping' })
}
