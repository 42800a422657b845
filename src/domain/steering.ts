/**
 * What people do in conversations with the admin API: begin one, say something in it, send the bot once more what it
 * has been sent.
 */
import type { Activity } from '../protocol/activity.ts'
import { ProtocolError } from '../protocol/errors.ts'
import {
  type ActivityId,
  activityId,
  botId,
  type ConversationId,
  siteId,
  type UserId,
  userId,
} from '../protocol/ids.ts'
import { activityOf } from '../protocol/said.ts'
import { position } from '../protocol/watermark.ts'
import { type Conversations, modesFor } from './conversations.ts'
import type { Credentials } from './credentials.ts'
import { conversationGrant, grantFor, readName, unknownConversation } from './grant.ts'
import type { Inspection } from './inspection.ts'
import { directionOf } from './log-record.ts'
import type { Look, Looked } from './look-port.ts'
import type { Opening } from './opening.ts'
import type { Clock, Random } from './ports.ts'
import type { Recorder } from './record.ts'
import { ownSecret, type Site, type Sites } from './sites.ts'
import { restOfLogged, stampFromChannel } from './stamp.ts'
import type { TakeTurn } from './turn.ts'
import type { TurnMarks } from './turn-marks.ts'

type SteeringPorts = {
  readonly look: Look
  readonly sites: Sites
  readonly opening: Opening
  readonly credentials: Credentials
  readonly conversations: Conversations
  readonly inspection: Inspection
  readonly recorder: Recorder
  readonly takeTurn: TakeTurn
  readonly clock: Clock
  readonly random: Random
}

/** A conversation that somebody has begun, and a token for its user. */
export type Begun = { readonly conversation: ConversationId; readonly token: string; readonly user: UserId }

/** Characters of the random part of a new person's id, which only a token can speak for. */
const personCharacters = 16

/** Length of the ids of activities that only the bot sees. */
const unseenIdCharacters = 11

/** Acts for people. */
export class Steering {
  readonly #ports: SteeringPorts

  constructor(ports: SteeringPorts) {
    this.#ports = ports
  }

  /**
   * Starts a conversation with a bot: by its first site that is on, unless one is named; for a new person, unless
   * somebody is. The bot is told, and nobody waits for it.
   *
   * @throws ProtocolError `UnknownBot`, `UnknownSite`, `SwitchedOff`; `Unacceptable` for a user the site does not take
   */
  begin(bot: string, site: string | undefined, user: string | undefined): Promise<Begun> {
    return this.#begin(this.#siteOf(bot, site), user === undefined ? this.#newPerson() : userId(user))
  }

  /**
   * Starts another conversation by the same site, for the same person or for a new one. The old one stays as it is.
   *
   * @throws ProtocolError `UnknownConversation`, and as `begin`
   */
  async restart(name: string, who: 'same' | 'new'): Promise<Begun> {
    const { bot, site, users } = await this.#find(name)
    const same = who === 'same' ? users[0] : undefined
    return this.#begin(this.#siteOf(bot, site), same ?? this.#newPerson())
  }

  /**
   * Says something as the conversation's user, or as whoever the activity names, exactly as a client would. Resolves
   * when the bot's turn is over, whatever came of it, with what the turn is called.
   *
   * @throws ProtocolError as `Conversations.post`, but never `BotFailed`
   */
  async sendAsUser(name: string, activity: Activity): Promise<string | undefined> {
    const { opening, credentials, conversations, inspection, clock } = this.#ports
    const looked = await this.#find(name)
    const site = this.#siteOf(looked.bot, looked.site)
    const secret = { by: 'secret', site, secret: ownSecret } as const
    const named = activity.from?.id || looked.users[0]
    const id = userId(named || conversations.unnamedUser(conversationGrant(secret, looked.id)))
    const user = { id, name: activity.from?.name || undefined }
    // A token for this person, since there are people for whom only a token can speak.
    const parameters = { user, trustedOrigins: [], locale: undefined, conversation: looked.id }
    const { token } = await opening.generate(secret, parameters)
    const grant = grantFor(credentials.authenticate(token), looked.id)
    const marks = inspection.begin(looked.id, site.bot, clock.monotonicMs())
    try {
      await conversations.post(grant, activity, undefined, undefined, marks)
    } catch (error) {
      if (!(error instanceof ProtocolError) || error.failure !== 'BotFailed') throw error
    }
    marks?.told()
    return this.#nameOf(marks)
  }

  /**
   * Sends something to the bot that only a channel says, such as that somebody has joined: it is in the log for people
   * who look in, and no client sees it. Resolves when the bot's turn is over, whatever came of it, with what the turn is
   * called.
   *
   * @throws ProtocolError `UnknownConversation`, `UnknownSite`, `ConversationFull`
   */
  async sendAsChannel(name: string, activity: Activity): Promise<string | undefined> {
    const { inspection, recorder } = this.#ports
    const looked = await this.#find(name)
    const { bot } = this.#siteOf(looked.bot, looked.site)
    const stamped = stampFromChannel(activity, looked.id, { id: looked.users[0] ?? looked.id })
    const marks = inspection.begin(looked.id, bot)
    const place = { conversation: looked.id, bot, key: undefined, marks }
    const { timestampMs } = await recorder.append(place, stamped, true)
    const { type, botRest } = stamped
    const id = this.#unseenId()
    await this.#ports.takeTurn({
      ...{ conversation: looked.id, bot, type, botRest, id, timestampMs, timeoutMs: bot.timeoutMs, marks },
    })
    return this.#nameOf(marks)
  }

  /**
   * Sends the bot once more what a user has said, under the same id, or what was sent as the channel. Nothing is logged,
   * and no client sees it but what the bot answers. Resolves when the bot's turn is over, whatever came of it, with what
   * the turn is called.
   *
   * @throws ProtocolError `UnknownConversation`, `UnknownActivity` for what is not there or has been erased,
   * `Unacceptable` for what the bot has said
   */
  async again(name: string, seq: number): Promise<string | undefined> {
    const { look, inspection } = this.#ports
    const looked = await this.#find(name)
    const { bot } = this.#siteOf(looked.bot, looked.site)
    const range = { after: position(seq - 1) }
    const found = await look.entries(looked.id, range, { entries: 1, characters: 1 })
    const entry = found?.entries[0]
    if (entry === undefined || entry.position !== seq || entry.text === '')
      throw new ProtocolError('UnknownActivity', 'The conversation has no such activity.')
    const logged = activityOf(entry.text)
    const said = directionOf(entry, logged)
    if (said === 'fromBot') throw new ProtocolError('Unacceptable', 'What the bot has said can’t be sent to it again.')
    const type = String(logged['type'])
    const marks = inspection.begin(looked.id, bot, undefined, true)
    if (marks !== undefined) marks.cause = seq
    await this.#ports.takeTurn({
      ...{ conversation: looked.id, bot, type, timeoutMs: bot.timeoutMs, marks },
      botRest: restOfLogged(logged, said === 'channel' ? 'all' : modesFor(bot)),
      id: said === 'channel' ? this.#unseenId() : activityId(String(logged['id'])),
      timestampMs: entry.timestampMs,
    })
    return this.#nameOf(marks)
  }

  async #begin(site: Site, user: UserId): Promise<Begun> {
    const { opening, credentials } = this.#ports
    const nobody = { user: undefined, trustedOrigins: [], locale: undefined, conversation: undefined }
    const secret = { by: 'secret', site, secret: ownSecret } as const
    const { token } = await opening.generate(secret, { ...nobody, user: { id: user, name: undefined } })
    const opened = await opening.start(credentials.authenticate(token), nobody, false)
    return { conversation: opened.conversation, token: opened.token, user }
  }

  #siteOf(bot: string, site: string | undefined): Site {
    const { sites } = this.#ports
    if (sites.bot(botId(bot)) === undefined) throw new ProtocolError('UnknownBot', 'There is no such bot.')
    const own = sites.sitesOf(botId(bot))
    const found =
      site === undefined ? (own.find(({ enabled }) => enabled) ?? own[0]) : sites.of(botId(bot), siteId(site))
    if (found === undefined) throw new ProtocolError('UnknownSite', 'The bot has no such site.')
    return found
  }

  async #find(name: string): Promise<Looked> {
    const [looked] = await this.#ports.look.these([readName(name)])
    if (looked === undefined) throw unknownConversation()
    return looked
  }

  /** Nothing that has not gone to the bot has a name. */
  #nameOf(marks: TurnMarks | undefined): string | undefined {
    return marks === undefined || marks.number < 0 ? undefined : this.#ports.inspection.idOf(marks)
  }

  /**
   * For what no client sees, whatever its place in the log: a bot answers to the id it was sent, and chats hold an answer
   * back until they have what it answers.
   */
  #unseenId(): ActivityId {
    return activityId(this.#ports.random.text(unseenIdCharacters))
  }

  #newPerson(): UserId {
    return userId(`dl_${this.#ports.random.text(personCharacters)}`)
  }
}
