/**
 * An activity for eyes that know no cards: its text, its pictures and its files. A Direct Line 1.1 message has fields
 * for these and nothing else, so cards and suggested actions are told in words.
 *
 * What is read here may be any JSON: bots put into cards what they like, and a card that is not understood must not
 * keep a client from reading the rest of the conversation.
 */
import { readMediaType, unknownMediaType } from './attachment.ts'
import { isObject, type JsonObject } from './fields.ts'
import { jsonDepthMax } from './limits.ts'
import { isImageType, mediaTypeOf } from './media-url.ts'
import { objectsIn, partIn } from './optional-fields.ts'

/** A file by its address, as Direct Line 1.1 lists it. */
export type FileLink = { readonly url: string; readonly contentType: string }

/** What is left of an activity without its cards. */
export type PlainContent = {
  /** Blocks with an empty line between them; `''` if there is nothing to read. */
  readonly text: string
  /** URLs of pictures. */
  readonly images: readonly string[]
  /** Files that are not pictures. */
  readonly attachments: readonly FileLink[]
}

const cardPrefix = 'application/vnd.microsoft.card.'

/** Cards made of a title, texts, pictures, media and buttons. */
const plainCards = new Set(['hero', 'thumbnail', 'receipt', 'signin', 'oauth', 'audio', 'video', 'animation'])

/** Buttons whose value is an address: without it, their title would lead nowhere. */
const addressButtons = new Set(['openurl', 'signin', 'playvideo', 'playaudio', 'showimage', 'downloadfile'])

/** Where the elements of an Adaptive Card hold further elements: containers, column sets and tables. */
const adaptiveChildren = ['body', 'items', 'columns', 'rows', 'cells'] as const

/** What has been gathered so far. The numbers of buttons run on through the whole message. */
type Gathered = {
  readonly blocks: string[]
  readonly images: string[]
  readonly attachments: FileLink[]
  buttons: number
}

/** Tells an activity in text, pictures and files. Never throws, whatever the JSON. */
export function plainContentOf(activity: JsonObject): PlainContent {
  const gathered: Gathered = { blocks: [], images: [], attachments: [], buttons: 0 }
  addBlock(gathered, [textOf(activity['text'])])
  for (const attachment of objectsIn(activity, 'attachments')) addAttachment(gathered, attachment)
  addButtons(gathered, objectsIn(partIn(activity, 'suggestedActions'), 'actions'))
  const { blocks, images, attachments } = gathered
  return { text: blocks.length === 0 ? textOf(activity['summary']) : blocks.join('\n\n'), images, attachments }
}

function addAttachment(gathered: Gathered, attachment: JsonObject): void {
  addFile(gathered, textOf(attachment['contentUrl']), textOf(attachment['contentType']) || unknownMediaType)
  const { content } = attachment
  const type = readMediaType(textOf(attachment['contentType']))
  if (!isObject(content) || !type.startsWith(cardPrefix)) return
  const kind = type.slice(cardPrefix.length)
  if (kind === 'adaptive') addAdaptiveCard(gathered, content)
  else if (plainCards.has(kind)) addCard(gathered, content, kind === 'receipt')
}

/** A file goes where 1.1 keeps its kind: pictures are never among the attachments. */
function addFile(gathered: Gathered, url: string, contentType: string): void {
  if (url === '') return
  if (isImageType(contentType)) gathered.images.push(url)
  else gathered.attachments.push({ url, contentType })
}

function addCard(gathered: Gathered, card: JsonObject, isReceipt: boolean): void {
  const fallback = textOf(card['fallbackText'])
  if (fallback !== '') {
    addBlock(gathered, [fallback])
  } else {
    addBlock(gathered, [textOf(card['title']), textOf(card['subtitle']), textOf(card['text'])])
    if (isReceipt) addBlock(gathered, receiptLines(card))
  }
  for (const image of [partIn(card, 'image'), ...objectsIn(card, 'images')]) {
    const url = textOf(image['url'])
    if (url !== '') gathered.images.push(url)
  }
  for (const media of objectsIn(card, 'media')) {
    const url = textOf(media['url'])
    const profile = readMediaType(textOf(media['profile']))
    addFile(gathered, url, profile === unknownMediaType ? mediaTypeOf(url) : profile)
  }
  addButtons(gathered, objectsIn(card, 'buttons'))
}

function receiptLines(card: JsonObject): string[] {
  return [
    ...objectsIn(card, 'facts').map(fact => pair(textOf(fact['key']), textOf(fact['value']))),
    ...objectsIn(card, 'items').map(item => pair(textOf(item['title']), textOf(item['price']))),
    ...(['tax', 'vat', 'total'] as const).map(name => sum(receiptLabels[name], textOf(card[name]))),
  ]
}

const receiptLabels = { tax: 'Tax', vat: 'VAT', total: 'Total' } as const

const pair = (key: string, value: string): string => (key === '' || value === '' ? key + value : `${key}: ${value}`)

const sum = (label: string, amount: string): string => (amount === '' ? '' : `${label}: ${amount}`)

/** Whoever wrote the card knows best how to say it, then who wrote its speech; its own texts come last. */
function addAdaptiveCard(gathered: Gathered, card: JsonObject): void {
  const told = textOf(card['fallbackText']) || withoutMarkup(textOf(card['speak']))
  addBlock(gathered, told === '' ? textBlocks(card, 0) : [told])
}

function textBlocks(element: JsonObject, depth: number): string[] {
  if (depth > jsonDepthMax) return []
  const own = element['type'] === 'TextBlock' ? [textOf(element['text'])] : []
  const inner = adaptiveChildren.flatMap(name =>
    objectsIn(element, name).flatMap(child => textBlocks(child, depth + 1)),
  )
  return [...own, ...inner]
}

const markupEntities: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])

/** The words of a speech in SSML. Sentences, paragraphs and breaks part words; emphasis and the like do not. */
const withoutMarkup = (speech: string): string =>
  speech
    .replace(/<\/?(?:s|p|sentence|paragraph|break)\b[^<>]*>/gi, ' ')
    .replace(/<[^<>]*>/g, '')
    .replace(/&(?:([a-z]+)|#(\d{1,6})|#x([\da-f]{1,5}));/gi, (entity, name?: string, decimal?: string, hex?: string) =>
      name === undefined
        ? String.fromCodePoint(decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal))
        : (markupEntities.get(name.toLowerCase()) ?? entity),
    )
    .replace(/\s+/g, ' ')
    .trim()

function addButtons(gathered: Gathered, buttons: readonly JsonObject[]): void {
  const lines: string[] = []
  for (const button of buttons) {
    const value = textOf(button['value'])
    const title = textOf(button['title']) || value
    if (title === '') continue
    gathered.buttons += 1
    const address = addressButtons.has(textOf(button['type']).toLowerCase()) && value !== title ? value : ''
    lines.push(`${gathered.buttons}. ${pair(title, address)}`)
  }
  addBlock(gathered, lines)
}

function addBlock(gathered: Gathered, lines: readonly string[]): void {
  const block = lines.filter(line => line !== '').join('\n')
  if (block !== '') gathered.blocks.push(block)
}

/** Text as written, a number in its digits (bots in JavaScript give prices so), nothing for everything else. */
const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
