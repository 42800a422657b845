/**
 * A turn with all that comes of it: an activity is delivered to the bot in the way the bot understands, and what it
 * answers in the same breath is recorded before anybody hears that it was accepted.
 */
import { type Activity, parseActivity, refuseLong } from '../protocol/activity.ts'
import { ProtocolError } from '../protocol/errors.ts'
import { isObject, parseJson } from '../protocol/fields.ts'
import type { OldBots } from './bot-v1.ts'
import type { Delivery } from './delivery.ts'
import { botGrant } from './grant.ts'
import type { Links } from './links.ts'
import type { Replies } from './replies.ts'
import { placedForBot } from './stamp.ts'
import type { RecordAnswer, TakeTurn } from './turn.ts'

/** Gives what takes turns for a whole service. */
export function turnsOf(ports: {
  delivery: Delivery
  replies: Replies
  oldBots: OldBots
  links: Pick<Links, 'serviceUrl'>
}): TakeTurn {
  const { delivery, replies, oldBots, links } = ports
  return async turn => {
    const { conversation, bot, id, timestampMs, timeoutMs, marks } = turn
    marks?.goesTo(turn.type, timeoutMs)
    const account = { id: bot.id, name: bot.name }
    const activity = placedForBot(turn.botRest, id, timestampMs, account, links.serviceUrl(bot, conversation))
    if (bot.schema === 'v1') return oldBots.take(turn, activity, recorded)
    // An invoke's answer is its result, so replies can't come in it.
    if (!bot.expectReplies || turn.type === 'invoke') {
      return delivery.deliver({ conversation, bot, body: activity, needsAnswer: false, timeoutMs, marks })
    }
    const delivered = await delivery.deliver({
      conversation,
      bot,
      body: askingForReplies(activity),
      needsAnswer: true,
      timeoutMs,
      marks,
    })
    if (delivered.outcome === 'failed') return delivered
    return recorded(delivered, marks, async () => {
      for (const reply of readReplies(delivered.answer))
        await replies.reply(botGrant(conversation, bot), reply, undefined, undefined, marks)
    })
  }
}

/** A bot whose answer can't be taken has failed its turn. */
const recorded: RecordAnswer = async (delivered, marks, record) => {
  try {
    await record()
    return delivered
  } catch (error) {
    if (!(error instanceof ProtocolError) || error.failure === 'Unavailable') throw error
    marks?.spoilt(`the answer can't be taken: ${error.message}`)
    return {
      outcome: 'failed',
      answered: true,
      status: 502,
      message: `Failed to send activity: the bot's answer can't be taken: ${error.message}`,
    }
  }
}

/** Spliced in front of what was there: of two members of one name, readers take the last, and there is no other. */
const askingForReplies = (activity: string): string => `{"deliveryMode":"expectReplies",${activity.slice(1)}`

/**
 * `{"activities":[…]}` as SDKs answer it; a bot that does not know the mode answers an empty body and calls back.
 *
 * @throws ProtocolError `MalformedBody` for what can't be read, `TooLarge`
 */
function readReplies(answer: string): readonly Activity[] {
  if (answer.trim() === '') return []
  const body = parsed(answer)
  const activities = isObject(body) && Array.isArray(body['activities']) ? body['activities'] : []
  const replies = activities.map(activity => parseActivity(withoutPrivateFields(activity)))
  for (const reply of replies) refuseLong(reply, answer)
  return replies
}

function parsed(answer: string): unknown {
  try {
    return parseJson(answer)
  } catch (cause) {
    throw new ProtocolError('MalformedBody', 'it is not JSON', { cause })
  }
}

/** The Agents SDK leaks a private field into these bodies. */
function withoutPrivateFields(activity: unknown): unknown {
  return isObject(activity)
    ? Object.fromEntries(Object.entries(activity).filter(([name]) => name !== '_channelId'))
    : activity
}
