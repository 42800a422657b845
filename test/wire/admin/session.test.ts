/**
 * Logging in to the admin API with a cookie: what it opens, for whom, and how it ends.
 */
import assert from 'node:assert/strict'
import { type IncomingMessage, request } from 'node:http'
import { after, test } from 'node:test'
import { assertAdminRefused } from '../../support/admin.ts'
import { startApp } from '../../support/app.ts'
import { makeFolder } from '../../support/folder.ts'
import { type Answer, call } from '../../support/http.ts'
import { openSocket, refusedHandshake } from '../../support/socket.ts'
import { inTime } from '../../support/until.ts'
import { grounds } from '../nodes/grounds.ts'
import { startNodes } from '../nodes/nodes.ts'

const app = await startApp()
after(() => app[Symbol.asyncDispose]())

type Service = Pick<typeof app, 'origin' | 'adminKey'>
type Headers = Readonly<Record<string, string>>

const login = ({ origin, adminKey }: Service, headers: Headers = {}, key: unknown = adminKey) =>
  call(`${origin}/admin/v1/login`, { json: { key }, headers })

const cookieOf = ({ headers }: Answer): string => headers['set-cookie']?.[0]?.split(';', 1)[0] ?? ''

/** The cookie of somebody who has just logged in. */
async function loggedIn(service: Service = app, headers: Headers = {}): Promise<string> {
  const answer = await login(service, headers)
  assert.equal(answer.status, 204, answer.text)
  return cookieOf(answer)
}

const bots = (cookie: string, headers: Headers = {}, { origin }: Service = app) =>
  call(`${origin}/admin/v1/bots`, { headers: { cookie, ...headers } })

/** Something that is not merely read. */
const change = (cookie: string, headers: Headers = {}, { origin }: Service = app) =>
  call(`${origin}/admin/v1/sites/default`, { method: 'PATCH', json: {}, headers: { cookie, ...headers } })

test('the key is given once for a cookie that no script can read and no other site can have sent', async () => {
  const answer = await login(app)
  assert.equal(answer.status, 204)
  assert.equal(answer.text, '')
  const [set = '', ...more] = answer.headers['set-cookie'] ?? []
  assert.equal(more.length, 0)
  assert.match(set, /^landline_admin=[\w-]{40,}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/)
  assert.equal(set.includes(app.adminKey), false)
  assert.equal((await bots(cookieOf(answer))).status, 200)
  assert.equal((await bots(`other=1; ${cookieOf(answer)}; more=2`)).status, 200)
  assert.notEqual(await loggedIn(), await loggedIn())
})

test('nothing but the key lets in, and a made-up cookie opens nothing', async () => {
  assertAdminRefused(await login(app, {}, 'wrong'), 401, 'AdminKeyNeeded')
  for (const key of [null, '', 7]) assertAdminRefused(await login(app, {}, key), 400, 'MissingProperty')
  const cookie = await loggedIn()
  const broken = cookie.slice(0, -2) + (cookie.endsWith('A') ? 'BB' : 'AA')
  for (const wrong of ['landline_admin=', 'landline_admin=x', `landline_admin=${app.adminKey}`, broken])
    assertAdminRefused(await bots(wrong), 401, 'AdminKeyNeeded')
  await using other = await startApp()
  assertAdminRefused(await bots(cookie, {}, other), 401, 'AdminKeyNeeded')
})

test('with the cookie, only pages of ours may ask, and whatever changes anything says where it comes from', async () => {
  const cookie = await loggedIn()
  assert.equal((await bots(cookie)).status, 200)
  assertAdminRefused(await change(cookie), 403, 'ForeignOrigin')
  const { port } = new URL(app.origin)
  for (const origin of [
    'https://evil.example',
    'null',
    `http://127.0.0.1:${Number(port) + 1}`,
    `http://127.0.0.1:${port}.evil.example`,
    `http://localhost:${port}`,
    `https://127.0.0.1:${port}`,
  ]) {
    assertAdminRefused(await bots(cookie, { origin }), 403, 'ForeignOrigin')
    assertAdminRefused(await change(cookie, { origin }), 403, 'ForeignOrigin')
    // The key in the same request does not make the page ours.
    assertAdminRefused(await change(cookie, { origin, authorization: `Bearer ${app.adminKey}` }), 403, 'ForeignOrigin')
  }
  assert.equal((await change(cookie, { origin: app.origin })).status, 200)
  assert.equal((await bots(cookie, { origin: app.origin })).status, 200)
  assertAdminRefused(await login(app, { origin: 'https://evil.example' }), 403, 'ForeignOrigin')
})

test('a WebSocket is opened for the key, and with the cookie for pages of ours alone', async () => {
  const live = `${app.origin.replace('http', 'ws')}/admin/v1/live`
  const cookie = await loggedIn()
  for (const headers of [{ cookie }, { cookie, origin: 'https://evil.example' }, { cookie, origin: 'null' }])
    assert.equal((await refusedHandshake(live, { headers })).status, 403)
  assert.equal((await refusedHandshake(live)).status, 401)
  assert.equal(
    (await refusedHandshake(live, { headers: { cookie, origin: app.origin, host: 'evil.example' } })).status,
    421,
  )
  for (const headers of [{ cookie, origin: app.origin }, { authorization: `Bearer ${app.adminKey}` }]) {
    using socket = await openSocket(live, { headers })
    await socket.close()
  }
})

test('behind https the cookie is for https alone, and the public address is an origin of ours', async () => {
  const settings = { publicUrl: 'https://chat.example.org', trustedProxies: ['127.0.0.1'] }
  await using own = await startApp({ settings })
  const named = { host: 'chat.example.org' }
  const secure = (await login(own, named)).headers['set-cookie']?.[0] ?? ''
  assert.match(secure, /; Secure$/)
  const cookie = secure.split(';', 1)[0] ?? ''
  assert.equal((await change(cookie, { ...named, origin: 'https://chat.example.org' }, own)).status, 200)
  const http = await change(cookie, { ...named, origin: 'http://chat.example.org' }, own)
  assertAdminRefused(http, 403, 'ForeignOrigin')
  // A proxy may call us by another name of ours.
  assert.equal((await change(cookie, { origin: 'https://chat.example.org' }, own)).status, 200)
  const local = (await login(own)).headers['set-cookie']?.[0] ?? ''
  assert.doesNotMatch(local, /Secure/)
  const forwarded = (await login(own, { 'x-forwarded-proto': 'https' })).headers['set-cookie']?.[0] ?? ''
  assert.match(forwarded, /; Secure$/)
  const from = (scheme: string) => ({ 'x-forwarded-proto': scheme, origin: own.origin.replace('http', 'https') })
  assert.equal((await change(cookie, from('https'), own)).status, 200)
  assertAdminRefused(await change(cookie, from('http'), own), 403, 'ForeignOrigin')
})

test('the names in admin.hosts are ours too, and no others, for the API, the console and what is for development', async () => {
  const admin = { enabled: true, listen: undefined, hosts: ['Ops.example.org'], allowPlainHttp: false }
  await using own = await startApp({ settings: { admin } })
  const bearer = own.adminKey
  const as = (host: string, path: string) => call(own.origin + path, { bearer, headers: { host } })
  assert.equal((await as('ops.example.org:8443', '/admin/v1/bots')).status, 200)
  for (const path of ['/admin/v1/bots', '/admin/v1/login', '/console/', '/CONSOLE/x', '/dev/token', '/%64ev/token']) {
    const { status, body } = await as('evil.example', path)
    assert.deepEqual([status, body.error?.code], [421, 'Misdirected'], path)
  }
  assert.notEqual((await as('evil.example', '/health')).status, 421)
  const cookie = await loggedIn(own, { host: 'ops.example.org' })
  const from = { host: 'ops.example.org', origin: 'https://ops.example.org' }
  assert.equal((await change(cookie, from, own)).status, 200)
})

test('a session lives twelve hours from its last use, and no longer', async () => {
  await using own = await startApp()
  const hour = 60 * 60 * 1000
  const first = await loggedIn(own)
  assert.equal((await bots(first, {}, own)).headers['set-cookie'], undefined)
  own.advanceClock(11 * hour)
  const used = await bots(first, {}, own)
  assert.equal(used.status, 200)
  const second = cookieOf(used)
  assert.match(second, /^landline_admin=./)
  own.advanceClock(2 * hour)
  assertAdminRefused(await bots(first, {}, own), 401, 'AdminKeyNeeded')
  assert.equal((await bots(second, {}, own)).status, 200)
  own.advanceClock(12 * hour)
  assertAdminRefused(await bots(second, {}, own), 401, 'AdminKeyNeeded')
})

test('logging out ends the session everywhere, also for copies of the cookie and after a restart', async () => {
  await using folder = await makeFolder()
  let ended = ''
  let open = ''
  {
    await using own = await startApp({ dir: folder.path })
    ended = await loggedIn(own)
    open = await loggedIn(own)
    const leave = (headers: Headers) => call(`${own.origin}/admin/v1/logout`, { method: 'POST', headers })
    assertAdminRefused(await leave({ cookie: ended, origin: 'https://evil.example' }), 403, 'ForeignOrigin')
    const left = await leave({ cookie: ended, origin: own.origin })
    assert.equal(left.status, 204)
    assert.match(left.headers['set-cookie']?.[0] ?? '', /^landline_admin=; Path=\/; Max-Age=0;/)
    assertAdminRefused(await bots(ended, {}, own), 401, 'AdminKeyNeeded')
    assert.equal((await leave({})).status, 204)
  }
  await using again = await startApp({ dir: folder.path })
  assertAdminRefused(await bots(ended, {}, again), 401, 'AdminKeyNeeded')
  assert.equal((await bots(open, {}, again)).status, 200, 'a session survives a restart')
})

/** Looks in with the live socket and the tail. `ended` resolves when both have ended, with how the socket was closed. */
async function lookIn(origin: string, headers: Headers) {
  const socket = await openSocket(`${origin.replace('http', 'ws')}/admin/v1/live`, { headers })
  const asked = request(`${origin}/admin/v1/tail`, { headers })
  asked.on('error', () => undefined).end()
  const answered = new Promise<IncomingMessage>(resolve => asked.once('response', resolve))
  const tail = await inTime('the tail', answered)
  assert.equal(tail.statusCode, 200)
  const tailEnded = new Promise<void>(resolve => tail.once('end', resolve).resume())
  return {
    socket,
    tail,
    ended: Promise.all([socket.closed, tailEnded]).then(([closed]) => closed),
    [Symbol.dispose]: () => {
      socket.ws.terminate()
      asked.destroy()
    },
  }
}

test('logging out ends the live sockets and tails of the session, on every node, and no others', async () => {
  await using ground = await grounds[0].open()
  await using world = await startNodes(ground, 2)
  const [here, there] = world.nodes
  const [cookie, other] = [await loggedIn(here), await loggedIn(here)]
  using own = await lookIn(here.origin, { cookie, origin: here.origin })
  using elsewhere = await lookIn(there.origin, { cookie, origin: there.origin })
  using another = await lookIn(here.origin, { cookie: other, origin: here.origin })
  using keyed = await lookIn(here.origin, { authorization: `Bearer ${here.adminKey}` })
  const headers = { cookie, origin: here.origin }
  assert.equal((await call(`${here.origin}/admin/v1/logout`, { method: 'POST', headers })).status, 204)
  for (const { ended } of [own, elsewhere])
    assert.deepEqual(await inTime('the end', ended), { code: 1008, reason: 'the session has ended' })
  for (const { socket, tail } of [another, keyed]) {
    socket.send(JSON.stringify({ op: 'sub', id: 'still here', topic: 'problems' }))
    await socket.until('an answer', ({ frames }) => frames.length > 0)
    assert.equal(tail.readableEnded, false)
  }
})

test('a session ends with the key it was opened with', async () => {
  await using folder = await makeFolder()
  const keyed = (adminKey: string) => startApp({ dir: folder.path, settings: { adminKey } })
  let cookie = ''
  {
    await using own = await keyed('the-first-key-of-this-test-000000001')
    cookie = await loggedIn(own)
  }
  await using again = await keyed('the-second-key-of-this-test-00000001')
  assertAdminRefused(await bots(cookie, {}, again), 401, 'AdminKeyNeeded')
})

test('after five wrong keys in a second further ones are too many, the right one logs in, and each is audited', async () => {
  await using own = await startApp()
  for (let rounds = 0; ; rounds += 1) {
    assert.ok(rounds < 20, 'never refused')
    const answers = await Promise.all(Array.from({ length: 12 }, () => login(own, {}, 'wrong')))
    const limited = answers.filter(({ status }) => status === 429)
    assert.equal((await login(own)).status, 204)
    if (limited.length === 0) continue
    for (const answer of limited) assertAdminRefused(answer, 429, 'TooManyRequests')
    break
  }
  const actions = own.events.flatMap(event => (event.event === 'audit' ? [event.action] : []))
  assert.ok(actions.filter(action => action === 'wrongKey').length >= 5)
  assert.equal(actions.at(-1), 'loggedIn')
})
