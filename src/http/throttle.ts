/**
 * Which rates each call of a client or bot is held to, and who is turned away when there is too much to do. Asked once
 * it is known who calls, and before anything is done.
 * What is said of a token holds for its whole family: a client that refreshes its token begins nothing anew.
 */
import type { ClientPage } from '../domain/conversations.ts'
import type { ConversationGrant, Grant } from '../domain/grant.ts'
import type { Overload } from '../domain/overload.ts'
import type { RateName, Rates } from '../domain/rates.ts'
import { ProtocolError } from '../protocol/errors.ts'
import type { BotId } from '../protocol/ids.ts'
import { beginning, readWatermark } from '../protocol/watermark.ts'

/** Holds callers to the rates, and to what the service can do now. */
export class Throttle {
  readonly #rates: Rates
  readonly #overload: Overload

  constructor(rates: Rates, overload: Overload) {
    this.#rates = rates
    this.#overload = overload
  }

  /** A client sends an activity or files, whichever way. @throws ProtocolError `TooManyRequests`, `Unavailable` */
  send({ shown, conversation }: ConversationGrant): void {
    this.#overload.admitSend()
    if (shown !== undefined) this.#take('sendsPerToken', shown.family, 'Too much is sent with this token.')
    this.#take('sendsPerConversation', conversation, 'Too much is sent into this conversation.')
  }

  /** A client asks for the way back into a conversation. @throws ProtocolError `TooManyRequests` */
  reconnect({ shown }: Pick<ConversationGrant, 'shown'>): void {
    if (shown !== undefined)
      this.#take('reconnectsPerToken', shown.family, 'This conversation is opened too often with this token.')
  }

  /**
   * A client generates a token, or starts a conversation. One with a token has been let in by whoever gave it, and
   * shipped clients take any error here for the end: so it is refused no earlier than a send, and never the way back.
   *
   * @throws ProtocolError `TooManyRequests`, `Unavailable`
   */
  open(grant: Grant): void {
    if (grant.by === 'secret') this.#overload.admitOpening()
    else if (!grant.token.isStarted) this.#overload.admitSend()
    if (grant.by === 'token') this.reconnect({ shown: grant.token })
    else this.#take('opensPerSecret', keyOf(grant), 'Too many conversations are opened with this secret.')
  }

  /**
   * A client polls: it is answered when its turn comes, and where that would take too long with an empty page and the
   * watermark it gave, from which it can go on.
   */
  async poll(
    { shown }: ConversationGrant,
    watermark: string | undefined,
    read: () => Promise<ClientPage>,
  ): Promise<ClientPage> {
    if (shown !== undefined && !(await this.#rates.waitFor('pollsPerToken', shown.family))) {
      const given = readWatermark(watermark)
      return { entries: [], watermark: typeof given === 'number' ? given : beginning }
    }
    return read()
  }

  /** A bot calls. @throws ProtocolError `TooManyRequests` */
  botCall(bot: BotId): void {
    this.#take('connectorCallsPerBot', bot, 'This bot calls too often.')
  }

  #take(name: RateName, key: string, message: string): void {
    const seconds = this.#rates.take(name, key)
    if (seconds > 0) throw new ProtocolError('TooManyRequests', message, { retryAfterSeconds: seconds })
  }
}

/** Sites of two bots, and secrets of two sites, may go by one name. */
const keyOf = ({ site, secret }: Extract<Grant, { by: 'secret' }>): string => `${site.bot.id}\n${site.id}\n${secret}`
