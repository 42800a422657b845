/**
 * The message of Direct Line 1.1, both ways: what a client sends becomes an activity, and an activity of the log
 * becomes the message a client reads. Its schema is closed: nothing is ever added to it.
 */
import type { Activity } from './activity.ts'
import { readDataUrl, unknownMediaType } from './attachment.ts'
import { type FileLink, plainContentOf } from './card-text.ts'
import { ProtocolError } from './errors.ts'
import { isObject, type JsonObject, parseJson, parseOwnJson } from './fields.ts'
import { activityCharactersMax, attachmentsMax, idCharactersMax } from './limits.ts'
import { absoluteUrl, imageTypeOf } from './media-url.ts'
import {
  filledList,
  filledText,
  listedObjects,
  listedStrings,
  optionalField,
  optionalString,
  partIn,
  present,
  textIn,
} from './optional-fields.ts'

/** What a client has sent, checked. What the service decides itself (id, time, conversation) is not in it. */
export type ClientMessage = {
  /** Who says it speaks. The API asks for a stable id; clients leave it out. */
  readonly from: string | undefined
  readonly text: string | undefined
  /** Any JSON but `null`. */
  readonly channelData: unknown
  /** URLs of pictures, relative ones as they came. */
  readonly images: readonly string[]
  /** Other files, with a type each; relative URLs as they came. */
  readonly attachments: readonly FileLink[]
}

/** A message as clients read it. `text` is always there, because a shipped client calls string methods on it. */
export type Message = {
  /** The activity's own id: the two APIs name the same thing alike. */
  readonly id: string
  readonly conversationId: string
  /** ISO 8601 in UTC. */
  readonly created: string
  readonly from: string
  readonly text: string
  readonly channelData?: unknown
  /** URLs of pictures; absent if there are none. */
  readonly images?: readonly string[]
  /** Files that are not pictures; absent if there are none. */
  readonly attachments?: readonly FileLink[]
}

/** How a message is looked at. */
type Reading = {
  /** Takes a message that says nothing: one that comes in an upload with files beside it. */
  readonly allowEmpty?: boolean
}

/**
 * Reads the text of one message, in the limits of an activity.
 *
 * @throws ProtocolError `MissingProperty` for no body, `MalformedBody` for what is not JSON, `TooLarge`, `Unacceptable`
 * for JSON out of bounds, and what `parseMessage` throws
 */
export function parseMessageText(text: string, reading: Reading = {}): ClientMessage {
  if (text.length > activityCharactersMax)
    throw new ProtocolError('TooLarge', `A message may have ${activityCharactersMax} characters.`)
  if (text.trim() === '') return parseMessage(undefined, reading)
  let value: unknown
  try {
    value = parseJson(text)
  } catch (cause) {
    if (cause instanceof ProtocolError) throw cause
    throw new ProtocolError('MalformedBody', 'The body is not JSON.', { cause })
  }
  return parseMessage(value, reading)
}

/**
 * Checks a message of a client. Names match whatever their case, as clients of 2016 write `Text` and `From`; `null` is
 * the same as nothing; fields the API does not know are dropped. `from` may be an account with an `id`, as in activities.
 *
 * @throws ProtocolError `MalformedBody` for a wrong type, `MissingProperty` for a message that says nothing or an
 * attachment without `url`, `Unacceptable` beyond a limit
 */
export function parseMessage(value: unknown, { allowEmpty = false }: Reading = {}): ClientMessage {
  if ((value === undefined || value === null) && !allowEmpty)
    throw new ProtocolError('MissingProperty', 'A message is missing in the body.')
  const body = value ?? {}
  if (!isObject(body)) throw new ProtocolError('MalformedBody', 'A message is a JSON object.')
  const message: ClientMessage = {
    from: senderOf(body),
    text: optionalString(body, 'text'),
    channelData: optionalField(body, 'channelData'),
    images: listedStrings(body, 'images').filter(url => url !== ''),
    attachments: listedObjects(body, 'attachments').map(fileLink),
  }
  if (message.images.length + message.attachments.length > attachmentsMax)
    throw new ProtocolError('Unacceptable', `A message may have ${attachmentsMax} images and attachments.`)
  if (!allowEmpty && saysNothing(message)) {
    const expected = "'text', 'images', 'attachments' or 'channelData'"
    throw new ProtocolError('MissingProperty', `A message needs one of ${expected}.`)
  }
  return message
}

function senderOf(body: JsonObject): string | undefined {
  const given = optionalField(body, 'from')
  const id = isObject(given) ? optionalString(given, 'id') : optionalString(body, 'from')
  if (id !== undefined && id.length > idCharactersMax)
    throw new ProtocolError('Unacceptable', `'from' may have ${idCharactersMax} characters.`)
  return filledText(id)
}

function fileLink(attachment: JsonObject): FileLink {
  const url = filledText(optionalString(attachment, 'url'))
  if (url === undefined) throw new ProtocolError('MissingProperty', "An attachment needs a 'url'.")
  return { url, contentType: filledText(optionalString(attachment, 'contentType')) ?? unknownMediaType }
}

/** An empty text is something said; an empty list is not. */
const saysNothing = ({ text, channelData, images, attachments }: ClientMessage): boolean =>
  text === undefined && channelData === undefined && images.length === 0 && attachments.length === 0

/**
 * The activity a client's message stands for, pictures before other files. 1.1 gives a picture no type, so its URL
 * tells it; `image/*` says that it is one whose kind is not known.
 *
 * @param publicUrl what relative URLs are resolved against: our own address
 */
export function activityOfMessage(message: ClientMessage, publicUrl: string): Activity {
  const images = message.images.map(image => {
    const contentUrl = absoluteUrl(image, publicUrl)
    return { contentType: typeOfImage(contentUrl), contentUrl }
  })
  const files = message.attachments.map(({ url, contentType }) => ({
    contentType,
    contentUrl: absoluteUrl(url, publicUrl),
  }))
  return present({
    type: 'message',
    from: message.from === undefined ? undefined : { id: message.from },
    text: message.text,
    channelData: message.channelData,
    attachments: filledList([...images, ...files]),
  })
}

const typeOfImage = (url: string): string => readDataUrl(url)?.mediaType ?? imageTypeOf(url) ?? 'image/*'

/**
 * An activity as a client of 1.1 reads it; undefined for everything but messages, which are all that 1.1 knows.
 * `channelData` passes untouched: it is how bots send such clients what the schema has no field for.
 *
 * @param activity one of the log: as its text, which is JSON we have written ourselves, or parsed
 */
export function messageOfActivity(activity: string | JsonObject): Message | undefined {
  const parsed: unknown = typeof activity === 'string' ? parseOwnJson(activity) : activity
  if (!isObject(parsed) || parsed['type'] !== 'message') return undefined
  const { text, images, attachments } = plainContentOf(parsed)
  return present({
    id: textIn(parsed, 'id') ?? '',
    conversationId: textIn(partIn(parsed, 'conversation'), 'id') ?? '',
    created: textIn(parsed, 'timestamp') ?? '',
    from: textIn(partIn(parsed, 'from'), 'id') ?? '',
    text,
    channelData: parsed['channelData'] ?? undefined,
    images: filledList(images),
    attachments: filledList(attachments),
  })
}
