/**
 * An activity as a terminal shows it: cards as text, buttons with numbers, and the message that choosing one sends.
 */
import { plainContentOf } from '../protocol/card-text.ts'
import { isObject, type JsonObject } from '../protocol/fields.ts'
import { objectsIn, partIn } from '../protocol/optional-fields.ts'
import { plain } from './output.ts'

/** What a number stands for: something to send, or an address to open. */
export type Choice = { readonly send: JsonObject } | { readonly open: string }

/** Longer addresses, such as pictures that are in them, are cut: characters. */
const addressCharactersMax = 200

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** An activity in lines; `''` for what a person does not see, such as typing. */
export function chatText(activity: JsonObject): string {
  const type = textOf(activity['type'])
  if (type === 'typing' || type === 'conversationUpdate') return ''
  if (type === 'event') return `[event ${plain(textOf(activity['name']))}]`
  if (type === 'endOfConversation')
    return ['[the conversation is over]', plain(textOf(activity['text']))].join(' ').trim()
  if (type !== 'message') return `[${plain(type)}]`
  const { text, images, attachments } = plainContentOf(activity)
  return [
    plain(text),
    ...images.map(url => `[picture ${address(url)}]`),
    ...attachments.map(({ url, contentType }) => `[file ${plain(contentType)} ${address(url)}]`),
  ]
    .filter(line => line !== '')
    .join('\n')
}

function address(url: string): string {
  const shown = plain(url)
  return shown.length > addressCharactersMax ? `${shown.slice(0, addressCharactersMax)}…` : shown
}

/** What the numbers stand for that `chatText` shows beside the buttons of a message: the first is number 1. */
export function choicesOf(activity: JsonObject): readonly Choice[] {
  const inCards = objectsIn(activity, 'attachments').flatMap(attachment => {
    const { content } = attachment
    const isPlainCard = !textOf(attachment['contentType']).toLowerCase().includes('adaptive')
    return isObject(content) && isPlainCard ? objectsIn(content, 'buttons') : []
  })
  return [...inCards, ...objectsIn(partIn(activity, 'suggestedActions'), 'actions')]
    .filter(button => (textOf(button['title']) || textOf(button['value'])) !== '')
    .map(choiceOf)
}

function choiceOf(button: JsonObject): Choice {
  const { value } = button
  const title = textOf(button['title'])
  const text = textOf(value) || title
  switch (textOf(button['type']).toLowerCase()) {
    case 'imback':
    case '':
      return { send: { type: 'message', text } }
    case 'postback':
      return { send: typeof value === 'string' ? { type: 'message', text: value } : { type: 'message', value } }
    case 'messageback':
      return { send: { type: 'message', text: textOf(button['text']) || title, value } }
    default:
      return { open: plain(textOf(value)) }
  }
}
