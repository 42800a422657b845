/**
 * A bot of the Bot Framework's first schema (v1) without its SDK: it records the messages it is sent, answers in the
 * body of the turn as a test says, and calls the service with its app id and password.
 */
import { type BotRequest, type BotTurnEnd, startBot } from './bot.ts'
import { type Answer, type Call, call } from './http.ts'

/** An account as v1 bots know it. */
export type OldAccount = {
  readonly id?: string
  readonly address?: string
  readonly name?: string
  readonly channelId?: string
  readonly isBot?: boolean
}

/** A message on the wire: what tests look at by name, and whatever else is there. */
export type OldBotMessage = {
  readonly type?: string
  readonly id?: string
  readonly conversationId?: string
  readonly created?: string
  readonly text?: string
  readonly language?: string
  readonly from?: OldAccount
  readonly to?: OldAccount
  readonly replyToMessageId?: string
  readonly attachments?: readonly { readonly contentType?: string; readonly contentUrl?: string }[]
  readonly channelData?: unknown
  readonly botUserData?: unknown
  readonly botConversationData?: unknown
  readonly botPerUserInConversationData?: unknown
  readonly [name: string]: unknown
}

/** The app id and password that bot and service know each other by. */
export const oldApp = { id: 'an-app-id', password: 'its password: long' }

/** The settings of a service whose bot speaks v1. */
export const speakingV1 = { schema: 'v1', app: oldApp } as const

/** The headers a v1 bot calls with, both as its SDK sends them. */
export const oldHeaders = (app: { readonly id: string; readonly password: string } = oldApp) => ({
  authorization: basic(app.id, app.password),
  'ocp-apim-subscription-key': app.password,
})

/** The value of an Authorization header. */
export const basic = (id: string, password: string): string =>
  `Basic ${Buffer.from(`${id}:${password}`).toString('base64')}`

/** Ends a turn with a message in its answer. */
export const answering = (message: unknown): BotTurnEnd => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(message),
})

/** What a test may say of its bot. */
export type OldBotOptions = {
  /** Ends each turn; 200 without a body if not given. */
  readonly answer?: (message: OldBotMessage, bot: OldBot) => BotTurnEnd | Promise<BotTurnEnd>
}

/** A running bot. Disposing it breaks off all connections. */
export type OldBot = AsyncDisposable & {
  /** The messaging endpoint. */
  readonly url: string
  readonly requests: readonly BotRequest[]
  /** Every message it has been sent, in the order it arrived. */
  readonly messages: readonly OldBotMessage[]
  /** The messages of one conversation, of one type if it is given. */
  of(conversation: string, type?: string): readonly OldBotMessage[]
  /** Resolves when `look` answers something; it is asked again with every request. */
  until<Found>(what: string, look: (bot: OldBot) => Found | undefined | false): Promise<Found>
  /** Resolves when a conversation's start has been told, and so many people's joining. */
  untilJoined(conversation: string, people?: number): Promise<unknown>
}

/** Starts a bot on 127.0.0.1. */
export async function startOldBot(options: OldBotOptions = {}): Promise<OldBot> {
  const { answer } = options
  const bot = await startBot(answer === undefined ? {} : { answer: ({ ...message }) => answer(message, oldBot) })
  const messages = () => bot.activities as readonly OldBotMessage[]
  const oldBot: OldBot = {
    url: bot.url,
    requests: bot.requests,
    get messages() {
      return messages()
    },
    of: (conversation, type) =>
      messages().filter(
        message => message.conversationId === conversation && (type === undefined || message.type === type),
      ),
    until: (what, look) => bot.until(what, () => look(oldBot)),
    untilJoined: (conversation, people = 0) =>
      oldBot.until(
        'the start of the conversation',
        ({ of }) =>
          of(conversation, 'BotAddedToConversation').length === 1 &&
          of(conversation, 'UserAddedToConversation').length === people,
      ),
    [Symbol.asyncDispose]: () => bot[Symbol.asyncDispose](),
  }
  return oldBot
}

/** Calls what v1 bots call, below `/bot/v1.0`, with the bot's id and password unless other headers are said. */
export const callAsOldBot = (origin: string, path: string, what: Call = {}): Promise<Answer> =>
  call(`${origin}/bot/v1.0${path}`, { ...what, headers: what.headers ?? oldHeaders() })

/** Sends a message by the bot's own initiative. */
export const postAsOldBot = (origin: string, message: unknown, what: Call = {}): Promise<Answer> =>
  callAsOldBot(origin, '/messages', { json: message, ...what })
