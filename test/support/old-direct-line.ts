/**
 * Direct Line 1.1 as its clients speak it: the calls a test makes again and again, and what is true of every error. A
 * conversation of this kind is one of 3.0 too, so what is in `direct-line.ts` takes it as well.
 */
import assert from 'node:assert/strict'
import type { TestApp } from './app.ts'
import { type Answer, type Call, call } from './http.ts'

/** The service, as far as its clients know it. */
export type OldService = Pick<TestApp, 'origin' | 'secret'>

/** A message as clients read it. */
export type OldMessage = {
  readonly id?: string
  readonly conversationId?: string
  readonly created?: string
  readonly from?: string
  readonly text?: string
  readonly channelData?: unknown
  readonly images?: readonly string[]
  readonly attachments?: readonly { readonly url?: string; readonly contentType?: string }[]
}

/** A conversation of both APIs. */
export type OldChat = {
  readonly conversation: string
  readonly token: string
  readonly secret: string
  /** `{origin}/api/conversations/{id}` */
  readonly old: string
  /** The same conversation in Direct Line 3.0: `{origin}/v3/directline/conversations/{id}` */
  readonly address: string
}

/** The conversation of a token. */
export const oldChatOf = ({ origin, secret }: OldService, conversation: string, token: string): OldChat => ({
  conversation,
  token,
  secret,
  old: `${origin}/api/conversations/${conversation}`,
  address: `${origin}/v3/directline/conversations/${conversation}`,
})

/** A started conversation: with a user, whom its token then speaks for, or without one. */
export async function startOldChat(service: OldService, user?: { readonly id: string }): Promise<OldChat> {
  const { status, body, text } = await call(`${service.origin}/api/conversations`, {
    method: 'POST',
    bearer: service.secret,
    ...(user === undefined ? {} : { json: { user } }),
  })
  assert.equal(status, 200, text)
  return oldChatOf(service, body.conversationId ?? '', body.token ?? '')
}

/** Posts a message with the chat's token, unless another credential is said. */
export const postOld = ({ old, token }: Pick<OldChat, 'old' | 'token'>, message: unknown, more: Call = {}) =>
  call(`${old}/messages`, { bearer: token, json: message, ...more })

/** Says something that the bot accepts. */
export async function sayOld(chat: Pick<OldChat, 'old' | 'token'>, text: string, from = 'u1'): Promise<void> {
  assertNothing(await postOld(chat, { from, text }))
}

/** Uploads with the chat's token. */
export const uploadOld = ({ old, token }: Pick<OldChat, 'old' | 'token'>, what: Call, query = '') =>
  call(`${old}/upload${query}`, { method: 'POST', bearer: token, ...what })

/** One page, with the chat's token unless another credential is said. No watermark: none is sent. */
export const getMessages = ({ old, token }: Pick<OldChat, 'old' | 'token'>, watermark?: string, more: Call = {}) =>
  call(`${old}/messages${watermark === undefined ? '' : `?watermark=${encodeURIComponent(watermark)}`}`, {
    bearer: token,
    ...more,
  })

/** The messages of a page. */
export function messagesIn({ status, body, text }: Answer): readonly OldMessage[] {
  assert.equal(status, 200, text)
  assert.equal(typeof body.watermark, 'string', text)
  assert.deepEqual(Object.keys(body).sort(), ['messages', 'watermark'])
  assert.ok(Array.isArray(body['messages']), text)
  return body['messages'] as readonly OldMessage[]
}

/** All messages, page by page until one is empty, as the documentation tells clients to read. */
export async function readMessages(chat: Pick<OldChat, 'old' | 'token'>): Promise<readonly OldMessage[]> {
  const read: OldMessage[] = []
  let watermark: string | undefined
  for (;;) {
    const page = await getMessages(chat, watermark)
    const messages = messagesIn(page)
    if (messages.length === 0) return read
    read.push(...messages)
    watermark = page.body.watermark
  }
}

/** Holds an answer against what says that a message was taken: 204, and nothing else. */
export function assertNothing({ status, text, headers }: Answer): void {
  assert.equal(status, 204, text)
  assert.equal(text, '')
  assert.equal(headers['content-type'], undefined)
  assert.match(headers['cache-control'] ?? '', /no-store/)
  assert.ok(headers['access-control-allow-origin'], 'browsers hide answers without this header')
}

/** The codes of the schema. Generated clients know them as an enumeration. */
const codes = [
  'MissingProperty',
  'MalformedData',
  'NotFound',
  'ServiceError',
  'Internal',
  'InvalidRange',
  'NotSupported',
  'NotAllowed',
  'BadCertificate',
]

/**
 * Holds an answer against what every refusal of this API has: its status, in the body too, a code of the closed list,
 * a body of the one shape, headers that let a browser's script read it, and nothing about the inside.
 *
 * @param botStatus the status the bot answered with, 504 if it gave none, on its failures
 */
export function assertOldRefused(answer: Answer, status: number, code: string, botStatus?: number): void {
  const { headers, body, text } = answer
  assert.equal(answer.status, status, text)
  const { message } = body.error ?? {}
  assert.ok(typeof message === 'string' && message !== '', text)
  assert.deepEqual(body, {
    error: { code, message, statusCode: status },
    ...(botStatus === undefined ? {} : { httpStatusCode: botStatus }),
  })
  assert.ok(codes.includes(code), code)
  assert.equal(headers['content-type'], 'application/json; charset=utf-8')
  assert.match(headers['cache-control'] ?? '', /no-store/)
  assert.ok(headers['access-control-allow-origin'], 'browsers hide answers without this header')
  assert.match(headers['access-control-expose-headers'] ?? '', /retry-after/i)
  assert.equal(headers['server'], undefined)
  assert.equal(headers['x-powered-by'], undefined)
  assert.doesNotMatch(text, /node_modules|\.ts\b|\.js\b|\n {2,}at |sqlite|fastify|undici/i)
}
