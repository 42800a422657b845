/**
 * A service, its bot and one conversation between a person and the bot: where tests of the bot's side begin.
 */
import assert from 'node:assert/strict'
import { startApp, type TestApp, type TestAppOptions } from './app.ts'
import { connectorAddress, startBot, type TestBot, type TestBotOptions } from './bot.ts'
import { type Chat, reconnect, startChat, type User } from './direct-line.ts'
import type { Answer, WireActivity } from './http.ts'
import { openSocket, type TestSocket } from './socket.ts'

/** One conversation from both ends. */
export type Talk = Chat & {
  readonly app: TestApp
  readonly bot: TestBot
  /** What told the bot of the conversation. */
  readonly join: WireActivity
  /** Where the bot was told to answer, with its slash. */
  readonly serviceUrl: string
  /** The unguessable part of it. */
  readonly mark: string
  /** `{serviceUrl}v3/conversations/{id}` */
  readonly connector: string
}

/** The person of a talk, unless another is said. */
export const uma: User = { id: 'u1', name: 'Uma' }

/** What a test may say of its talk. */
export type TalkOptions = {
  readonly app?: TestAppOptions
  readonly bot?: TestBotOptions
  /** Who the token speaks for; Uma if not given, `null` for nobody. */
  readonly user?: User | null
}

/** Starts a bot, a service for it and a conversation. Disposing it stops both. */
export async function startTalk(options: TalkOptions = {}): Promise<Talk & AsyncDisposable> {
  const bot = await startBot(options.bot)
  const app = await startApp({ bot: bot.url, ...options.app })
  const dispose = async () => {
    await bot[Symbol.asyncDispose]()
    await app[Symbol.asyncDispose]()
  }
  try {
    return { ...(await openTalk(app, bot, options.user)), [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

/** One more conversation of a running service with its bot. */
export async function openTalk(app: TestApp, bot: TestBot, user: User | null = uma): Promise<Talk> {
  const chat = await startChat(app, user ?? undefined)
  const join = await bot.until('the start of the conversation', ({ of }) => of(chat.conversation)[0])
  const serviceUrl = join.serviceUrl ?? ''
  const mark = serviceUrl.split('/').at(-2) ?? ''
  return { ...chat, app, bot, join, serviceUrl, mark, connector: connectorAddress(join) }
}

/** A socket of the conversation, from a watermark on: from the beginning if none is said. */
export async function watch(chat: Pick<Chat, 'address' | 'token'>, watermark = '0'): Promise<TestSocket> {
  const { status, body, text } = await reconnect(chat, watermark)
  assert.equal(status, 200, text)
  return openSocket(body.streamUrl)
}

/** The bot says something that the service takes. Answers the activity's id. */
export async function botSays(
  { bot, join }: Pick<Talk, 'bot' | 'join'>,
  activity: string | WireActivity,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const said = typeof activity === 'string' ? { type: 'message', text: activity } : activity
  const { status, body, text } = await bot.say(join, said, headers)
  assert.equal(status, 200, text)
  return String(body.id)
}

/** Holds an answer of the Connector against what every refusal has: status, code, and a body of the one shape. */
export function assertConnectorRefused(answer: Answer, status: number, code: string): void {
  const { headers, body, text } = answer
  assert.equal(answer.status, status, text)
  const { message } = body.error ?? {}
  assert.ok(typeof message === 'string' && message !== '', text)
  assert.deepEqual(body, { error: { code, message } })
  assert.equal(headers['content-type'], 'application/json; charset=utf-8')
  assert.equal(headers['server'], undefined)
  assert.equal(headers['x-powered-by'], undefined)
  assert.doesNotMatch(text, /node_modules|\.ts\b|\.js\b|\n {2,}at |sqlite|fastify|undici/i)
}

/** Holds an answer of the Connector against what taking an activity has. Answers the id. */
export function assertTaken(answer: Answer): string {
  const { status, headers, body, text } = answer
  assert.equal(status, 200, text)
  assert.equal(headers['content-type'], 'application/json; charset=utf-8')
  assert.match(headers['cache-control'] ?? '', /no-store/)
  assert.deepEqual(Object.keys(body), ['id'])
  assert.ok(typeof body.id === 'string' && body.id !== '', text)
  return body.id
}
