/**
 * Direct Line 3.0 as its clients speak it: the calls a test makes again and again, and what is true of every error.
 */
import assert from 'node:assert/strict'
import { type Answer, type Call, call, type WireActivity } from './http.ts'

/** Where the service is, and what opens it. */
export type Service = { readonly base: string; readonly secret: string }

/** A conversation that has been started. */
export type Chat = {
  readonly conversation: string
  /** The token that came with the start. */
  readonly token: string
  readonly streamUrl: string
  /** `{base}/conversations/{id}` */
  readonly address: string
  readonly secret: string
}

/** A user as a client names one. */
export type User = { readonly id: string; readonly name?: string }

/** A token for a conversation that is yet to start. */
export async function generateToken(
  { base, secret }: Service,
  parameters: { readonly user?: User; readonly trustedOrigins?: readonly string[] } = {},
): Promise<{ readonly conversation: string; readonly token: string; readonly address: string }> {
  const { status, body, text } = await call(`${base}/tokens/generate`, { bearer: secret, json: parameters })
  assert.equal(status, 200, text)
  const conversation = body.conversationId ?? ''
  return { conversation, token: body.token ?? '', address: `${base}/conversations/${conversation}` }
}

/** A started conversation: with a user, whom its token then speaks for, or without one. */
export async function startChat(service: Service, user?: User, more: Call = {}): Promise<Chat> {
  const answer = await call(`${service.base}/conversations`, {
    bearer: service.secret,
    json: user === undefined ? {} : { user },
    ...more,
  })
  assert.equal(answer.status, 201, answer.text)
  return chatOf(service, answer)
}

/** The conversation in the answer to a start or a reconnect. */
export function chatOf({ base, secret }: Service, { body }: Answer): Chat {
  const { conversationId: conversation = '', token = '', streamUrl = '' } = body
  return { conversation, token, streamUrl, address: `${base}/conversations/${conversation}`, secret }
}

/** Posts an activity with the chat's token, unless another credential is said. */
export const post = ({ address, token }: Pick<Chat, 'address' | 'token'>, activity: unknown, more: Call = {}) =>
  call(`${address}/activities`, { bearer: token, json: activity, ...more })

/** A message. */
export const message = (text: string, user = 'u1', more: Readonly<Record<string, unknown>> = {}): WireActivity => ({
  type: 'message',
  text,
  from: { id: user },
  ...more,
})

/** Says something that the bot accepts. Answers the activity's id. */
export async function say(chat: Pick<Chat, 'address' | 'token'>, text: string, user = 'u1'): Promise<string> {
  const { status, body, text: answer } = await post(chat, message(text, user))
  assert.equal(status, 200, answer)
  return String(body.id)
}

/** One page of the log, with the chat's token unless another credential is said. No watermark: none is sent. */
export const getPage = ({ address, token }: Pick<Chat, 'address' | 'token'>, watermark?: string, more: Call = {}) =>
  call(`${address}/activities${watermark === undefined ? '' : `?watermark=${encodeURIComponent(watermark)}`}`, {
    bearer: token,
    ...more,
  })

/** The whole log, page by page until one is empty. */
export async function readLog(chat: Pick<Chat, 'address' | 'token'>): Promise<readonly WireActivity[]> {
  const read: WireActivity[] = []
  let watermark: string | undefined
  for (;;) {
    const { status, body, text } = await getPage(chat, watermark)
    assert.equal(status, 200, text)
    assert.equal(typeof body.watermark, 'string', text)
    if (body.activities?.length === 0) return read
    read.push(...(body.activities ?? []))
    watermark = body.watermark
  }
}

/** Asks for a new stream, with the chat's token unless another credential is said. */
export const reconnect = ({ address, token }: Pick<Chat, 'address' | 'token'>, watermark?: string, more: Call = {}) =>
  call(`${address}${watermark === undefined ? '' : `?watermark=${encodeURIComponent(watermark)}`}`, {
    bearer: token,
    ...more,
  })

/** The stream URL with other parameters; null takes one out. */
export function streamUrlWith(
  { streamUrl }: Pick<Chat, 'streamUrl'>,
  changes: Readonly<Record<string, string | null>>,
): string {
  const url = new URL(streamUrl)
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) url.searchParams.delete(name)
    else url.searchParams.set(name, value)
  }
  return url.href
}

/** The number in an activity's id. */
export const numberOf = (id: string | undefined): number => Number(/\|(\d+)$/.exec(id ?? '')?.[1] ?? Number.NaN)

/** What a token says. */
export function claimsOf(token: string | undefined): Readonly<Record<string, unknown>> {
  const parts = (token ?? '').split('.')
  assert.equal(parts.length, 3, 'a compact JWT has three parts')
  return JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8')) as Record<string, unknown>
}

/**
 * Holds an answer against what every refusal of this API has: its status and code, a body of the one shape, headers
 * that let a browser's script read it, and nothing about the inside.
 *
 * @param botStatus the status the bot answered with, on its failures
 */
export function assertRefused(answer: Answer, status: number, code: string, botStatus?: number): void {
  const { headers, body, text } = answer
  assert.equal(answer.status, status, text)
  const { message } = body.error ?? {}
  assert.ok(typeof message === 'string' && message !== '', text)
  assert.deepEqual(body, {
    error: { code, message },
    ...(botStatus === undefined ? {} : { httpStatusCode: botStatus }),
  })
  assert.equal(headers['content-type'], 'application/json; charset=utf-8')
  assert.match(headers['cache-control'] ?? '', /no-store|no-cache/)
  assert.ok(headers['access-control-allow-origin'], 'browsers hide answers without this header')
  assert.match(headers['access-control-expose-headers'] ?? '', /retry-after/i)
  assert.equal(headers['server'], undefined)
  assert.equal(headers['x-powered-by'], undefined)
  assert.doesNotMatch(text, /node_modules|\.ts\b|\.js\b|\n {2,}at |sqlite|fastify|undici|\/work\//i)
}
