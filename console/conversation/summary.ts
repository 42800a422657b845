/**
 * An activity in a line: what there is to see in it, for lists.
 */
import type { LogRecord, TurnBody } from '../../src/protocol/admin-conversations.ts'

/** An activity as the admin API has it: anything may be in it. */
export type Activity = LogRecord['activity']

/** How much of a text stands in a line: characters. */
const charactersMax = 200

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Activity)[name] : undefined

const short = (line: string): string => {
  const flat = line.replace(/\s+/g, ' ').trim()
  return flat.length <= charactersMax ? flat : `${flat.slice(0, charactersMax)}…`
}

/** The type, as a list shows it. */
export const typeOf = (activity: Activity): string => text(activity['type']) || 'nothing'

/** The id, or an empty text. */
export const idOf = (activity: Activity): string => text(activity['id'])

/** Whether an activity is a trace: meant for people who look in, and shown to nobody else. */
export const isTrace = (activity: Activity): boolean => typeOf(activity) === 'trace'

/** What an activity says, does or carries: its text, its cards, the name of an event, who joined. */
export function summaryOf(activity: Activity): string {
  const parts = [text(activity['text']), ...attachmentsOf(activity), ...more(activity)].filter(part => part !== '')
  return short(parts.join(' · '))
}

/** Names of what is attached: `card: AdaptiveCard`, a file's name, or how many there are. */
export function attachmentsOf(activity: Activity): readonly string[] {
  const attachments = list(activity['attachments'])
  if (attachments.length > 2) return [`${attachments.length} attachments`]
  return attachments.map(attachment => {
    const type = text(field(attachment, 'contentType'))
    const card = /^application\/vnd\.microsoft\.(?:card|keyboard)\.(\w+)|^application\/vnd\.microsoft\.(\w+card)/i.exec(
      type,
    )
    if (card !== null) return `card: ${cardName(card[1] ?? card[2] ?? '')}`
    return text(field(attachment, 'name')) || type || 'attachment'
  })
}

const cardName = (kind: string): string => {
  const name = kind.charAt(0).toUpperCase() + kind.slice(1)
  return /card$/i.test(name) ? name : `${name}Card`
}

/** Titles of suggested actions. */
export const suggestionsOf = (activity: Activity): readonly string[] =>
  list(field(activity['suggestedActions'], 'actions')).map(
    action => text(field(action, 'title')) || text(field(action, 'value')),
  )

function more(activity: Activity): readonly string[] {
  const type = typeOf(activity)
  const suggestions = suggestionsOf(activity)
  const members = (name: string) =>
    list(activity[name]).map(member => text(field(member, 'name')) || text(field(member, 'id')))
  const [added, removed] = [members('membersAdded'), members('membersRemoved')]
  return [
    type === 'message' && activity['text'] === undefined && activity['value'] !== undefined
      ? JSON.stringify(activity['value'])
      : '',
    suggestions.length > 0 ? `[${suggestions.join('] [')}]` : '',
    type === 'event' || type === 'invoke' || type === 'trace' ? text(activity['name']) || text(activity['label']) : '',
    added.length > 0 ? `${added.join(', ')} joined` : '',
    removed.length > 0 ? `${removed.join(', ')} left` : '',
    type === 'endOfConversation' ? text(activity['code']) : '',
  ]
}

/** Whether the bot took a turn; undefined while nobody knows. */
export const isFailed = ({ outcome }: TurnBody): boolean => outcome !== 'ok' && outcome !== 'running'

/** What came of a turn, in a word or a status. */
export function outcomeOf({ outcome, status }: TurnBody): string {
  if (status !== undefined) return String(status)
  if (outcome === 'running') return '…'
  return outcome
}

/** The arrow and the word of a direction. */
export const directions = { toBot: '→ bot', fromBot: '← bot', channel: '· channel' } as const
