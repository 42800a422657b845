/**
 * What the service adds to an activity, and what it takes away. Stamping turns what was sent into the text that
 * is stored, shown and relayed; from then on the text is passed, never parsed.
 */
import { type Activity, type ChannelAccount, channelId, placed } from '../protocol/activity.ts'
import { isObject, type JsonObject } from '../protocol/fields.ts'
import { type ActivityId, type BotId, type ConversationId, type UserId, userId } from '../protocol/ids.ts'
import { fitForBots, type Members } from './fit-for-bots.ts'

declare const stamped: unique symbol

/**
 * An activity complete but for its place in the log. Only this file makes one and `append` takes nothing else, so
 * what is incomplete can't be stored.
 */
export type StampedActivity = {
  readonly [stamped]: true
  readonly type: string
  /** The activity as clients see it: JSON text without the opening brace, `id` and `timestamp`. */
  readonly rest: string
  /** Only this user may see it. Undefined: everybody in the conversation. */
  readonly audience: UserId | undefined
}

/** A user's activity: what clients see, and the same as the bot is sent it. */
export type StampedForBot = StampedActivity & {
  /** As `rest`, without what only clients need, and made to fit what bots' SDKs take. */
  readonly botRest: string
}

/** Puts a stamped activity in its place as the bot is sent it, with its recipient and where it may answer. */
export function placedForBot(
  botRest: string,
  id: ActivityId,
  timestampMs: number,
  bot: BotAccount,
  serviceUrl: string,
): string {
  return placed(
    `"serviceUrl":${JSON.stringify(serviceUrl)},"recipient":${JSON.stringify(bot)},${botRest}`,
    id,
    timestampMs,
  )
}

/** The bot's account: the same towards the bot and towards clients (Activity specification A7510). */
export type BotAccount = { readonly id: BotId; readonly name: string }

/** Who sends, by the credential and the activity together. */
export type Sender = { readonly id: UserId; readonly name: string | undefined }

/** Which delivery modes of clients go to the bot. */
export type DeliveryModes = 'none' | 'allButStream' | 'all'

/** The service decides these alone; whatever arrived under their names is dropped. */
const serviceFields = new Set([
  'id',
  'timestamp',
  'serviceUrl',
  'channelId',
  'conversation',
  'from',
  'recipient',
  'callerId',
  'eTag',
  'type',
])

/**
 * Stamps what a client sent. The sender is who the credential says and always a user; nothing in the activity can
 * change that.
 *
 * @param modes which of the client's delivery modes the bot is sent: none, all but `stream`, or that too. `expectReplies`
 *   never: it would take the replies to where the client does not look
 */
export function stampFromUser(
  activity: Activity,
  conversation: ConversationId,
  sender: Sender,
  modes: DeliveryModes,
): StampedForBot {
  const given = activity.from ?? {}
  const from: ChannelAccount = {
    ...given,
    id: sender.id,
    ...(sender.name === undefined ? {} : { name: sender.name }),
    role: 'user',
  }
  const members = [...commonMembers(activity, conversation, from), ...ownMembers(activity, sender.id)]
  const rest = withoutBrace(members)
  const hidden = carriesUserToken(activity)
  return {
    type: activity.type,
    rest: hidden ? withoutBrace(withoutValue(members)) : rest,
    botRest: botRestOf(members, rest, passing(members, modes)),
    audience: undefined,
  } as StampedForBot
}

/** Stamps what a bot sent, by the Connector or in answer to a turn. */
export function stampFromBot(
  activity: Activity,
  conversation: ConversationId,
  bot: BotAccount,
  repliesTo: ActivityId | undefined,
): StampedActivity {
  const given = activity.from ?? {}
  const role = typeof given.role === 'string' && given.role !== '' && given.role !== 'user' ? given.role : 'bot'
  const from: ChannelAccount = { ...given, id: bot.id, name: given.name || bot.name, role }
  const members = commonMembers(activity, conversation, from)
  const suggestion = activity.type === 'suggestion' && typeof activity.recipient?.id === 'string'
  if (suggestion) members.push(['recipient', activity.recipient])
  if (!activity.replyToId && repliesTo !== undefined) members.push(['replyToId', repliesTo])
  return {
    type: activity.type,
    rest: withoutBrace(members),
    audience: suggestion ? activity.recipient?.id : undefined,
  } as StampedActivity
}

/** What stands in the log for an activity that its bot has deleted: an activity of its id that says so. */
export function stampDeletion(conversation: ConversationId, bot: BotAccount): StampedActivity {
  const members = commonMembers({ type: 'messageDelete' }, conversation, { ...bot, role: 'bot' })
  return { type: 'messageDelete', rest: withoutBrace(members), audience: undefined } as StampedActivity
}

/** The conversationUpdate that tells a bot who has joined (Direct Line sends it to bots only, never to clients). */
export function stampJoin(
  conversation: ConversationId,
  added: readonly JsonObject[],
  from: JsonObject,
  locale: string | undefined,
): StampedForBot {
  const members = commonMembers(
    {
      type: 'conversationUpdate',
      ...(locale === undefined ? {} : { locale }),
      membersAdded: added as readonly ChannelAccount[],
    },
    conversation,
    from as ChannelAccount,
  )
  const rest = withoutBrace(members)
  return { type: 'conversationUpdate', rest, botRest: rest, audience: undefined } as StampedForBot
}

/** The audience of what no client is shown: nobody goes by this id. */
export const nobody = userId('')

/**
 * Stamps what only a channel sends, in a person's stead: the bot gets it as it is, with nobody's word taken for it, and
 * no client sees it.
 */
export function stampFromChannel(activity: Activity, conversation: ConversationId, sender: JsonObject): StampedForBot {
  const members = commonMembers(activity, conversation, { ...sender, ...activity.from } as ChannelAccount)
  const all = withoutBrace(members)
  const rest = carriesUserToken(activity) ? withoutBrace(withoutValue(members)) : all
  return { type: activity.type, rest, botRest: botRestOf(members, all), audience: nobody } as StampedForBot
}

/** What the bot was sent of a user's activity that is in the log: its `botRest`. */
export function restOfLogged(logged: JsonObject, modes: DeliveryModes): string {
  const { id: _, timestamp: __, ...rest } = logged
  const members = passing(Object.entries(rest), modes)
  return botRestOf(members, withoutBrace(members))
}

/**
 * What a bot is sent of members: `rest`, their text, where that is the same.
 *
 * @param meant those that are meant for the bot
 */
function botRestOf(members: Members, rest: string, meant: Members = members): string {
  const fitting = fitForBots(meant, rest)
  return fitting === meant && meant.length === members.length ? rest : withoutBrace(fitting)
}

function commonMembers(activity: Activity, conversation: ConversationId, from: ChannelAccount): [string, unknown][] {
  const members: [string, unknown][] = [
    ['type', activity.type],
    ['channelId', channelId],
    ['conversation', { id: conversation }],
    ['from', from],
  ]
  for (const name of Object.keys(activity)) {
    if (serviceFields.has(name)) continue
    const value = activity[name]
    members.push([name, name === 'relatesTo' && isObject(value) ? without(value, 'serviceUrl') : value])
  }
  return members
}

const passing = (members: Members, modes: DeliveryModes): Members =>
  members.filter(([name, value]) => name !== 'deliveryMode' || passes(modes, value))

const passes = (modes: DeliveryModes, mode: unknown): boolean =>
  modes !== 'none' && mode !== 'expectReplies' && (modes === 'all' || mode !== 'stream')

/** A client can announce nobody's coming and going but its own sender's. */
function ownMembers(activity: Activity, sender: UserId): [string, unknown][] {
  const own: [string, unknown][] = []
  for (const name of ['membersAdded', 'membersRemoved'] as const) {
    const members = activity[name]
    if (members) own.push([name, members.filter(member => member.id === sender)])
  }
  return own
}

/** Sign-in invokes carry the user's token: the bot gets it, the log does not. */
const carriesUserToken = (activity: Activity): boolean =>
  activity.type === 'invoke' && typeof activity.name === 'string' && activity.name.toLowerCase().startsWith('signin/')

const withoutValue = (members: Members): Members => members.filter(([name]) => name !== 'value')

/** The members as JSON text without its opening brace. Later members of a name replace earlier ones. */
const withoutBrace = (members: Members): string => JSON.stringify(Object.fromEntries(members)).slice(1)

const without = (object: JsonObject, name: string): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([key]) => key.toLowerCase() !== name.toLowerCase()))
