/**
 * An activity as it arrives, checked once: the fields the service relies on have their type, every other field is
 * carried untouched.
 */
import type { Attachment } from './attachment.ts'
import { ProtocolError } from './errors.ts'
import { isObject, type JsonObject, namesByLowerCase, parseJson, withCanonicalNames } from './fields.ts'
import type { ActivityId } from './ids.ts'
import { activityCharactersMax, attachmentsMax, idCharactersMax, wordCharactersMax } from './limits.ts'

/** The channel as bots and clients are told it: SDKs and Web Chat treat any other value differently. */
export const channelId = 'directline'

/** Who sends or receives. */
export type ChannelAccount = {
  readonly id?: string | null
  readonly name?: string | null
  readonly role?: string | null
  readonly [name: string]: unknown
}

/** An activity that has passed `parseActivity`. */
export type Activity = {
  readonly type: string
  readonly id?: string | null
  readonly from?: ChannelAccount | null
  readonly recipient?: ChannelAccount | null
  readonly replyToId?: string | null
  readonly name?: string | null
  readonly text?: string | null
  readonly locale?: string | null
  readonly deliveryMode?: string | null
  readonly attachments?: readonly Attachment[] | null
  readonly membersAdded?: readonly ChannelAccount[] | null
  readonly membersRemoved?: readonly ChannelAccount[] | null
  readonly channelData?: unknown
  readonly [name: string]: unknown
}

const strings = [
  'textFormat',
  'attachmentLayout',
  'topicName',
  'locale',
  'text',
  'speak',
  'inputHint',
  'summary',
  'localTimestamp',
  'localTimezone',
  'replyToId',
  'label',
  'valueType',
  'name',
  'code',
  'expiration',
  'importance',
  'deliveryMode',
  'action',
] as const
const lists = [
  'attachments',
  'membersAdded',
  'membersRemoved',
  'reactionsAdded',
  'reactionsRemoved',
  'entities',
  'textHighlights',
] as const
const objects = ['from', 'recipient', 'conversation', 'suggestedActions', 'relatesTo', 'semanticAction'] as const
/** Fields whose value may be anything, or that the service always sets itself. */
const others = [
  'type',
  'id',
  'timestamp',
  'channelId',
  'serviceUrl',
  'callerId',
  'historyDisclosed',
  'channelData',
  'value',
  'listenFor',
  'eTag',
] as const

/** The fields of an activity that mean something to somebody but its application, by their names in lower case. */
export const activityNames = namesByLowerCase([...strings, ...lists, ...objects, ...others])
const accountNames = namesByLowerCase(['id', 'name', 'role', 'aadObjectId'])
const attachmentNames = namesByLowerCase(['contentType', 'contentUrl', 'content', 'name', 'thumbnailUrl'])

/** Parts that are objects, and lists of objects, whose names have one spelling too. */
const accountParts = ['from', 'recipient', 'conversation'] as const
const listParts = [
  ['attachments', attachmentNames],
  ['membersAdded', accountNames],
  ['membersRemoved', accountNames],
] as const
const memberLists = ['membersAdded', 'membersRemoved'] as const
const accountFields = ['id', 'name', 'role'] as const
const attachmentStrings = ['contentType', 'contentUrl', 'name', 'thumbnailUrl'] as const

/**
 * Reads the text of one activity.
 *
 * @throws ProtocolError `UnreadableActivity` for what is missing or not JSON, `TooLarge`, and what `parseActivity` throws.
 */
export function parseActivityText(text: string, charactersMax: number = activityCharactersMax): Activity {
  if (text.length > charactersMax)
    throw new ProtocolError('TooLarge', `An activity may have ${charactersMax} characters.`)
  let value: unknown
  try {
    value = parseJson(text)
  } catch (cause) {
    if (cause instanceof ProtocolError) throw cause
    throw new ProtocolError('UnreadableActivity', 'Invalid or missing activities in HTTP body.', { cause })
  }
  if (value === null) throw new ProtocolError('UnreadableActivity', 'Invalid or missing activities in HTTP body.')
  return parseActivity(value)
}

/**
 * Refuses an activity that is longer than may be where it was one of several things in a text.
 *
 * @param text what it was read from: nothing in a short text is too long, and is not measured
 * @throws ProtocolError `TooLarge`
 */
export function refuseLong(activity: Activity, text: string): void {
  if (text.length > activityCharactersMax && JSON.stringify(activity).length > activityCharactersMax)
    throw new ProtocolError('TooLarge', `An activity may have ${activityCharactersMax} characters.`)
}

/**
 * Checks one activity. Names of known fields are put into their one spelling, whatever their case (Activity
 * specification A2002); nothing inside `channelData`, `value`, `entities` or a card's `content` is touched.
 *
 * @throws ProtocolError `MalformedBody` for a wrong type, `MissingProperty` without `type`, `Unacceptable` for a
 * field beyond its limit.
 */
export function parseActivity(value: unknown): Activity {
  if (!isObject(value)) throw new ProtocolError('MalformedBody', 'An activity is a JSON object.')
  const activity = withCanonicalParts(withCanonicalNames(value, activityNames))
  const type = activity['type']
  if (type === undefined || type === null || type === '')
    throw new ProtocolError('MissingProperty', "Missing 'Activity.Type' field.")
  if (typeof type !== 'string') throw wrongType('type', 'a string')
  atMost('type', type, wordCharactersMax)
  for (const name of strings) string(activity[name], name)
  for (const name of objects) object(activity[name], name)
  for (const name of lists) list(activity[name], name)
  atMost('locale', activity['locale'], wordCharactersMax)
  account(activity['from'], 'from')
  account(activity['recipient'], 'recipient')
  attachments(activity['attachments'])
  for (const name of memberLists) for (const member of (activity[name] ?? []) as unknown[]) account(member, name)
  return activity as Activity
}

/** Nearly always all names are spelt as they should be: then nothing is copied. */
function withCanonicalParts(activity: JsonObject): JsonObject {
  let canonical = activity
  for (const name of accountParts) {
    const part = activity[name]
    if (!isObject(part)) continue
    const renewed = withCanonicalNames(part, accountNames)
    if (renewed !== part) canonical = { ...canonical, [name]: renewed }
  }
  for (const [name, names] of listParts) {
    const part = activity[name]
    if (!Array.isArray(part)) continue
    const renewed = part.map(item => (isObject(item) ? withCanonicalNames(item, names) : item))
    if (renewed.some((item, at) => item !== part[at])) canonical = { ...canonical, [name]: renewed }
  }
  return canonical
}

const wrongType = (name: string, expected: string) =>
  new ProtocolError('MalformedBody', `'${name}' must be ${expected}.`)

function string(value: unknown, name: string): void {
  if (value !== undefined && value !== null && typeof value !== 'string') throw wrongType(name, 'a string')
}

function object(value: unknown, name: string): void {
  if (value !== undefined && value !== null && !isObject(value)) throw wrongType(name, 'an object')
}

function list(value: unknown, name: string): void {
  if (value === undefined || value === null) return
  if (!Array.isArray(value)) throw wrongType(name, 'a list')
  for (const item of value) if (!isObject(item)) throw wrongType(name, 'a list of objects')
}

function account(value: unknown, name: string): void {
  if (!isObject(value)) return
  for (const field of accountFields) {
    const given = value[field]
    if (given === undefined) continue
    string(given, `${name}.${field}`)
    atMost(`${name}.${field}`, given, idCharactersMax)
  }
}

function attachments(value: unknown): void {
  if (!Array.isArray(value)) return
  if (value.length > attachmentsMax)
    throw new ProtocolError('Unacceptable', `An activity may have ${attachmentsMax} attachments.`)
  for (const attachment of value as JsonObject[]) {
    for (const field of attachmentStrings) string(attachment[field], `attachments.${field}`)
  }
}

/** Checks a text field against its limit. @throws ProtocolError `Unacceptable` if it is longer. */
function atMost(name: string, value: unknown, max: number): void {
  if (typeof value === 'string' && value.length > max)
    throw new ProtocolError('Unacceptable', `'${name}' may have ${max} characters.`)
}

/**
 * The key a client repeats when it sends the same activity again: `channelData.clientActivityID`, as DirectLineJS
 * and Web Chat set it. @throws ProtocolError `Unacceptable` if it is too long to keep.
 */
export function clientActivityId(activity: Activity): string | undefined {
  if (!isObject(activity.channelData)) return undefined
  const key = activity.channelData['clientActivityID']
  if (typeof key !== 'string' || key === '') return undefined
  atMost('channelData.clientActivityID', key, idCharactersMax)
  return key
}

/**
 * An activity in its place: the JSON text that is stored, shown and relayed.
 *
 * @param rest the activity's JSON text without the opening brace, `id` and `timestamp`
 * @param timestampMs milliseconds since 1970
 */
export function placed(rest: string, id: ActivityId, timestampMs: number): string {
  return `{"id":${JSON.stringify(id)},"timestamp":"${new Date(timestampMs).toISOString()}",${rest}`
}
