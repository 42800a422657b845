/**
 * The service's REST calls as a page's own server makes them: to get tokens with the secret, and to look at a
 * conversation beside the client under test.
 */
import assert from 'node:assert/strict'
import type { SomeActivity } from '../bots/wire.ts'

/** Where the service is, and what opens it. */
export type Service = { readonly base: string; readonly secret: string }

/** A conversation as the service hands it out. */
export type Opened = { readonly conversationId: string; readonly token: string; readonly streamUrl?: string }

/** An answer, whatever it is. */
export type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> }

/** Calls the service with a secret or a token. */
export async function call(
  base: string,
  credential: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const response = await fetch(`${base}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${credential}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

/** A token for a conversation that is yet to start, with its user if one is named. */
export async function generateToken({ base, secret }: Service, user?: { id: string; name?: string }): Promise<Opened> {
  const { status, body } = await call(base, secret, 'POST', '/tokens/generate', user === undefined ? {} : { user })
  assert.equal(status, 200, JSON.stringify(body))
  return body as Opened
}

/** A new conversation in which nobody is known yet. */
export async function startConversation({ base, secret }: Service): Promise<Opened> {
  const { status, body } = await call(base, secret, 'POST', '/conversations')
  assert.equal(status, 201, JSON.stringify(body))
  return body as Opened
}

/** Sends one message, as a page's own server might. Answers the activity's id. */
export async function say({ base, secret }: Service, conversation: string, text: string, user = 'u1'): Promise<string> {
  const activity: SomeActivity = { type: 'message', text, from: { id: user } }
  const { status, body } = await call(base, secret, 'POST', `/conversations/${conversation}/activities`, activity)
  assert.equal(status, 200, JSON.stringify(body))
  return String(body['id'])
}

/** The whole log of a conversation, page by page, and the watermark at its end. */
export async function readLog(
  { base, secret }: Service,
  conversation: string,
): Promise<{ activities: readonly SomeActivity[]; watermark: string }> {
  const activities: SomeActivity[] = []
  let watermark = '0'
  for (;;) {
    const { status, body } = await call(
      base,
      secret,
      'GET',
      `/conversations/${conversation}/activities?watermark=${watermark}`,
    )
    assert.equal(status, 200, JSON.stringify(body))
    const page = body['activities'] as readonly SomeActivity[]
    watermark = String(body['watermark'])
    if (page.length === 0) return { activities, watermark }
    activities.push(...page)
  }
}
