/**
 * A bot of the v3 schema without any SDK: it records whatever it is sent, answers as a test says, and replies through
 * the activity's `serviceUrl`.
 */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Answer, call, type WireActivity } from './http.ts'
import { freePort } from './ports.ts'
import { Changes } from './until.ts'

/** One request the bot was sent. */
export type BotRequest = {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly activity: WireActivity
}

/** How the bot ends a turn: a status; or a status with more; or no answer but a broken connection. */
export type BotTurnEnd =
  | number
  | 'drop'
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }

/** What a test may say of its bot. */
export type TestBotOptions = {
  /** Ends each turn; 200 without a body if not given. A promise that stays open is a bot that hangs. */
  readonly answer?: (activity: WireActivity, request: BotRequest) => BotTurnEnd | Promise<BotTurnEnd>
  /** What the bot does in each turn before it ends it. */
  readonly onActivity?: (activity: WireActivity, bot: TestBot) => Promise<unknown> | unknown
  /** The port; any free one if not given. */
  readonly port?: number
}

/** A running bot. Disposing it breaks off all connections. */
export type TestBot = AsyncDisposable & {
  /** The messaging endpoint. */
  readonly url: string
  readonly port: number
  /** Everything it has been sent, in the order it arrived. */
  readonly requests: readonly BotRequest[]
  /** The activities among it. */
  readonly activities: readonly WireActivity[]
  /** The activities of one conversation, of one type if it is given. */
  of(conversation: string | undefined, type?: string): readonly WireActivity[]
  /** Resolves when `look` answers something; it is asked again with every request. */
  until<Found>(what: string, look: (bot: TestBot) => Found | undefined | false, timeoutMs?: number): Promise<Found>
  /** Sends an activity to the conversation another came from, in reply to it. */
  reply(to: WireActivity, activity: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>
  /** Sends an activity to the conversation another came from, in reply to nothing. */
  say(to: WireActivity, activity: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>
}

/** The address of a conversation in the Connector, as the bot was given it. */
export const connectorAddress = ({ serviceUrl = '', conversation }: WireActivity): string =>
  `${serviceUrl.replace(/\/*$/, '/')}v3/conversations/${encodeURIComponent(conversation?.id ?? '')}`

/** Starts a bot on 127.0.0.1. */
export async function startBot(options: TestBotOptions = {}): Promise<TestBot> {
  const requests: BotRequest[] = []
  const changes = new Changes(() => JSON.stringify(requests.map(({ activity }) => activity)))
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      // The test is told by what the service makes of it.
      response.writeHead(500).end(String(error))
    })
  })
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const received = await read(request)
    requests.push(received)
    changes.tell()
    await options.onActivity?.(received.activity, bot)
    finish(response, (await options.answer?.(received.activity, received)) ?? 200)
  }
  server.listen(options.port ?? (await freePort()), '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const bot: TestBot = {
    url: `http://127.0.0.1:${port}/api/messages`,
    port,
    requests,
    get activities() {
      return requests.map(({ activity }) => activity)
    },
    of: (conversation, type) =>
      bot.activities.filter(
        activity => activity.conversation?.id === conversation && (type === undefined || activity.type === type),
      ),
    until: (what, look, timeoutMs) => changes.until(what, () => look(bot), timeoutMs),
    reply: (to, activity, headers = {}) =>
      call(`${connectorAddress(to)}/activities/${encodeURIComponent(to.id ?? '')}`, { json: activity, headers }),
    say: (to, activity, headers = {}) => call(`${connectorAddress(to)}/activities`, { json: activity, headers }),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
  return bot
}

async function read(request: IncomingMessage): Promise<BotRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString('utf8')
  const { method = '', url: path = '', headers } = request
  return { method, path, headers, text, activity: JSON.parse(text) as WireActivity }
}

function finish(response: ServerResponse, end: BotTurnEnd): void {
  if (end === 'drop') response.destroy()
  else if (typeof end === 'number') response.writeHead(end).end()
  else response.writeHead(end.status, end.headers).end(end.body)
}
