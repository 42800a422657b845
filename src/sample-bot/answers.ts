/**
 * What the sample bot says to what. Everything is said in order: each thing is sent when the one before has arrived.
 */
import { setTimeout as after } from 'node:timers/promises'
import type { Connector, Saying } from './connector.ts'
import { drawPicture } from './picture.ts'
import type { Received, Turn } from './turn.ts'

/** How long the bot pretends to type: milliseconds. */
const typingMs = 1_000

/** Files of one message that are looked at. */
const filesMax = 10

/** Answers one turn. */
export async function answer(turn: Turn, connector: Connector, stop: AbortSignal): Promise<void> {
  switch (turn.type) {
    case 'conversationUpdate':
      if (turn.somebodyJoined) await connector.say(greeting)
      return
    case 'event':
      return connector.say({ type: 'event', name: turn.name, value: turn.value })
    case 'message':
      if (turn.attachments.length > 0) await reportFiles(turn.attachments, connector)
      if (turn.text !== undefined) await answerText(turn.text, connector, stop)
      else if (turn.value !== undefined) await connector.say(plain(`You submitted: ${JSON.stringify(turn.value)}`))
      return
    default:
      // Typing, end of conversation and whatever else may come ask for no answer.
      return
  }
}

async function answerText(text: string, connector: Connector, stop: AbortSignal): Promise<void> {
  switch (text.trim().toLowerCase()) {
    case 'help':
      return connector.say(greeting)
    case 'card':
      return connector.say({ ...message('Here are two cards.'), attachments: [adaptiveCard, heroCard] })
    case 'suggest':
      return connector.say(suggesting('Which colour do you like?', ['Red', 'Green', 'Blue']))
    case 'type':
      await connector.say({ type: 'typing' })
      await after(typingMs, undefined, { signal: stop })
      return connector.say(message('That took me a second to type.'))
    case 'picture':
      return sendPicture(connector)
    default:
      return connector.say(plain(`You said: ${text}`))
  }
}

async function sendPicture(connector: Connector): Promise<void> {
  const file = { name: 'picture.png', mediaType: 'image/png', bytes: drawPicture() }
  const contentUrl = await connector.upload(file)
  await connector.say({
    ...message('I drew this for you.'),
    attachments: [{ contentType: file.mediaType, contentUrl, name: file.name }],
  })
}

/** Tells what each file is, and shows pictures back from where they are kept. */
async function reportFiles(files: readonly Received[], connector: Connector): Promise<void> {
  const lines: string[] = []
  const pictures: Received[] = []
  for (const file of files.slice(0, filesMax)) {
    const bytes = file.contentUrl === undefined ? undefined : await connector.download(file.contentUrl)
    lines.push(`${file.name}, ${file.contentType}, ${bytes === undefined ? 'not kept here' : `${bytes.length} bytes`}`)
    if (bytes !== undefined && file.contentType.startsWith('image/')) pictures.push(file)
  }
  const more = files.length > filesMax ? `\nand ${files.length - filesMax} more` : ''
  await connector.say({ ...plain(`You sent: ${lines.join('\n')}${more}`), attachments: pictures })
}

const message = (text: string): Saying => ({ type: 'message', text, inputHint: 'acceptingInput' })

/** Shown as it is, because it holds what somebody else wrote. */
const plain = (text: string): Saying => ({ ...message(text), textFormat: 'plain' })

const button = (title: string) => ({ type: 'imBack', title, value: title })

const suggesting = (text: string, titles: readonly string[]): Saying => ({
  ...message(text),
  suggestedActions: { to: [], actions: titles.map(button) },
})

const greeting = suggesting(
  'Hello! I am the sample bot. I repeat what you say, and I look at files you send me. Say *card*, *suggest*, *type* or *picture* to see more.',
  ['card', 'suggest', 'type', 'picture'],
)

const adaptiveCard = {
  contentType: 'application/vnd.microsoft.card.adaptive',
  content: {
    type: 'AdaptiveCard',
    version: '1.5',
    body: [
      { type: 'TextBlock', text: 'An Adaptive Card', weight: 'Bolder', size: 'Medium' },
      { type: 'TextBlock', text: 'What you write here comes back to me as a value.', wrap: true },
      { type: 'Input.Text', id: 'note', label: 'A note', placeholder: 'Write something' },
    ],
    actions: [{ type: 'Action.Submit', title: 'Send the note', data: { from: 'adaptiveCard' } }],
  },
}

const heroCard = {
  contentType: 'application/vnd.microsoft.card.hero',
  content: {
    title: 'A hero card',
    subtitle: 'Its buttons speak for you.',
    buttons: [button('suggest'), button('picture')],
  },
}
