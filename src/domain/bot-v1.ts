/**
 * Turns of bots that speak the first schema: activities go out as v1 messages, and what the bot answers in the same
 * breath comes back as one.
 */
import { type Activity, refuseLong } from '../protocol/activity.ts'
import { type BotMessage, botMessagesOf, withBags } from '../protocol/bot-message.ts'
import { readBotReply } from '../protocol/bot-reply.ts'
import { isObject, parseJson } from '../protocol/fields.ts'
import { type UserId, userId } from '../protocol/ids.ts'
import { present } from '../protocol/optional-fields.ts'
import { keepBags, readBags, type Whose } from './bags.ts'
import type { Delivered, Delivery } from './delivery.ts'
import { botGrant } from './grant.ts'
import type { ConversationStore } from './ports.ts'
import type { Replies } from './replies.ts'
import type { BotTurn, RecordAnswer } from './turn.ts'

type OldBotsPorts = {
  readonly delivery: Delivery
  readonly replies: Replies
  readonly store: ConversationStore
  /** The value of an Authorization header. */
  readonly basic: (app: { readonly id: string; readonly password: string }) => string
}

/** Takes turns of v1 bots. */
export class OldBots {
  readonly #ports: OldBotsPorts

  constructor(ports: OldBotsPorts) {
    this.#ports = ports
  }

  /**
   * Delivers an activity as the messages it is in the first schema, one turn after the other: none for a type the
   * schema has no word for, which counts as accepted.
   *
   * @param recorded records an answer, and says that the turn has failed if it can't be taken
   */
  async take(turn: BotTurn, activity: string, recorded: RecordAnswer): Promise<Delivered> {
    const account = { id: turn.bot.id, name: turn.bot.name }
    let outcome: Delivered | undefined
    for (const message of botMessagesOf(activity, { bot: account, bags: {} })) {
      const marks = outcome === undefined ? turn.marks : turn.marks?.another()
      const delivered = await this.#tell({ ...turn, marks }, message, recorded)
      // The next one is a turn of its own: a bot that will not hear of itself may well hear of its user.
      if (outcome === undefined || outcome.outcome === 'accepted') outcome = delivered
    }
    return outcome ?? { outcome: 'accepted', answer: '' }
  }

  async #tell(turn: BotTurn, message: BotMessage, recorded: RecordAnswer): Promise<Delivered> {
    const whose = whoseBags(turn, message)
    const delivered = await this.#ports.delivery.deliver({
      ...turn,
      body: JSON.stringify(withBags(message, await readBags(this.#ports.store, whose))),
      needsAnswer: true,
      authorization: this.#authorization(turn),
    })
    if (delivered.outcome === 'failed') return delivered
    return recorded(delivered, turn.marks, () => this.#record(turn, message, whose, delivered.answer))
  }

  async #record(turn: BotTurn, message: BotMessage, whose: Whose, answer: string): Promise<void> {
    const reply = readBotReply(parsedAnswer(answer), message)
    if (reply.activity !== undefined) refuseLong(reply.activity, answer)
    await keepBags(this.#ports.store, whose, reply.bags)
    const said = reply.activity ?? (message.type === 'DeleteUserData' ? wishTold(message) : undefined)
    if (said === undefined) return
    const { conversation, bot, marks } = turn
    await this.#ports.replies.reply(botGrant(conversation, bot), said, undefined, undefined, marks)
  }

  /** The password travels only where nobody can read it on the way. */
  #authorization({ bot }: BotTurn): string | undefined {
    return bot.app !== undefined && /^https:/i.test(bot.endpoint) ? this.#ports.basic(bot.app) : undefined
  }
}

/** The bags of the person a message is from; what the service itself says is about the conversation alone. */
function whoseBags(turn: BotTurn, message: BotMessage): Whose {
  const user: UserId | undefined = message.type === 'BotAddedToConversation' ? undefined : userId(message.from.id)
  return { bot: turn.bot.id, conversation: turn.conversation, user }
}

/**
 * What the user is told where the bot accepts without a word that somebody's data is to go. No more than is known: what
 * the bot keeps is its own, and what is kept here for it goes when it answers with empty data. Whoever asks may have made
 * up whose data it is, so nothing is taken away on their word.
 */
const wishTold = ({ id }: BotMessage): Activity =>
  present({ type: 'message', text: 'The bot has been asked to delete your data.', locale: 'en', replyToId: id })

/** The message in an answer; undefined for anything else, such as the plain `OK` some web frameworks answer. */
function parsedAnswer(answer: string): unknown {
  try {
    const value = parseJson(answer)
    return isObject(value) ? value : undefined
  } catch (error) {
    // The bot has accepted by its status; what it wrote beside is for nobody.
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
