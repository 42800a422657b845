/**
 * Values planted in every place where people, bots and programs write, on roads that end well and on roads that end
 * badly: none of them is ever in the log, in an event, or in the answer to a request that failed.
 */
import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ConversationStore } from '../../../src/domain/ports.ts'
import { startProcess } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { type Chat, post, type Service, startChat } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { type Answer, type Call, call, callRaw } from '../../support/http.ts'
import { assertNothingTold, planted } from '../../support/planted.ts'
import { openSocket, refusedHandshake } from '../../support/socket.ts'
import { startRawBot } from '../delivery/raw-bot.ts'
import { startFaulty } from '../direct-line-v3/faulty.ts'
import { activityPart, filePart, formOf } from '../direct-line-v3/form.ts'

const text = `${planted}text`
const fakeJwt = `${Buffer.from(`{"alg":"HS256","kid":"${planted}kid"}`).toString('base64url')}.${Buffer.from(`{"sub":"${planted}sub"}`).toString('base64url')}.c2lnbmF0dXJl`

/** An activity with planted values wherever somebody writes. */
const activity = {
  type: 'message',
  text,
  speak: text,
  from: { id: `${planted}user`, name: `${planted}name` },
  attachments: [
    {
      contentType: 'text/plain',
      name: `${planted}file.txt`,
      contentUrl: `https://${planted}host.example/${planted}path?sig=${planted}sig`,
    },
    { contentType: 'application/vnd.microsoft.card.hero', content: { title: text } },
  ],
  channelData: { token: fakeJwt, clientActivityID: `${planted}client-activity`, [`${planted}member`]: text },
  value: { password: text },
}

const headers: Readonly<Record<string, string>> = {
  cookie: `session=${planted}cookie`,
  'user-agent': `${planted}agent`,
  'x-ms-bot-agent': `${planted}bot-agent`,
  'x-request-id': `${planted}request`,
  'x-ms-client-request-id': `${planted}client-request`,
  'idempotency-key': `${planted}key`,
  referer: `https://page.example/?code=${planted}code`,
  'x-forwarded-for': `${planted}address`,
  'x-forwarded-host': `${planted}forwarded.example`,
  'content-disposition': `attachment; filename="${planted}disposition.txt"`,
}

/** Credentials that are none, each planted. */
const credentials: readonly string[] = [
  `Bearer ${planted}secret`,
  `Bearer ${fakeJwt}`,
  `Basic ${Buffer.from(`${planted}id:${planted}password`).toString('base64')}`,
  `${planted}scheme ${planted}value`,
  `Bearer ${planted}a ${planted}b`,
]

/** Requests to every API, good and bad. */
function requests({ base, secret }: Service, chat: Chat): readonly (readonly [url: string, what: Call])[] {
  const origin = base.replace('/v3/directline', '')
  const query = `?watermark=${planted}watermark&t=${planted}ticket&userId=${planted}user-id&code=${planted}code`
  const bodies: readonly Call[] = [
    { json: activity },
    { raw: `{"type":"message","text":"${text}` },
    { raw: `{"${planted}member":"${text}"}x` },
    { raw: `"${text}"` },
    { json: { type: text, from: text } },
    {
      json: {
        user: { id: text.repeat(20), name: text },
        trustedOrigins: [text, 1],
        locale: text.repeat(20),
        token: fakeJwt,
        how: text,
      },
    },
    {
      raw: `grant_type=${planted}grant&client_id=${planted}id&client_secret=${planted}secret&scope=${planted}scope`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    },
    { raw: Buffer.concat([Buffer.from(`{"type":"message","text":"${text}`), Buffer.from([0xff])]) },
    formOf([activityPart(activity), filePart(`${planted}file.txt`, text)]),
    formOf([
      {
        headers: [
          `Content-Disposition: form-data; name="activity"; filename="${planted}x"`,
          'Content-Type: application/vnd.microsoft.activity',
        ],
        bytes: `{"text":"${text}`,
      },
    ]),
    { raw: text, headers: { 'content-type': `multipart/form-data; boundary=${planted}boundary` } },
    { raw: text, headers: { 'content-encoding': `${planted}encoding` } },
  ]
  const paths = [
    '/v3/directline/tokens/generate',
    '/v3/directline/conversations',
    `/v3/directline/conversations/${chat.conversation}/activities${query}`,
    `/v3/directline/conversations/${chat.conversation}/upload${query}`,
    `/v3/directline/conversations/${planted}conversation/activities${query}`,
    `/api/conversations/${chat.conversation}/messages${query}`,
    `/api/conversations/${chat.conversation}/upload${query}`,
    `/api/tokens/${planted}conversation/renew`,
    `/connector/${chat.conversation}/${planted}mark/v3/conversations/${chat.conversation}/activities`,
    `/v3/conversations/${planted}conversation/activities/${planted}activity`,
    `/v3/botstate/directline/users/${planted}user`,
    `/bot/v1.0/messages${query}`,
    `/bot/v1.0/bots/${planted}bot/users/${planted}user`,
    `/landline/oauth2/v2.0/token${query}`,
    `/msi/token${query}&client_id=${planted}id&resource=${planted}resource&api-version=2019-08-01`,
    `/attachments/${chat.conversation}/${planted}file-0000000000000000/${planted}name.txt?e=1&s=${planted}signature`,
    `/admin/v1/sites/${planted}site/tokens${query}`,
    `/admin/v1/tokens/revoke`,
    `/${planted}path/${planted}more${query}`,
    `/%zz/${planted}path`,
  ]
  const all: [string, Call][] = []
  for (const path of paths) {
    for (const body of bodies) {
      for (const authorization of [`Bearer ${secret}`, `Bearer ${chat.token}`])
        all.push([origin + path, { method: 'POST', ...body, headers: { ...headers, ...body.headers, authorization } }])
    }
    for (const authorization of credentials)
      all.push([origin + path, { method: 'POST', json: activity, headers: { ...headers, authorization } }])
    all.push([origin + path, { headers }], [origin + path, { method: 'PUT', headers }])
  }
  return all
}

/** What the answer to a failed request must not repeat: whoever reads it may be somebody else than who sent it. */
function assertSilent(
  { status, text: body, headers: answered }: Answer,
  url: string,
  secrets: readonly string[],
): void {
  if (status < 400) return
  assertNothingTold(body, `the answer ${status} of ${url}`, secrets)
  assertNothingTold(JSON.stringify(answered), `the headers of ${url}`, secrets)
}

/** Answers of a bot that has read what it was told. */
const misbehaviours: readonly ((socket: Socket) => void)[] = [
  socket =>
    socket.end(
      `HTTP/1.1 500 ${planted}reason\r\nX-Planted: ${planted}header\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
    ),
  socket =>
    socket.end(
      `HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:9/${planted}location\r\nContent-Length: 0\r\n\r\n`,
    ),
  socket => socket.end(`HTTP/1.1 ${planted}status\r\n\r\n${text}`),
  socket => socket.end(`${text}\r\n\r\n`),
  socket => socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"text":"${text}`),
  socket =>
    socket.end(`HTTP/1.1 200 OK\r\nX-${planted}: ${text}\r\nContent-Length: 30\r\nContent-Length: 31\r\n\r\n${text}`),
  socket =>
    socket.end(
      `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${text.length + 9}\r\n\r\n{"text":"${text}`,
    ),
  socket => socket.resetAndDestroy(),
]

test('a real process writes none of them into its log', async () => {
  await using folder = await makeFolder()
  for (const schema of ['v3', 'v1']) {
    await using bot = await startRawBot()
    const env = {
      LANDLINE_SECRET: `${planted}secret-of-the-site-000000000001`,
      LANDLINE_APP_PASSWORD: `${planted}password-of-the-bot-0000000001`,
      LANDLINE_ADMIN_KEY: `${planted}key-of-the-admin-api-000000001`,
      LANDLINE_RATE_LIMITS: 'off',
    }
    const dir = join(folder.path, schema)
    await using service = await startProcess({
      args: ['--port', '0', '--dir', dir, '--bot', bot.url, '--schema', schema, '--app', `${planted}app-id`],
      cwd: folder.path,
      env,
    })
    assert.equal(service.secret, env.LANDLINE_SECRET)
    const chat = await startChat(service, { id: `${planted}user`, name: `${planted}name` })
    for (const [url, what] of requests(service, chat)) {
      assertSilent(await call(url, what), url, Object.values(env))
    }
    for (const misbehaviour of misbehaviours) {
      bot.behave(misbehaviour)
      assertSilent(await post(chat, activity), 'a turn', Object.values(env))
    }
    const ticket = new URL(chat.streamUrl)
    ticket.searchParams.set('t', `${planted}ticket`)
    assertSilent(await refusedHandshake(ticket.href, { headers }), 'a handshake', Object.values(env))
    {
      using socket = await openSocket(chat.streamUrl.replace('/stream?', '/stream/multimodal?'), { headers })
      for (const frame of [JSON.stringify(activity), `{"text":"${text}`, `"${text}"`]) socket.send(frame)
      socket.send(Buffer.from(text))
      await socket.close()
    }
    for (const bytes of [
      `GET /${planted}path HTTP/9\r\n${text}\r\n\r\n`,
      `${text}\r\n\r\n`,
      `GET / HTTP/1.1\r\nHost: x\r\nX: ${text.repeat(3_000)}\r\n\r\n`,
    ])
      assertNothingTold(await callRaw(service.port, bytes), 'what is no answer', [])
    const wrongKey = { method: 'POST', bearer: `${planted}wrong-admin-key`, json: { token: fakeJwt } }
    assertSilent(await call(`${service.origin}/admin/v1/tokens/revoke`, wrongKey), 'a wrong key', Object.values(env))
    // The folder of files is gone, so that an upload fails inside.
    await rm(join(dir, 'files'), { recursive: true })
    await writeFile(join(dir, 'files'), text)
    const failed = await call(`${chat.address}/upload`, {
      bearer: chat.token,
      raw: text,
      headers: { ...headers, 'content-type': 'text/plain' },
    })
    assert.ok(failed.status === 500 || failed.status === 503, failed.text)
    assertSilent(failed, 'an upload', Object.values(env))
    await service.stop()
    const lines = service
      .log()
      .split('\n')
      .filter(line => line.startsWith('{'))
      .map(line => JSON.parse(line) as { readonly event?: string; readonly err?: object })
    const told = new Set(lines.map(({ event }) => event))
    for (const event of ['turnFailed', 'audit', 'fault']) assert.ok(told.has(event), `${event} in ${service.log()}`)
    for (const line of lines) {
      for (const value of [line, line.err ?? {}].flatMap(Object.values).filter(found => typeof found === 'string'))
        assert.ok(value.length <= 1024, JSON.stringify(line))
    }
  }
})

test('a service whose store fails tells none of them in an event or an answer', async () => {
  await using bot = await startBot({ answer: ({ type }) => ({ status: type === 'message' ? 500 : 200, body: text }) })
  let failsAt = Number.POSITIVE_INFINITY
  let asked = 0
  const failing = (good: ConversationStore): ConversationStore =>
    new Proxy(good, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        return (...parameters: unknown[]) => {
          asked += 1
          if (asked !== failsAt) return Reflect.apply(value, target, parameters) as unknown
          return Promise.reject(new TypeError('the store has failed', { cause: new Error('the disk is away') }))
        }
      },
    })
  await using service = await startFaulty(bot.url, ({ store }) => ({ store: failing(store) }))
  const chat = await startChat(service, { id: `${planted}user` })
  const told = new Set<number>()
  // A store that has failed once is waited for, so that each takes its time: some of them stand for all.
  const some = requests(service, chat).filter((_request, at) => at % 5 === 0)
  for (const [url, what] of some) {
    for (const at of [1, 2]) {
      asked = 0
      failsAt = at
      const answer = await call(url, what)
      told.add(answer.status)
      assertSilent(answer, url, [service.secret, chat.token])
    }
  }
  failsAt = Number.POSITIVE_INFINITY
  assert.ok(service.events.some(({ event }) => event === 'fault'))
  assert.ok(told.has(500) || told.has(503), [...told].join())
})
