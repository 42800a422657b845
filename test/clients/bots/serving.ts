/**
 * The part of a bot program that is not the SDK's: an HTTP server for the messaging endpoint, and a line to the test
 * that started the program.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Asked, Told } from './start.ts'
import type { SomeActivity } from './wire.ts'

/** What SDKs read of a request: the rest of a web framework's request they leave alone. */
export type BotRequest = {
  readonly method: string
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: Record<string, unknown>
}

/** A response with the few methods of a web framework that SDKs call. */
export type BotResponse = ServerResponse & {
  status(code: number): BotResponse
  header(name: string, value: string): BotResponse
  send(body?: unknown): BotResponse
}

/** What a bot program brings. */
export type BotProgram = {
  /** Takes one turn through the SDK's adapter. */
  readonly turn: (request: BotRequest, response: BotResponse) => Promise<void>
  /** Says something in a conversation the bot was in before, without being asked. */
  readonly proactive: (conversation: string, text: string) => Promise<void>
}

/** The ids the service has given to what this bot sent: these it has promised to keep. */
const acknowledged: { conversation: string; id: string }[] = []
const received: SomeActivity[] = []

/** Notes what the service answered to a send. */
export function noteAcknowledged(conversation: string, id: string | undefined): void {
  if (id !== undefined && id !== '') acknowledged.push({ conversation, id })
}

/** Serves the bot on a free port until its parent goes away. */
export function serve(program: BotProgram): void {
  const server = createServer((request, response) => {
    void readJson(request)
      .then(async body => {
        received.push(body as SomeActivity)
        await program.turn(
          { method: request.method ?? '', headers: request.headers, body },
          withFrameworkMethods(response),
        )
      })
      .catch(error => {
        // The SDK would not even answer: the service hears of it by the status, people by the log.
        console.error(error)
        if (!response.headersSent) response.statusCode = 500
        response.end()
      })
  })
  process.on('message', (asked: Asked) => {
    void reply(program, asked).then(told => process.send?.(told))
  })
  process.on('disconnect', () => process.exit())
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    process.send?.({ number: 0, value: `http://127.0.0.1:${port}/api/messages` } satisfies Told)
  })
}

async function reply(program: BotProgram, { number, question, conversation, text }: Asked): Promise<Told> {
  try {
    if (question === 'proactive') await program.proactive(conversation ?? '', text ?? '')
    return { number, value: question === 'received' ? received : question === 'acknowledged' ? acknowledged : null }
  } catch (error) {
    return { number, problem: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>
}

function withFrameworkMethods(response: ServerResponse): BotResponse {
  const extended = Object.assign(response, {
    status(code: number) {
      response.statusCode = code
      return extended
    },
    header(name: string, value: string) {
      response.setHeader(name, value)
      return extended
    },
    send(body?: unknown) {
      const isText = typeof body === 'string'
      if (body !== undefined && !response.hasHeader('content-type'))
        response.setHeader('content-type', isText ? 'text/plain' : 'application/json')
      response.end(isText ? body : JSON.stringify(body))
      return extended
    },
  }) as BotResponse
  return extended
}
