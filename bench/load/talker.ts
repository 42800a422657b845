/**
 * People who talk: each in a conversation of their own, with a connection for what they send and a socket for what
 * they hear.
 */
import type { Side } from '../side.ts'
import { quiet } from './bot.ts'
import { type Address, HttpLine, HttpPool, refusal, requestText } from './http-line.ts'
import { StreamLine, watermarkOf } from './stream-line.ts'

/** A conversation as its start or a reconnect answers it. */
export type Opened = { readonly id: string; readonly token: string; readonly streamUrl: string }

const base = '/v3/directline/conversations'
const text = 'x'.repeat(200)

/** What everybody says: about 500 bytes once it is in the log. */
export const message = { type: 'message', text, from: { id: 'u1' } } as const

/** Requests that set up what is measured run so many at a time. */
const setUpAtOnce = 64

/** Starts conversations. */
export function startConversations(side: Side, count: number): Promise<readonly Opened[]> {
  return openEach(side, Array<undefined>(count).fill(undefined), pool =>
    pool.call('POST', base, { authorization: `Bearer ${side.secret}`, json: { user: { id: 'u1' } } }),
  )
}

/** Opens conversations that were written beforehand, by the secret: the way to a token for each. */
export function openConversations(side: Side, ids: readonly string[]): Promise<readonly Opened[]> {
  return openEach(side, ids, (pool, id) =>
    pool.call('GET', `${base}/${id}`, { authorization: `Bearer ${side.secret}` }),
  )
}

/** Does a piece of work for each of some items, so many at a time. */
export async function atOnce<Item>(
  items: readonly Item[],
  most: number,
  work: (item: Item, at: number) => Promise<void>,
): Promise<void> {
  // Everybody takes from the same iterator, so each item is taken once.
  const left = items.entries()
  const worker = async () => {
    for (const [at, item] of left) await work(item, at)
  }
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker))
}

/** Makes a call for each of some items and reads a conversation out of its answer. */
async function openEach<Item>(
  side: Side,
  items: readonly Item[],
  call: (pool: HttpPool, item: Item) => Promise<Readonly<Record<string, unknown>>>,
): Promise<readonly Opened[]> {
  const pool = new HttpPool(side)
  const opened: Opened[] = []
  await atOnce(items, setUpAtOnce, async (item, at) => {
    const { conversationId, token, streamUrl } = await call(pool, item)
    opened[at] = { id: String(conversationId), token: String(token), streamUrl: String(streamUrl) }
  })
  pool.close()
  return opened
}

/** One who talks. */
export class Talker {
  readonly #line: HttpLine
  readonly #post: string
  readonly #postQuietly: string
  readonly #postOld: string
  readonly #poll: (after: number) => string
  #stream: StreamLine | undefined
  #watermark = 0
  #awaited = Number.POSITIVE_INFINITY
  #onReply: () => void = () => undefined

  constructor(side: Side, { id, token }: Opened) {
    const authorization = `Bearer ${token}`
    this.#line = new HttpLine(side)
    const say = (path: string, said: unknown) =>
      requestText(side, 'POST', path, { authorization, body: JSON.stringify(said) })
    const quietly = `${quiet}${text.slice(quiet.length)}`
    this.#post = say(`${base}/${id}/activities`, message)
    this.#postQuietly = say(`${base}/${id}/activities`, { ...message, text: quietly })
    this.#postOld = say(`/api/conversations/${id}/messages`, { from: 'u1', text: quietly })
    this.#poll = after => requestText(side, 'GET', `${base}/${id}/activities?watermark=${after}`, { authorization })
  }

  /** Opens the socket. */
  async listen(streamUrl: string): Promise<void> {
    this.#stream = new StreamLine(streamUrl, frame => this.#heard(frame))
    await this.#stream.opened
  }

  /** Says something the bot replies to. Resolves when the answer and the reply have come, with the reply's milliseconds. */
  roundTrip(): Promise<number> {
    return new Promise((resolve, reject) => {
      const startedMs = performance.now()
      let replyMs: number | undefined
      let isAnswered = false
      // What is said, and what is replied.
      this.#awaited = this.#watermark + 2
      this.#onReply = () => {
        replyMs = performance.now() - startedMs
        if (isAnswered) resolve(replyMs)
      }
      this.#line.exchange(this.#post, (status, body) => {
        if (status !== 200) return reject(refusal('A message', status, body))
        isAnswered = true
        if (replyMs !== undefined) resolve(replyMs)
      })
    })
  }

  /** Says something the bot only accepts, in the words of 3.0 or 1.1. Resolves when it was answered, with the milliseconds. */
  send(api: '3.0' | '1.1'): Promise<number> {
    return this.#timed('A message', api === '3.0' ? this.#postQuietly : this.#postOld)
  }

  /** Asks for what comes after a watermark. Resolves with the milliseconds. @throws Error unless the page ends at `end` */
  poll(after: number, end: number): Promise<number> {
    return this.#timed('A poll', this.#poll(after), body => {
      if (watermarkOf(body) !== end) throw new Error(`A poll was answered ${body.toString().slice(0, 500)}`)
    })
  }

  /** Reads the log page by page. Resolves with the number of the pages. */
  async readAll(): Promise<number> {
    let end = 0
    for (let pages = 0; ; pages += 1) {
      const after = end
      await this.#timed('A page', this.#poll(after), body => {
        end = watermarkOf(body)
      })
      if (end === after) return pages
    }
  }

  /** Breaks both connections off. */
  close(): void {
    this.#line.close()
    this.#stream?.close()
  }

  #timed(what: string, request: string, look?: (body: Buffer) => void): Promise<number> {
    return new Promise((resolve, reject) => {
      const startedMs = performance.now()
      this.#line.exchange(request, (status, body) => {
        if (status < 200 || status > 299) return reject(refusal(what, status, body))
        try {
          look?.(body)
          resolve(performance.now() - startedMs)
        } catch (error) {
          reject(error)
        }
      })
    })
  }

  #heard(frame: Buffer): void {
    if (frame.length === 0) return
    this.#watermark = watermarkOf(frame)
    if (this.#watermark < this.#awaited) return
    this.#awaited = Number.POSITIVE_INFINITY
    this.#onReply()
  }
}

/**
 * People in new conversations, with their sockets open.
 *
 * @param ear where the sockets are: another node of the same service, if not where they talk
 */
export async function openTalkers(side: Side, count: number, ear: Address = side): Promise<readonly Talker[]> {
  const opened = await startConversations(side, count)
  const talkers = opened.map(conversation => new Talker(side, conversation))
  await atOnce(talkers, setUpAtOnce, (talker, at) => talker.listen(atNode(opened[at]?.streamUrl ?? '', ear)))
  return talkers
}

function atNode(streamUrl: string, { host, port }: Address): string {
  const url = new URL(streamUrl)
  url.host = `${host}:${port}`
  return url.href
}
