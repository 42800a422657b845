/**
 * A bot made with botbuilder 1.0, the SDK of the first schema: the SDK's own dialogs, its own calls of the service, and
 * its state where it left it, which is with the service.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BotConnectorBot, Prompts, ResumeReason, type Session } from 'botbuilder-v1'

/** A running bot. Disposing it stops it. */
export type OldSdkBot = AsyncDisposable & {
  /** The messaging endpoint. */
  readonly url: string
  /** The types of all it has been sent, in order. */
  readonly received: readonly string[]
  /** Tells it where the service is: the schema has no address for answers in its messages. */
  connect(origin: string): void
}

/** What asks for a second and a third message in one turn. */
export const askForMore = 'tell me more'

/** Starts the bot on a port of 127.0.0.1, any free one if none is said. */
export async function startOldSdkBot(app: { id: string; password: string }, port = 0): Promise<OldSdkBot> {
  const bot = new BotConnectorBot({
    appId: app.id,
    appSecret: app.password,
    minSendDelay: 0,
    userWelcomeMessage: 'Welcome!',
  })
  addDialogs(bot)
  const received: string[] = []
  bot.on('error', (error: Error) => received.push(`error: ${error.message}`))
  const verify = bot.verifyBotFramework()
  const listen = bot.listen()
  const server = createServer((request, response) => {
    void serve(request, response, received, { verify, listen })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/messages`,
    received,
    connect: origin => bot.configure({ endpoint: origin }),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** A dialog of several turns, which knows what was said before only from the data that the service keeps. */
function addDialogs(bot: BotConnectorBot): void {
  bot.add('/', [
    (session: Session, _args: unknown, next: (() => void) | undefined) => {
      if (session.userData.name !== undefined) next?.()
      else session.beginDialog('/name')
    },
    (session: Session) => {
      session.userData.visits = (session.userData.visits ?? 0) + 1
      if (session.message.text === askForMore) {
        session.send('First')
        session.send('Second')
        session.send('Third')
      } else {
        session.send(`Hello ${session.userData.name}, this is visit ${session.userData.visits}.`)
      }
    },
  ])
  bot.add('/name', [
    (session: Session) => Prompts.text(session, 'What is your name?'),
    (session: Session, results: { readonly response: string }) => {
      session.userData.name = results.response
      Prompts.number(session, `How old are you, ${results.response}?`)
    },
    (session: Session, results: { readonly response: number }) => {
      session.userData.age = results.response
      session.endDialog({ resumed: ResumeReason.completed, response: results.response })
    },
  ])
}

/** The SDK expects restify: a body that has been read, and a `send` that takes a status, a body or both. */
async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  received: string[],
  { verify, listen }: Record<'verify' | 'listen', (request: unknown, response: unknown, next: () => void) => void>,
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { readonly type: string }
  received.push(body.type)
  const send = (...words: readonly unknown[]) => {
    const status = typeof words[0] === 'number' ? words[0] : 200
    const answer = words.find(word => typeof word === 'object')
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(answer === undefined ? undefined : JSON.stringify(answer))
  }
  const seen = Object.assign(request, { body })
  const answered = Object.assign(response, { send })
  verify(seen, answered, () => listen(seen, answered, () => undefined))
}
