/**
 * Every door of the service and every key there is: each opens what it is for, and nothing else.
 */
import assert from 'node:assert/strict'
import { channel } from 'node:diagnostics_channel'
import { after, test } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { type Door, doors, headersOf, isPackaged, type Key } from './doors.ts'
import { startGround } from './ground.ts'
import { knock } from './knock.ts'

/** What the service mounts, told by the framework itself. */
const mounted: string[] = []
channel('fastify.initialization').subscribe(message => {
  const { fastify } = message as { fastify: FastifyInstance }
  fastify.addHook('onRoute', ({ method, url }) => {
    mounted.push(`${String(method)} ${url}`)
  })
})

const ground = await startGround()
after(() => ground[Symbol.asyncDispose]())

/** Answers that say: not with this. */
const isRefused = (status: number) => [400, 401, 403, 404].includes(status)

/** Operations of the Connector that this channel answers with a refusal of its own, however good the request is. */
const isNeverOffered = ({ route }: Door) =>
  /^POST (?:\/connector\/:opened\/:mark)?\/v3\/conversations(?:\/:conversation\/activities\/history)?$/.test(route)

/** What this service does not have. */
const isMissing = ({ route }: Door) => / (?:\/connector\/:opened\/:mark)?\/api\/(?:usertoken|botsignin)\//.test(route)

const isStream = ({ route }: Door) => /\/(?:stream(?:\/multimodal)?|live)$/.test(route)

/** What changes or destroys comes last. */
const isLasting = ({ route }: Door) => /^DELETE|revoke|regenerate|rotate/.test(route)

test('every route of the service is known here', () => {
  assert.deepEqual(mounted.filter(route => !isPackaged(route)).sort(), doors.map(({ route }) => route).sort())
})

test('every door opens to its own keys', async () => {
  await using own = await startGround()
  for (const door of [...doors].sort((one, other) => Number(isLasting(one)) - Number(isLasting(other)))) {
    for (const key of door.keys.length === 0 ? [null] : door.keys) {
      const { status, text } = await knock(door, own, { key })
      const isGood = isStream(door)
        ? status === 400
        : isNeverOffered(door)
          ? status === 405
          : isMissing(door)
            ? status === 501
            : status < 400
      assert.ok(isGood, `${door.route} with ${key}: ${status} ${text}`)
    }
  }
})

const shown: readonly Key[] = ['secret', 'token', 'botToken', 'app', 'oldBot', 'admin']
/** Keys that stand in an address, shown as if they were credentials. */
const misplaced: Readonly<Record<string, string>> = {
  'the stream’s ticket': ground.open.ticket,
  'the mark of the connector': ground.open.talk.mark,
  'the signature of a link': new URL(`http://x${ground.open.link}`).searchParams.get('s') ?? '',
  'the id of the conversation': ground.open.talk.conversation,
  'the app’s id': 'aaaaaaaa-0000-4000-8000-00000000000a',
}

/** Whether a door is shown what opens it in its address, so that headers say nothing. */
const isOpenedByAddress = ({ keys }: Door) => keys.some(key => ['mark', 'link', 'ticket'].includes(key))

test('no door opens to a key that is another’s, or is none', async () => {
  for (const door of doors) {
    if (door.keys.length === 0 || isOpenedByAddress(door)) continue
    for (const key of shown) {
      if (door.keys.includes(key)) continue
      const { status, text } = await knock(door, ground, { key })
      assert.ok(isRefused(status) || status === 429, `${door.route} with ${key}: ${status} ${text}`)
    }
    for (const [what, value] of Object.entries(misplaced)) {
      for (const scheme of ['Bearer', 'Basic', 'BotConnector']) {
        const headers = { authorization: `${scheme} ${value}` }
        const { status, text } = await knock(door, ground, { key: null, headers })
        assert.ok(isRefused(status) || status === 429, `${door.route} with ${what}: ${status} ${text}`)
      }
    }
  }
})

test('a door that is opened by its address opens to no key in its place', async () => {
  for (const door of doors.filter(isOpenedByAddress)) {
    const { path } = door.request(ground)
    const wrong = path
      .replace(ground.open.talk.mark, 'A'.repeat(43))
      .replace(/([?&][ts]=)[^&]+/g, '$1wrong')
      .replace(/(\/attachments\/)[^/.]+\.[^/]+/, `$1${ground.open.talk.conversation}.${'A'.repeat(22)}`)
    assert.notEqual(wrong, path, door.route)
    for (const key of [null, ...shown]) {
      const { status, text } = await knock(door, ground, { key, path: wrong })
      assert.ok(isStream(door) ? status === 400 : isRefused(status), `${door.route} with ${key}: ${status} ${text}`)
    }
  }
})

test('a key counts only where it is shown as its scheme says: not in the query, the body, a cookie or another header', async () => {
  for (const door of doors) {
    if (isOpenedByAddress(door)) continue
    for (const key of door.keys) {
      const { authorization = '' } = headersOf(key, ground)
      const value = authorization.replace(/^\w+ /, '')
      const { path } = door.request(ground)
      const inQuery = ['t', 'token', 'access_token', 'authorization', 'secret', 'key', 'code']
        .map(name => `${name}=${encodeURIComponent(value)}`)
        .join('&')
      for (const [where, changes] of Object.entries({
        'the query': { path: `${path}${path.includes('?') ? '&' : '?'}${inQuery}` },
        'a cookie': { headers: { cookie: `token=${value}; authorization=${value}; landline_session=${value}` } },
        'another header': {
          headers: {
            ...{ 'x-authorization': authorization, 'proxy-authorization': authorization, 'x-api-key': value },
            ...{ 'x-ms-token': value, 'x-forwarded-authorization': authorization, 'sec-websocket-protocol': value },
          },
        },
        'the wrong scheme': { headers: { authorization: `Digest ${value}` } },
        'no scheme': { headers: { authorization: value } },
      })) {
        const { status, text } = await knock(door, ground, { key: null, ...changes })
        assert.ok(
          status === 401 || status === 400 || status === 429,
          `${door.route} with ${key} in ${where}: ${status} ${text}`,
        )
      }
    }
  }
})

test('what can be guessed is long, and tells nothing of what came before it', async () => {
  const conversations: string[] = []
  for (let at = 0; at < 100; at += 1) {
    const door = doors.find(({ route }) => route === 'POST /v3/directline/conversations')
    const { body } = await knock(door ?? assert.fail(), ground)
    conversations.push(body.conversationId ?? '')
  }
  const [, , , file = ''] = ground.open.link.split('/')
  for (const id of [...conversations, file, ground.open.attachment.split('.')[1] ?? ''])
    assert.match(id, /^[A-Za-z0-9]{22,}$/, 'base 62: 22 characters hold 130 bits')
  assert.ok(ground.open.talk.mark.length >= 22)
  assert.equal(new Set(conversations).size, conversations.length)
  assert.notDeepEqual([...conversations].sort(), conversations)
  for (let at = 0; at < 8; at += 1)
    assert.ok(new Set(conversations.map(id => id[at])).size > 20, `the character at ${at} is nearly always the same`)
})
