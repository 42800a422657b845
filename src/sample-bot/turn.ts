/**
 * One activity as the sample bot reads it: the few fields it acts on.
 */

/** What came with a message. */
export type Received = { readonly contentType: string; readonly contentUrl: string | undefined; readonly name: string }

/** An activity sent to the bot. */
export type Turn = {
  readonly type: string
  readonly id: string | undefined
  /** The conversation's id. */
  readonly conversation: string
  /** Where answers go: an http or https URL without a slash at its end. */
  readonly serviceUrl: string
  /** The user's account, as it came. */
  readonly from: unknown
  /** The bot's account, as it came. */
  readonly recipient: unknown
  readonly locale: string | undefined
  readonly text: string | undefined
  readonly name: string | undefined
  readonly value: unknown
  readonly attachments: readonly Received[]
  /** Whether somebody other than the bot has joined. */
  readonly somebodyJoined: boolean
}

type Fields = { readonly [name: string]: unknown }

/** Reads the body of a turn. Undefined for anything that can't be answered. */
export function readTurn(body: string): Turn | undefined {
  const activity = fieldsOf(readJson(body))
  const type = stringOf(activity['type'])
  const conversation = stringOf(fieldsOf(activity['conversation'])['id'])
  const serviceUrl = stringOf(activity['serviceUrl'])
  if (type === undefined || conversation === undefined || serviceUrl === undefined || !isWebAddress(serviceUrl))
    return undefined
  const bot = fieldsOf(activity['recipient'])['id']
  return {
    type,
    id: stringOf(activity['id']),
    conversation,
    serviceUrl: serviceUrl.replace(/\/$/, ''),
    from: activity['from'],
    recipient: activity['recipient'],
    locale: stringOf(activity['locale']),
    text: stringOf(activity['text']),
    name: stringOf(activity['name']),
    value: activity['value'],
    attachments: listOf(activity['attachments']).map(readAttachment),
    somebodyJoined: listOf(activity['membersAdded']).some(member => fieldsOf(member)['id'] !== bot),
  }
}

function readAttachment(attachment: unknown): Received {
  const fields = fieldsOf(attachment)
  return {
    contentType: stringOf(fields['contentType']) ?? 'application/octet-stream',
    contentUrl: stringOf(fields['contentUrl']),
    name: stringOf(fields['name']) ?? 'a file without a name',
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Whoever sent it is answered 400.
    return undefined
  }
}

const isWebAddress = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {})
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const stringOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
