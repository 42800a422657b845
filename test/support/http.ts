/**
 * Requests as a test wants them: nothing is added to what the test says, and the answer comes whole, whatever its
 * status.
 */
import { once } from 'node:events'
import { type IncomingHttpHeaders, type IncomingMessage, request as send } from 'node:http'
import { connect } from 'node:net'
import { inTime } from './until.ts'

/** An account on the wire. */
export type WireAccount = { readonly id?: string; readonly name?: string; readonly role?: string }

/** An attachment on the wire. */
export type WireAttachment = {
  readonly contentType?: string
  readonly contentUrl?: string
  readonly name?: string
  readonly thumbnailUrl?: string
  readonly content?: unknown
}

/** An activity on the wire: what tests look at by name, and whatever else is there. */
export type WireActivity = {
  readonly type?: string
  readonly id?: string
  readonly timestamp?: string
  readonly serviceUrl?: string
  readonly channelId?: string
  readonly from?: WireAccount
  readonly recipient?: WireAccount
  readonly conversation?: { readonly id?: string }
  readonly replyToId?: string
  readonly text?: string
  readonly name?: string
  readonly value?: unknown
  readonly locale?: string
  readonly deliveryMode?: string
  readonly attachments?: readonly WireAttachment[]
  readonly membersAdded?: readonly WireAccount[]
  readonly membersRemoved?: readonly WireAccount[]
  readonly channelData?: unknown
  readonly [name: string]: unknown
}

/** A JSON answer of any of our APIs: what tests look at by name, and whatever else is there. */
export type WireBody = {
  readonly conversationId?: string
  readonly token?: string
  readonly expires_in?: number
  readonly streamUrl?: string
  readonly referenceGrammarId?: string
  readonly id?: string
  readonly activities?: readonly WireActivity[]
  readonly watermark?: string
  readonly sessionId?: string
  readonly error?: { readonly code?: string; readonly message?: string }
  readonly httpStatusCode?: number
  readonly [name: string]: unknown
}

/** An answer, whole. */
export type Answer = {
  readonly status: number
  /** By lower-case name. */
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly bytes: Buffer
  /** The body as JSON; an empty object if it is not a JSON object. */
  readonly body: WireBody
}

/** What is sent. */
export type Call = {
  readonly method?: string
  /** The secret or token of an `Authorization: Bearer` header. */
  readonly bearer?: string | undefined
  /** Sent as JSON text with its Content-Type. */
  readonly json?: unknown
  /** Sent as it is, with no Content-Type but one in `headers`. */
  readonly raw?: string | Uint8Array
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly timeoutMs?: number
}

/**
 * Sends one request. A body makes it a POST unless the method is said. Rejects only if there is no answer: one that
 * comes while the body is still being sent counts.
 */
export function call(url: string, what: Call = {}): Promise<Answer> {
  const body = what.raw ?? (what.json === undefined ? undefined : JSON.stringify(what.json))
  const headers = {
    ...(what.bearer === undefined ? {} : { authorization: `Bearer ${what.bearer}` }),
    ...(what.json === undefined ? {} : { 'content-type': 'application/json' }),
    ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
    ...what.headers,
  }
  const method = what.method ?? (body === undefined ? 'GET' : 'POST')
  const answered = new Promise<Answer>((resolve, reject) => {
    const request = send(url, { method, headers })
    request.once('response', response => readAnswer(response).then(resolve, reject))
    request.on('error', reject)
    request.end(body)
  })
  return inTime(`an answer to ${method} ${url}`, answered, what.timeoutMs ?? 25_000)
}

/** Reads an answer to its end. One that is cut short is taken as far as it came. */
export async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer)
  } catch (error) {
    if (chunks.length === 0) throw error
  }
  const bytes = Buffer.concat(chunks)
  const text = bytes.toString('utf8')
  return { status: response.statusCode ?? 0, headers: response.headers, text, bytes, body: bodyOf(text) }
}

/**
 * Sends bytes no HTTP client would, and answers all that comes back until the connection is closed.
 *
 * @param port of a service on 127.0.0.1
 */
export async function callRaw(port: number, text: string | Uint8Array): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const chunks: Buffer[] = []
  socket.on('data', chunk => chunks.push(chunk)).on('error', () => undefined)
  socket.write(text)
  const closed = once(socket, 'close')
  try {
    await inTime('the connection to be closed', closed)
  } finally {
    socket.destroy()
  }
  return Buffer.concat(chunks).toString('latin1')
}

function bodyOf(text: string): WireBody {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as WireBody) : {}
  } catch {
    // Not JSON: a test that expects some is told by what is missing.
    return {}
  }
}
