/**
 * The sample bot: something to talk to before a bot of one's own exists. It is built as a stranger would build one,
 * on HTTP and nothing else, and shares no code with the service.
 */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answer } from './answers.ts'
import { Connector } from './connector.ts'
import { readTurn, type Turn } from './turn.ts'

/** Not imported: an ES module's namespace of it makes Node load its own HTTP client too, which is not used here. */
const { createServer } = process.getBuiltinModule('node:http')

/** An activity as posted to the bot: bytes. The service sends a quarter of this, escapes may double it. */
const bodyBytesMax = 1024 * 1024

/** Turns that wait or run, over all conversations. Beyond it the bot answers 503. */
const turnsMax = 200

/** How long the sender of a turn may take: milliseconds. */
const requestTimeoutMs = 10_000

/** A running sample bot. Disposing it gives up what it is still saying. */
export type SampleBot = AsyncDisposable & {
  /** Its messaging endpoint. The path can't be guessed: the bot calls back whatever address a turn names. */
  readonly endpoint: string
}

/**
 * Starts the sample bot on a free port of 127.0.0.1.
 *
 * @param options.onFault hears of what went wrong while the bot answered; the bot itself goes on
 */
export async function startSampleBot(
  options: { readonly onFault?: (error: unknown) => void } = {},
): Promise<SampleBot> {
  const stop = new AbortController()
  const turns = new Turns(error => {
    if (!stop.signal.aborted) options.onFault?.(error)
  })
  const path = `/${randomBytes(16).toString('base64url')}/api/messages`
  const server = createServer(
    { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs },
    (request, response) => {
      receive(request, response, path, turn =>
        turns.take(turn, () => answer(turn, new Connector(turn, stop.signal), stop.signal)),
      )
    },
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      const closed = new Promise(resolve => server.close(resolve))
      server.closeAllConnections()
      await Promise.all([closed, turns.settled()])
    },
  }
}

/**
 * Takes one request. The turn is answered 200 before the bot says anything, so that nobody waits while it types; an
 * invoke is answered 501, as a bot does that knows none.
 */
function receive(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  take: (turn: Turn) => boolean,
): void {
  const end = (status: number) => response.writeHead(status, { 'content-length': 0 }).end()
  if (request.url !== path || request.method !== 'POST') {
    request.resume()
    end(404)
    return
  }
  const chunks: Buffer[] = []
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= bodyBytesMax) chunks.push(chunk)
  })
  request.on('end', () => {
    if (bytes > bodyBytesMax) return end(413)
    const turn = readTurn(Buffer.concat(chunks).toString('utf8'))
    if (turn === undefined) return end(400)
    if (turn.type === 'invoke') return end(501)
    return end(take(turn) ? 200 : 503)
  })
  // A request that breaks off was never a turn: whoever sent it knows.
  request.on('error', () => response.destroy())
}

/** Turns under way. Those of one conversation run one after another, in the order they came. */
class Turns {
  readonly #tails = new Map<string, Promise<void>>()
  readonly #onFault: (error: unknown) => void
  #count = 0

  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault
  }

  /** Runs the work after what this conversation has before it. False if there is too much to do already. */
  take(turn: Turn, work: () => Promise<void>): boolean {
    if (this.#count >= turnsMax) return false
    this.#count += 1
    const tail = (this.#tails.get(turn.conversation) ?? Promise.resolve())
      .then(work)
      .catch(this.#onFault)
      .finally(() => {
        this.#count -= 1
        if (this.#tails.get(turn.conversation) === tail) this.#tails.delete(turn.conversation)
      })
    this.#tails.set(turn.conversation, tail)
    return true
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#tails.values())
  }
}
