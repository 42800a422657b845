/**
 * What a bot of the first schema (v1, spring 2016) says, as an activity: in the body of its answer to a turn, or in a
 * message it posts later. The bags it wants kept come with it.
 */
import { type Activity, parseActivity } from './activity.ts'
import type { Attachment } from './attachment.ts'
import type { Bags, BotMessage } from './bot-message.ts'
import { ProtocolError } from './errors.ts'
import { isObject, type JsonObject } from './fields.ts'
import { imageTypeOf, isImageType } from './media-url.ts'
import {
  filledList,
  filledText,
  listedObjects,
  optionalField,
  optionalNumber,
  optionalObject,
  optionalString,
  present,
} from './optional-fields.ts'

/** What a v1 bot has said. */
export type BotReply = {
  /** What it has to say to the conversation; undefined if nothing. */
  readonly activity: Activity | undefined
  /** Only the bags to be replaced are there; `{}` empties one. */
  readonly bags: Bags
  /** The conversation it names. An inline answer names none as a rule. */
  readonly conversation: string | undefined
  /** Whom it answers, and so whose bags it means. An inline answer names nobody as a rule. */
  readonly user: string | undefined
  /** The id of the message it says it answers. */
  readonly repliesTo: string | undefined
}

/**
 * Reads what a v1 bot has answered or posted. Nothing at all, an empty object and one without content are no activity;
 * the SDK of the time answers so, and sends only text, language and bags otherwise. `from`, `to`, ids, times and
 * participants are ignored: the service knows them. Names match whatever their case, `null` is the same as nothing.
 *
 * An answer to a system message counts only if it has text, which is said to the conversation whether the bot repeats
 * the system message's type, as its SDK does, or not. Other types than Message and EndOfConversation are ignored.
 *
 * @param inReplyTo the message whose turn this answers; undefined for what the bot posts by itself
 * @throws ProtocolError `MalformedBody` for a wrong type, `Unacceptable` beyond the limits of an activity
 */
export function readBotReply(value: unknown, inReplyTo: Pick<BotMessage, 'id' | 'type'> | undefined): BotReply {
  const message = value ?? {}
  if (!isObject(message)) throw new ProtocolError('MalformedBody', 'A message is a JSON object.')
  return {
    activity: activityOf(message, inReplyTo),
    bags: present({
      botUserData: optionalObject(message, 'botUserData'),
      botConversationData: optionalObject(message, 'botConversationData'),
      botPerUserInConversationData: optionalObject(message, 'botPerUserInConversationData'),
    }),
    conversation: someString(message, 'conversationId') ?? someString(message, 'channelConversationId'),
    user: accountId(optionalObject(message, 'to') ?? {}),
    repliesTo: someString(message, 'replyToMessageId'),
  }
}

function activityOf(message: JsonObject, inReplyTo: Pick<BotMessage, 'id' | 'type'> | undefined): Activity | undefined {
  const content = {
    text: someString(message, 'text'),
    channelData: optionalField(message, 'channelData'),
    attachments: filledList(listedObjects(message, 'attachments').flatMap(attachmentsOf)),
    entities: filledList(entitiesOf(message)),
  }
  const type = activityType(someString(message, 'type'), inReplyTo?.type)
  const isEmpty = Object.values(content).every(part => part === undefined)
  const needsText = inReplyTo !== undefined && inReplyTo.type !== 'Message'
  if (type === undefined || (type === 'message' && isEmpty)) return undefined
  if (needsText && content.text === undefined) return undefined
  return parseActivity(
    present({
      type,
      ...content,
      textFormat: content.text === undefined ? undefined : 'markdown',
      locale: someString(message, 'language'),
      replyToId: someString(message, 'replyToMessageId') ?? inReplyTo?.id,
    }),
  )
}

function activityType(type = 'Message', answered: string | undefined): 'message' | 'endOfConversation' | undefined {
  const isType = (other: string | undefined) => type.toLowerCase() === other?.toLowerCase()
  if (isType('Message') || isType(answered)) return 'message'
  return isType('EndOfConversation') ? 'endOfConversation' : undefined
}

/**
 * A file stays a file. An entry with any of the schema's card fields becomes a hero card, which every client shows;
 * what its `contentUrl` leads to is the card's picture, or a file before the card.
 */
function attachmentsOf(entry: JsonObject): readonly Attachment[] {
  const contentType = someString(entry, 'contentType')
  const contentUrl = someString(entry, 'contentUrl')
  const content = optionalField(entry, 'content')
  const isImage = contentUrl !== undefined && isImageType(contentType ?? imageTypeOf(contentUrl) ?? '')
  const card = heroCard(entry, isImage ? contentUrl : undefined)
  const isFile = content !== undefined || (contentUrl !== undefined && !(card !== undefined && isImage))
  return [
    ...(isFile ? [present({ contentType, contentUrl, content })] : []),
    ...(card === undefined ? [] : [{ contentType: 'application/vnd.microsoft.card.hero', content: card }]),
  ]
}

/** Undefined for an entry without card fields. `fallbackText` is none of a hero card's, and clients of cards pass over it. */
function heroCard(entry: JsonObject, image: string | undefined): JsonObject | undefined {
  const title = someString(entry, 'title')
  const text = someString(entry, 'text')
  const titleLink = someString(entry, 'titleLink')
  const thumbnailUrl = someString(entry, 'thumbnailUrl')
  const fallbackText = someString(entry, 'fallbackText')
  const buttons = filledList(listedObjects(entry, 'actions').flatMap(buttonsOf))
  if ([title, text, titleLink, thumbnailUrl, fallbackText, buttons].every(field => field === undefined))
    return undefined
  const picture = thumbnailUrl ?? image
  return present({
    title,
    text,
    images: picture === undefined ? undefined : [{ url: picture }],
    tap: titleLink === undefined ? undefined : { type: 'openUrl', value: titleLink },
    buttons,
    fallbackText,
  })
}

/** An action's message is sent as if typed. One that only has a title says its title. */
function buttonsOf(action: JsonObject): readonly JsonObject[] {
  const title = someString(action, 'title')
  const message = someString(action, 'message')
  const url = someString(action, 'url')
  const value = message ?? url ?? title
  if (value === undefined) return []
  const type = message === undefined && url !== undefined ? 'openUrl' : 'imBack'
  return [present({ type, title, image: someString(action, 'image'), value })]
}

function entitiesOf(message: JsonObject): readonly JsonObject[] {
  const place = someString(message, 'place')
  const location = optionalObject(message, 'location')
  return [
    ...listedObjects(message, 'mentions').map(mentionEntity),
    ...(place === undefined ? [] : [{ type: 'Place', name: place }]),
    ...(location === undefined ? [] : [coordinatesEntity(location)]),
  ]
}

function mentionEntity(mention: JsonObject): JsonObject {
  const mentioned = optionalObject(mention, 'mentioned')
  return present({
    type: 'mention',
    mentioned: mentioned && present({ id: accountId(mentioned), name: someString(mentioned, 'name') }),
    text: someString(mention, 'text'),
  })
}

const coordinatesEntity = (location: JsonObject): JsonObject =>
  present({
    type: 'GeoCoordinates',
    elevation: optionalNumber(location, 'altitude'),
    latitude: optionalNumber(location, 'latitude'),
    longitude: optionalNumber(location, 'longitude'),
    name: someString(location, 'name'),
  })

/** `address` is the name on the channel, which is all that some bots fill in. */
const accountId = (account: JsonObject): string | undefined =>
  someString(account, 'id') ?? someString(account, 'address')

/** Text that is not empty: bots of the time write `""` where they have nothing. */
const someString = (object: JsonObject, name: string): string | undefined => filledText(optionalString(object, name))
