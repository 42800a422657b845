/**
 * The admin API as an operator uses it.
 */
import assert from 'node:assert/strict'
import type { RecordsBody } from '../../src/protocol/admin-conversations.ts'
import type { TestApp } from './app.ts'
import { type Answer, call, type WireBody } from './http.ts'

/** The service, as far as its operator knows it. */
export type Administered = Pick<TestApp, 'origin' | 'adminKey'>

/** Asks the admin API with its key. */
export const ask = (
  { origin, adminKey }: Administered,
  method: string,
  path: string,
  json?: unknown,
): Promise<Answer> =>
  call(`${origin}/admin/v1${path}`, { method, bearer: adminKey, ...(json === undefined ? {} : { json }) })

/** The same, for what is to succeed with 200. Answers the body. */
export async function done(app: Administered, method: string, path: string, json?: unknown): Promise<WireBody> {
  const { status, body, text } = await ask(app, method, path, json)
  assert.equal(status, 200, text)
  return body
}

/** The log of a conversation as people who look in are told it. @param query such as `?limit=5` */
export const recordsOf = async (
  app: Administered,
  { conversation }: { readonly conversation: string },
  query = '',
): Promise<RecordsBody> =>
  (await done(app, 'GET', `/conversations/${conversation}/records${query}`)) as unknown as RecordsBody

/** Holds a refusal of the admin API against what each has: status, code, a body of the one shape, and no cross-origin headers. */
export function assertAdminRefused(answer: Answer, status: number, code: string): void {
  const { headers, body, text } = answer
  assert.equal(answer.status, status, text)
  const { message } = body.error ?? {}
  assert.ok(typeof message === 'string' && message !== '', text)
  assert.deepEqual(body, { error: { code, message } })
  assertSameOrigin(answer)
  assert.match(headers['cache-control'] ?? '', /no-store/)
  assert.doesNotMatch(text, /node_modules|\.ts\b|\.js\b|\n {2,}at |sqlite|fastify/i)
}

/** Holds an answer against letting no page of another origin read it. */
export function assertSameOrigin({ headers }: Answer): void {
  const cors = Object.keys(headers).filter(name => name.startsWith('access-control-'))
  assert.deepEqual(cors, [])
}
