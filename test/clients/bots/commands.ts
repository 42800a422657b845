/**
 * What the real bots do, by what is said to them: one list for all SDKs, so that each is put through the same paces.
 * How a thing is done is the SDK's business (`Turn`).
 */
import { createHash } from 'node:crypto'
import type { Account, File, SomeActivity } from './wire.ts'

/** One turn, as the SDK at hand takes it. */
export interface Turn {
  /** What the bot was sent, after the SDK has read it. */
  readonly activity: SomeActivity
  /** Sends one activity and answers the id the service gave it. */
  send(activity: string | SomeActivity): Promise<string>
  /** Sends several activities by one call of the SDK. */
  sendAll(activities: readonly SomeActivity[]): Promise<readonly string[]>
  /** Puts another activity in the place of one sent before. */
  update(activity: SomeActivity): Promise<void>
  /** Takes back an activity sent before. */
  delete(id: string): Promise<void>
  /** The members, as far as the SDK can ask for them. */
  members(user: string): Promise<{ readonly all?: readonly Account[]; readonly one: Account }>
  /** Uploads a file through the connector and answers the address the SDK's samples build for it. */
  upload(file: File): Promise<string>
  /** A message with a hero card and an Adaptive Card, made by the SDK. */
  cards(): SomeActivity
  /** A message with suggested actions, made by the SDK. */
  suggestions(): SomeActivity
  /** Streams an answer: a status line, growing text, the whole. Undefined if the SDK has no helper for it. */
  stream?(): Promise<void>
}

/** What the bot says in "twenty", in order. */
export const twenty: readonly string[] = Array.from({ length: 20 }, (_, index) => `reply ${index + 1} of 20`)

/** The file the bot sends for "upload": every byte value once, so that nothing that mangles bytes goes unnoticed. */
export const botFile: File = {
  name: 'all bytes.png',
  type: 'image/png',
  bytes: Uint8Array.from({ length: 256 }, (_, value) => value),
}

/** Answers one activity. */
export async function answer(turn: Turn): Promise<void> {
  switch (turn.activity.type) {
    case 'conversationUpdate':
      return greet(turn)
    case 'event':
      await turn.send({ type: 'event', name: `${turn.activity.name}/answer`, value: turn.activity.value })
      return
    case 'message':
      if (hasFiles(turn.activity)) await turn.send(await described(turn.activity))
      else await obey(turn)
      return
    default:
    // Typing, the end of a conversation and the rest: noted by whoever serves this bot, and not answered.
  }
}

async function greet(turn: Turn): Promise<void> {
  for (const member of turn.activity.membersAdded ?? []) {
    if (member.id !== turn.activity.recipient?.id) await turn.send(`Hello, ${member.name ?? member.id}.`)
  }
}

async function obey(turn: Turn): Promise<void> {
  const [command = '', ...words] = (turn.activity.text ?? '').split(' ')
  const does = commands[command]
  if (does === undefined) await turn.send(`I don't know "${turn.activity.text}".`)
  else await does(turn, words.join(' '))
}

const commands: Readonly<Record<string, (turn: Turn, rest: string) => Promise<unknown>>> = {
  echo: (turn, rest) => turn.send(`You said: ${rest}`),
  typing: async turn => {
    await turn.send({ type: 'typing' })
    await turn.send('I have finished typing.')
  },
  twenty: turn => turn.sendAll(twenty.map(text => ({ type: 'message', text }))),
  card: turn => turn.send(turn.cards()),
  suggest: turn => turn.send(turn.suggestions()),
  update: async turn => {
    const id = await turn.send('Wait …')
    await turn.update({ type: 'message', id, text: 'Done.' })
  },
  delete: async turn => {
    const id = await turn.send('Forget this.')
    await turn.delete(id)
    await turn.send('I have said nothing.')
  },
  members: async turn => {
    const value = await turn.members(turn.activity.from?.id ?? '')
    await turn.send({ type: 'event', name: 'members', value })
  },
  upload: async turn => {
    const contentUrl = await turn.upload(botFile)
    await turn.send({
      type: 'message',
      text: 'A file for you.',
      attachments: [{ name: botFile.name, contentType: botFile.type, contentUrl }],
    })
  },
  stream: turn => turn.stream?.() ?? turn.send("This SDK doesn't stream."),
  end: turn => turn.send({ type: 'endOfConversation', code: 'completedSuccessfully' }),
  crash: () => Promise.reject(new Error('The bot was told to crash.')),
  slow: async (turn, rest) => {
    await new Promise(resolve => setTimeout(resolve, Number(rest)))
    await turn.send(`I took ${rest} ms.`)
  },
}

/** Whether files came along. Bots that were sent a card get no address to load it from. */
const hasFiles = (activity: SomeActivity): boolean =>
  activity.attachments?.some(attachment => attachment.contentUrl) ?? false

/** Loads each file the way SDK samples do, by its plain address, and tells what came. */
async function described(activity: SomeActivity): Promise<SomeActivity> {
  const value = []
  for (const { name, contentType, contentUrl } of activity.attachments ?? []) {
    const response = await fetch(contentUrl ?? '')
    const bytes = new Uint8Array(await response.arrayBuffer())
    value.push({
      name,
      contentType,
      status: response.status,
      servedType: response.headers.get('content-type'),
      length: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    })
  }
  return { type: 'event', name: 'files', value }
}
