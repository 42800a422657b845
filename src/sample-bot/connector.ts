/**
 * The sample bot's way back: activities and files to the `serviceUrl` of the turn, and files from there.
 */
import type { Turn } from './turn.ts'

/** How long one call may take: milliseconds. */
const callTimeoutMs = 10_000

/** What the connector answers: bytes. */
const answerBytesMax = 64 * 1024

/** A file that is downloaded: bytes. */
const fileBytesMax = 8 * 1024 * 1024

/** What the bot says: the fields that are not the same in every answer. */
export type Saying = { readonly type: string; readonly [name: string]: unknown }

/** Speaks in the conversation of one turn. Every call rejects if it does not go well within 10 s. */
export class Connector {
  readonly #turn: Turn
  readonly #stop: AbortSignal

  constructor(turn: Turn, stop: AbortSignal) {
    this.#turn = turn
    this.#stop = stop
  }

  /** Says one thing in answer to the turn. */
  async say(saying: Saying): Promise<void> {
    const { id, from, recipient, conversation, locale, type } = this.#turn
    // As SDKs do: what a join is greeted with answers nothing.
    const replyToId = type === 'conversationUpdate' ? undefined : id
    const path = replyToId === undefined ? 'activities' : `activities/${encodeURIComponent(replyToId)}`
    const activity = {
      ...saying,
      from: recipient,
      recipient: from,
      conversation: { id: conversation },
      replyToId,
      locale,
    }
    await this.#post(path, activity)
  }

  /** Uploads a file and gives the address under which an activity may point to it. */
  async upload(file: {
    readonly name: string
    readonly mediaType: string
    readonly bytes: Uint8Array
  }): Promise<string> {
    const answer = await this.#post('attachments', {
      type: file.mediaType,
      name: file.name,
      originalBase64: Buffer.from(file.bytes).toString('base64'),
    })
    const { id } = JSON.parse(answer) as { readonly id: string }
    return `${this.#turn.serviceUrl}/v3/attachments/${encodeURIComponent(id)}/views/original`
  }

  /**
   * The bytes of a file somebody has sent. Undefined for a file that is kept elsewhere: whoever chats could otherwise
   * make the bot call any address it can reach.
   */
  async download(url: string): Promise<Uint8Array | undefined> {
    if (!isKeptBy(this.#turn.serviceUrl, url)) return undefined
    const response = await fetch(url, { redirect: 'error', signal: this.#signal() })
    return await bodyOf(response, fileBytesMax)
  }

  async #post(path: string, body: unknown): Promise<string> {
    const { serviceUrl, conversation } = this.#turn
    const response = await fetch(`${serviceUrl}/v3/conversations/${encodeURIComponent(conversation)}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: this.#signal(),
    })
    return Buffer.from(await bodyOf(response, answerBytesMax)).toString('utf8')
  }

  #signal(): AbortSignal {
    return AbortSignal.any([this.#stop, AbortSignal.timeout(callTimeoutMs)])
  }
}

/** The whole body of a 2xx answer. Throws for any other status, and for a body over the limit. */
async function bodyOf(response: Response, bytesMax: number): Promise<Uint8Array> {
  if (!response.ok) {
    await response.body?.cancel()
    throw new Error(`${new URL(response.url).pathname.replace(/^.*\/v3\//, '/v3/')} was answered ${response.status}`)
  }
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > bytesMax) throw new Error(`the answer has more than ${bytesMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Whether the service itself keeps what is at this address, whichever of its loopback names the client knows it by. */
function isKeptBy(serviceUrl: string, url: string): boolean {
  if (!URL.canParse(url)) return false
  const service = new URL(serviceUrl)
  const file = new URL(url)
  if (file.protocol === 'data:') return true
  return file.origin === service.origin || (file.port === service.port && isLoopback(file) && isLoopback(service))
}

const isLoopback = (url: URL): boolean =>
  /^https?:$/.test(url.protocol) && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname)
