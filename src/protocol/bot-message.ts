/**
 * The message of the Bot Framework's first schema (v1, spring 2016), as such a bot is sent it: what one activity says
 * in the words of that time. What the bot answers is read in `bot-reply.ts`.
 */
import { isObject, type JsonObject, parseOwnJson } from './fields.ts'
import { filledList, objectsIn, partIn, present, textIn } from './optional-fields.ts'

/** What a v1 bot can be told. The schema knows no typing, events, invokes, updates or deletions. */
export type BotMessageType =
  | 'Message'
  | 'BotAddedToConversation'
  | 'UserAddedToConversation'
  | 'UserRemovedFromConversation'
  | 'EndOfConversation'
  | 'DeleteUserData'

/** A person or the bot. On this channel the id that holds across channels and the name on the channel are the same. */
export type MessageAccount = {
  readonly id: string
  readonly address: string
  readonly name?: string
  readonly channelId: 'directline'
  readonly isBot: boolean
}

/** A message for a v1 bot. */
export type BotMessage = {
  readonly type: BotMessageType
  readonly id?: string
  readonly conversationId?: string
  /** ISO 8601 in UTC. */
  readonly created?: string
  readonly language?: string
  readonly text?: string
  readonly from: MessageAccount
  readonly to: MessageAccount
  readonly replyToMessageId?: string
  readonly participants: readonly MessageAccount[]
  readonly totalParticipants: number
  readonly channelMessageId?: string
  readonly channelConversationId?: string
  readonly channelData?: unknown
  readonly attachments?: readonly JsonObject[]
  readonly mentions?: readonly { readonly mentioned?: MessageAccount; readonly text?: string }[]
  readonly place?: string
  readonly location?: JsonObject
} & Bags

/**
 * What a v1 bot has the service keep for it and gets back with the next message: the SDK of the time holds its whole
 * dialog stack in it.
 */
export type Bags = {
  /** Of a user, in all conversations. */
  readonly botUserData?: JsonObject
  /** Of a conversation. */
  readonly botConversationData?: JsonObject
  /** Of a user in a conversation. */
  readonly botPerUserInConversationData?: JsonObject
}

/** What is known beside the activity. */
export type BotMessageContext = {
  /** The bot's own account. */
  readonly bot: { readonly id: string; readonly name: string }
  /** What is kept for the activity's sender in its conversation. */
  readonly bags: Bags
}

/** The service itself, as the sender of what nobody said. */
export const serviceAddress = '$service$'

/**
 * What a v1 bot is sent for one activity, one message after the other, each a turn of its own: none for what the
 * schema has no word for, two for a start that names the bot and its user, the bot first. Every message carries the
 * context's bags; a bot may change them in the first of two turns, so take them anew for the second by `withBags`.
 *
 * @param activity as it would be sent to a v3 bot: as its text, which is JSON we have written ourselves, or parsed
 */
export function botMessagesOf(activity: string | JsonObject, context: BotMessageContext): readonly BotMessage[] {
  const parsed: unknown = typeof activity === 'string' ? parseOwnJson(activity) : activity
  if (!isObject(parsed)) return []
  const message = (type: BotMessageType, from = account(partIn(parsed, 'from'), false)) =>
    withBags(botMessage(parsed, type, from, account(context.bot, true)), context.bags)
  switch (parsed['type']) {
    case 'message':
      return [message('Message')]
    case 'conversationUpdate': {
      const added = objectsIn(parsed, 'membersAdded')
      const removed = objectsIn(parsed, 'membersRemoved')
      const isPerson = (member: JsonObject) => member['id'] !== context.bot.id
      return [
        ...(added.every(isPerson) ? [] : [message('BotAddedToConversation', account({ id: serviceAddress }, false))]),
        ...added.filter(isPerson).map(member => message('UserAddedToConversation', account(member, false))),
        ...removed.filter(isPerson).map(member => message('UserRemovedFromConversation', account(member, false))),
      ]
    }
    case 'endOfConversation':
      return [message('EndOfConversation')]
    case 'deleteUserData':
      return [message('DeleteUserData')]
    default:
      return []
  }
}

/** What a bot has said, as it is told what has been kept of it. */
export type KeptMessage = Omit<BotMessage, 'to' | keyof Bags> & {
  /** Absent where nobody in particular is meant. */
  readonly to?: MessageAccount
}

/**
 * What a bot has said, in the schema's words again; undefined for what the schema has no word for.
 *
 * @param activity one of the log: as its text, which is JSON we have written ourselves, or parsed
 * @param to whom it is meant for
 */
export function keptMessageOf(
  activity: string | JsonObject,
  to: { readonly id: string; readonly name: string | undefined } | undefined,
): KeptMessage | undefined {
  const parsed: unknown = typeof activity === 'string' ? parseOwnJson(activity) : activity
  if (!isObject(parsed)) return undefined
  const type = keptTypes.get(textIn(parsed, 'type') ?? '')
  if (type === undefined) return undefined
  return botMessage(parsed, type, account(partIn(parsed, 'from'), true), to === undefined ? to : account(to, false))
}

/** The types a bot can say. */
const keptTypes: ReadonlyMap<string, BotMessageType> = new Map([
  ['message', 'Message'],
  ['endOfConversation', 'EndOfConversation'],
])

/**
 * The message with these bags in place of its own. Empty ones are left out, and those of a user where the service
 * itself is the sender.
 */
export function withBags(message: BotMessage, bags: Bags): BotMessage {
  const ofUser = message.from.id !== serviceAddress
  return present({
    ...message,
    botUserData: ofUser ? filledBag(bags.botUserData) : undefined,
    botConversationData: filledBag(bags.botConversationData),
    botPerUserInConversationData: ofUser ? filledBag(bags.botPerUserInConversationData) : undefined,
  })
}

const filledBag = (bag: JsonObject | undefined): JsonObject | undefined =>
  bag === undefined || Object.keys(bag).length === 0 ? undefined : bag

function botMessage<To extends MessageAccount | undefined>(
  activity: JsonObject,
  type: BotMessageType,
  from: MessageAccount,
  to: To,
) {
  const id = textIn(activity, 'id')
  const conversation = textIn(partIn(activity, 'conversation'), 'id')
  const entities = objectsIn(activity, 'entities')
  return present({
    type,
    id,
    conversationId: conversation,
    created: textIn(activity, 'timestamp'),
    language: textIn(activity, 'locale'),
    text: typeof activity['text'] === 'string' ? activity['text'] : textWhereNone(type),
    from,
    to,
    replyToMessageId: textIn(activity, 'replyToId'),
    participants: to === undefined ? [from] : [from, to],
    totalParticipants: 2,
    channelMessageId: id,
    channelConversationId: conversation,
    channelData: activity['channelData'] ?? undefined,
    attachments: filledList(objectsIn(activity, 'attachments').map(attachmentOf)),
    mentions: filledList(entities.filter(isEntity('mention')).map(mentionOf)),
    place: placeOf(entities.find(isEntity('Place'))),
    location: locationOf(entities.find(isEntity('GeoCoordinates'))),
  })
}

/** The SDK's prompts and commands call string methods on a user's text, also where a user has sent only a picture. */
const textWhereNone = (type: BotMessageType): string | undefined => (type === 'Message' ? '' : undefined)

function account(given: JsonObject, isBot: boolean): MessageAccount {
  const id = textIn(given, 'id') ?? ''
  return present({ id, address: id, name: textIn(given, 'name'), channelId: 'directline' as const, isBot })
}

/** v3 cards pass as they are: the schema's own card fields can't hold them, and no bot expects cards from a user. */
const attachmentOf = (attachment: JsonObject): JsonObject =>
  present({
    contentType: textIn(attachment, 'contentType'),
    contentUrl: textIn(attachment, 'contentUrl'),
    content: attachment['content'] ?? undefined,
  })

function mentionOf(entity: JsonObject) {
  const mentioned = entity['mentioned']
  return present({
    mentioned: isObject(mentioned) ? account(mentioned, mentioned['role'] === 'bot') : undefined,
    text: textIn(entity, 'text'),
  })
}

/** A place is only its name here. Web maps write an address instead where a place has no name. */
const placeOf = (entity: JsonObject | undefined): string | undefined =>
  entity === undefined ? undefined : (textIn(entity, 'name') ?? textIn(entity, 'address'))

function locationOf(entity: JsonObject | undefined): JsonObject | undefined {
  if (entity === undefined) return undefined
  return present({
    altitude: numberIn(entity, 'elevation'),
    latitude: numberIn(entity, 'latitude'),
    longitude: numberIn(entity, 'longitude'),
    name: textIn(entity, 'name'),
  })
}

const isEntity = (type: string) => (entity: JsonObject) => textIn(entity, 'type')?.toLowerCase() === type.toLowerCase()

function numberIn(object: JsonObject, name: string): number | undefined {
  const value = object[name]
  return typeof value === 'number' ? value : undefined
}
