/**
 * Bots added, changed and removed while the service runs: in effect at once, and kept.
 */
import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { defaultBot, defaultSite } from '../../../src/settings.ts'
import { ask, assertAdminRefused, done } from '../../support/admin.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { ada, askToken, tokenOf } from '../../support/bot-tokens.ts'
import { generateToken, message, post, startChat } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { call, type WireBody } from '../../support/http.ts'
import { openSocket } from '../../support/socket.ts'
import { watch } from '../../support/talk.ts'

const written = { ...defaultBot, id: 'written', where: 'landline.yaml:12' }
const app = await startApp({ settings: { bots: [written] } })
after(() => app[Symbol.asyncDispose]())

/** Adds a bot. */
async function add(bot: object, service: TestApp = app): Promise<WireBody> {
  const { status, body, text } = await ask(service, 'POST', '/bots', bot)
  assert.equal(status, 201, text)
  return body
}

const sitesOf = async (bot: string, service: TestApp = app) =>
  (await done(service, 'GET', `/bots/${bot}/sites`))['items'] as { id: string; name: string; owner: string }[]

/** A secret of the first site of a bot. */
async function secretOf(bot: string, service: TestApp = app): Promise<string> {
  const [site] = await sitesOf(bot, service)
  return String((await done(service, 'POST', `/sites/${bot}.${site?.id}/secrets/1/reveal`))['secret'])
}

const endpoint = 'http://127.0.0.1:9/api/messages'

suite('a bot that is added', () => {
  test('needs an endpoint alone: its id and name come from there, and it has a site', async () => {
    const { health, ...bot } = await add({ endpoint: 'https://Bots.example.org/Orders/api/messages' })
    assert.equal(typeof health, 'object')
    assert.deepEqual(bot, {
      id: 'bots-example-org-orders',
      name: 'bots.example.org/Orders',
      endpoint: 'https://bots.example.org/Orders/api/messages',
      schema: 'v3',
      hasPassword: false,
      authority: 'landline',
      timeoutMs: 15_000,
      expectReplies: false,
      allowSelfSigned: false,
      echo: 'before',
      updates: true,
      owner: 'store',
    })
    const [site, ...more] = await sitesOf('bots-example-org-orders')
    assert.equal(more.length, 0)
    assert.deepEqual([site?.id, site?.name, site?.owner], ['bots-example-org-orders', 'Default', 'store'])
    assert.equal((await add({ endpoint: bot.endpoint }))['id'], 'bots-example-org-orders-2')
    assert.equal((await add({ endpoint: 'http://localhost:3979/api/messages' }))['id'], 'localhost-3979')
    assert.equal((await add({ endpoint, name: 'Räder & mehr' }))['id'], 'r-der-mehr')
    for (const { id } of (await done(app, 'GET', '/bots'))['items'] as { id: string }[])
      if (id !== 'written') assert.equal((await ask(app, 'DELETE', `/bots/${id}`)).status, 204)
  })

  test('is talked to at once, with the secrets of its site, and answers', async () => {
    await using bot = await startBot({
      onActivity: (activity, own) => own.reply(activity, { type: 'message', text: 'hi' }),
    })
    await add({ id: 'fresh', endpoint: bot.url, name: 'Fresh' })
    const chat = await startChat({ base: app.base, secret: await secretOf('fresh') }, { id: 'u1' })
    assert.equal((await post(chat, message('hello'))).status, 200)
    const { body } = await call(`${chat.address}/activities`, { bearer: chat.token })
    assert.ok(body.activities?.some(({ text, from }) => text === 'hi' && from?.name === 'Fresh'))
  })

  test('has the credentials it was given, from then on', async () => {
    await using bot = await startBot()
    assert.equal((await askToken(app.origin, ada)).status, 401)
    const { appPassword, hasPassword } = await add({
      ...{ id: 'ada', endpoint: bot.url, appId: ada.id, appPassword: ada.password },
    })
    assert.deepEqual([hasPassword, appPassword], [true, undefined])
    const token = await tokenOf(app.origin, ada)
    const chat = await startChat({ base: app.base, secret: await secretOf('ada') }, { id: 'u1' })
    const join = await bot.until('the start', ({ of }) => of(chat.conversation)[0])
    assert.match(bot.requests[0]?.headers.authorization ?? '', /^Bearer /)
    const said = await bot.say(join, { type: 'message', text: 'with a token' }, { authorization: `Bearer ${token}` })
    assert.equal(said.status, 200, said.text)
    await done(app, 'PATCH', '/bots/ada', { appPassword: 'another-password-of-ada' })
    assert.equal((await askToken(app.origin, ada)).status, 401)
    await tokenOf(app.origin, { ...ada, password: 'another-password-of-ada' })
    await done(app, 'PATCH', '/bots/ada', { appId: null })
    assert.equal(
      (await bot.say(join, { type: 'message', text: 'x' }, { authorization: `Bearer ${token}` })).status,
      403,
    )
  })

  test('is told the password that was made for it, once', async () => {
    const id = 'cccccccc-0000-4000-8000-00000000000c'
    const { appPassword } = await add({ id: 'made', endpoint, appId: id })
    assert.match(String(appPassword), /^\w{43}$/)
    await tokenOf(app.origin, { id, password: String(appPassword) })
    const { text } = await ask(app, 'GET', '/bots')
    assert.equal(text.includes(String(appPassword)), false)
    assert.equal((await done(app, 'PATCH', '/bots/made', { name: 'Made' }))['appPassword'], undefined)
  })

  test('takes no id that is taken', async () => {
    await add({ id: 'taken', endpoint })
    for (const id of ['taken', 'written'])
      assertAdminRefused(await ask(app, 'POST', '/bots', { id, endpoint }), 409, 'IdTaken')
    assertAdminRefused(await ask(app, 'POST', '/bots', { name: 'Without' }), 400, 'MissingProperty')
  })

  test('is there after a restart with all that it was told, and its password nowhere to be read', async () => {
    await using folder = await makeFolder()
    const change = {
      ...{ id: 'kept', name: 'Kept', endpoint, appId: ada.id, appPassword: ada.password, tenantId: 'ours' },
      ...{ serviceUrl: 'http://host.docker.internal:3977', timeoutMs: 5_000, expectReplies: true, echo: 'after' },
      ...{ updates: false, allowSelfSigned: true },
    }
    let before: WireBody = {}
    let secret = ''
    {
      await using own = await startApp({ dir: folder.path })
      before = await add(change, own)
      secret = await secretOf('kept', own)
      assert.equal((await own.store.setting('bots of the store'))?.includes(ada.password), false)
    }
    await using again = await startApp({ dir: folder.path })
    const { health: _now, ...kept } = await done(again, 'GET', '/bots/kept')
    const { health: _then, ...told } = before
    assert.deepEqual(kept, told)
    const { appPassword: _password, ...shown } = change
    assert.deepEqual({ ...kept, ...shown }, kept)
    await generateToken({ base: again.base, secret })
    assert.equal((await askToken(again.origin, ada, {}, 'ours')).status, 200)
  })
})

suite('a bot that is changed', () => {
  test('is called at its new address by conversations that are open, on sockets too', async () => {
    await using first = await startBot()
    await using second = await startBot()
    await add({ id: 'moving', endpoint: first.url })
    const chat = await startChat({ base: app.base, secret: await secretOf('moving') }, { id: 'u1' })
    await first.until('the start', ({ of }) => of(chat.conversation)[0])
    using socket = await openSocket(chat.streamUrl.replace('/stream?', '/stream/multimodal?'))
    await done(app, 'PATCH', '/bots/moving', { endpoint: second.url, name: 'Moved' })
    assert.equal((await post(chat, message('over HTTP'))).status, 200)
    socket.send(JSON.stringify(message('over the socket')))
    await second.until('both', ({ of }) => of(chat.conversation, 'message').length === 2)
    assert.equal(second.activities[0]?.recipient?.['name'], 'Moved')
    assert.equal(first.of(chat.conversation, 'message').length, 0)
  })

  test('is told to answer where it is said that we are', async () => {
    await using bot = await startBot()
    const serviceUrl = 'http://host.docker.internal:3977'
    await add({ id: 'docker', endpoint: bot.url, serviceUrl: `${serviceUrl}/` })
    const secret = await secretOf('docker')
    const told = async () => {
      const { conversation } = await startChat({ base: app.base, secret }, { id: 'u1' })
      return (await bot.until('the start', ({ of }) => of(conversation)[0])).serviceUrl ?? ''
    }
    assert.ok((await told()).startsWith(`${serviceUrl}/connector/`))
    await done(app, 'PATCH', '/bots/docker', { serviceUrl: null })
    assert.ok((await told()).startsWith(`${app.origin}/connector/`))
  })

  test('keeps what the change does not name', async () => {
    await add({ id: 'steady', endpoint, timeoutMs: 4_000, echo: 'after' })
    const { name, timeoutMs, echo } = await done(app, 'PATCH', '/bots/steady', { id: 'steady', name: 'New' })
    assert.deepEqual([name, timeoutMs, echo], ['New', 4_000, 'after'])
    assertAdminRefused(await ask(app, 'PATCH', '/bots/steady', { id: 'other' }), 400, 'BadArgument')
    assertAdminRefused(await ask(app, 'PATCH', '/bots/nobody', {}), 404, 'UnknownBot')
  })
})

suite('a bot that is removed', () => {
  const removed = async (conversations: 'keep' | 'delete') => {
    const own = await startApp()
    const bot = await startBot()
    await add({ id: 'gone', endpoint: bot.url }, own)
    const secret = await secretOf('gone', own)
    const chat = await startChat({ base: own.base, secret }, { id: 'u1' })
    const join = await bot.until('the start', ({ of }) => of(chat.conversation)[0])
    const socket = await watch(chat)
    assert.equal((await ask(own, 'DELETE', `/bots/gone?conversations=${conversations}`)).status, 204)
    return { own, bot, secret, chat, join, socket, [Symbol.asyncDispose]: () => disposeAll(own, bot) }
  }
  const disposeAll = async (...all: readonly AsyncDisposable[]) => {
    for (const one of all) await one[Symbol.asyncDispose]()
  }

  for (const conversations of ['keep', 'delete'] as const) {
    test(`lets nobody in any more, and its conversations are there or not as asked: ${conversations}`, async () => {
      await using gone = await removed(conversations)
      const { own, secret, chat, join, bot, socket } = gone
      assert.equal((await socket.closed).code, 1008)
      assertAdminRefused(await ask(own, 'GET', '/bots/gone'), 404, 'UnknownBot')
      assert.equal((await call(`${own.base}/conversations`, { bearer: secret, method: 'POST' })).status, 403)
      assert.equal((await post(chat, message('still there?'))).status, 403)
      assert.equal((await bot.say(join, { type: 'message', text: 'hello?' })).status, 404)
      const kept = await own.store.find(chat.conversation as never)
      assert.equal(kept === undefined, conversations === 'delete')
      // One of the same id that comes later has other secrets, and tokens of the old one open nothing.
      await add({ id: 'gone', endpoint: bot.url }, own)
      assert.notEqual(await secretOf('gone', own), secret)
      assert.equal((await post(chat, message('and now?'))).status, 403)
    })
  }

  test('is gone after a restart too, and what it is asked for must be known', async () => {
    await using folder = await makeFolder()
    {
      await using own = await startApp({ dir: folder.path })
      await add({ id: 'gone', endpoint }, own)
      assertAdminRefused(await ask(own, 'DELETE', '/bots/gone?conversations=all'), 400, 'BadArgument')
      assert.equal((await ask(own, 'DELETE', '/bots/gone')).status, 204)
      assertAdminRefused(await ask(own, 'DELETE', '/bots/gone'), 404, 'UnknownBot')
    }
    await using again = await startApp({ dir: folder.path })
    assertAdminRefused(await ask(again, 'GET', '/bots/gone'), 404, 'UnknownBot')
  })
})

test('a list of parts that hold nothing would never end: a part has at least one', async () => {
  for (const path of ['/bots?limit=0', '/bots?limit=-1', '/bots?cursor=x', '/bots/written/sites?limit=0'])
    assertAdminRefused(await ask(app, 'GET', path), 400, 'BadArgument')
  const { items, next } = await done(app, 'GET', '/bots/written/sites?limit=1&cursor=0')
  assert.deepEqual([(items as unknown[]).length, next], [1, undefined])
})

suite('a bot of the settings', () => {
  test('is changed where it stands, and whoever tries it here is told where that is', async () => {
    for (const [method, path] of [
      ['PATCH', '/bots/written'],
      ['DELETE', '/bots/written'],
      ['POST', '/bots/written/sites'],
      ['DELETE', '/sites/written.default'],
    ] as const) {
      const refused = await ask(app, method, path, method === 'DELETE' ? undefined : { name: 'x' })
      assertAdminRefused(refused, 409, 'OwnedBySettings')
      assert.match(refused.body.error?.message ?? '', /landline\.yaml:12/)
    }
    assertAdminRefused(await ask(app, 'PATCH', '/sites/written.default', { name: 'x' }), 409, 'OwnedBySettings')
    const site = await done(app, 'PATCH', '/sites/written.default', { uploads: false, v1: false })
    assert.deepEqual([site['uploads'], site['v1'], site['owner']], [false, false, 'settings'])
    await done(app, 'POST', '/sites/written.default/secrets/2/regenerate')
  })

  test('that nobody wrote down may be changed, until the settings say something of it', async () => {
    await using folder = await makeFolder()
    {
      await using own = await startApp({ dir: folder.path })
      assert.equal((await done(own, 'GET', '/bots/bot'))['owner'], 'store')
      await done(own, 'PATCH', '/bots/bot', { name: 'Mine' })
    }
    {
      await using own = await startApp({ dir: folder.path })
      assert.equal((await done(own, 'GET', '/bots/bot'))['name'], 'Mine')
      const { secret } = await done(own, 'POST', '/sites/bot.default/secrets/1/reveal')
      assert.equal(secret, own.secret)
    }
    {
      await using own = await startApp({ dir: folder.path, bot: 'http://127.0.0.1:9/other' })
      const { name, endpoint: now } = await done(own, 'GET', '/bots/bot')
      assert.deepEqual([name, now], ['Bot', 'http://127.0.0.1:9/other'])
      assert.equal((await ask(own, 'DELETE', '/bots/bot')).status, 204)
    }
    await using own = await startApp({ dir: folder.path, bot: 'http://127.0.0.1:9/other' })
    assertAdminRefused(await ask(own, 'GET', '/bots/bot'), 404, 'UnknownBot')
  })

  test('comes, changes and goes with settings that are read again, and bots of the store stay', async () => {
    const site = (secret: string) => ({ ...defaultSite, secrets: [secret.padEnd(40, '0')] })
    const one = { ...defaultBot, id: 'one', where: 'landline.yaml:3', sites: [site('of-one-')] }
    const two = { ...defaultBot, id: 'two', where: 'landline.yaml:9', sites: [site('of-two-')] }
    await using own = await startApp({ settings: { bots: [one] } })
    await add({ id: 'stored', endpoint }, own)
    const token = (secret: string) => call(`${own.base}/tokens/generate`, { bearer: secret, method: 'POST' })
    assert.deepEqual(await own.reload([{ ...one, name: 'First' }, two]), {
      ...{ added: ['two'], changed: ['one'], removed: [] },
    })
    assert.equal((await done(own, 'GET', '/bots/one'))['name'], 'First')
    assert.equal((await token('of-two-'.padEnd(40, '0'))).status, 200)
    assert.deepEqual(await own.reload([two]), { added: [], changed: [], removed: ['one'] })
    assert.equal((await token('of-one-'.padEnd(40, '0'))).status, 403)
    assert.equal((await done(own, 'GET', '/bots/stored')).id, 'stored')
    const tooMany = { ...one, sites: [{ ...defaultSite, secrets: ['a', 'b', 'c'] }] }
    await assert.rejects(own.reload([tooMany, { ...two, name: 'Unseen' }]))
    assert.equal((await done(own, 'GET', '/bots/two'))['name'], 'Bot', 'all or nothing')
    await own.reload([one, two])
    assert.equal((await token('of-one-'.padEnd(40, '0'))).status, 200)
  })
})

test('whatever changes a bot or a site is audited, without a password', async () => {
  await using own = await startApp()
  await add({ id: 'seen', endpoint, appId: ada.id, appPassword: ada.password }, own)
  await done(own, 'PATCH', '/bots/seen', { name: 'Seen', appPassword: 'another-password' })
  assert.equal((await ask(own, 'POST', '/bots/seen/sites', { id: 'web' })).status, 201)
  await done(own, 'PATCH', '/sites/seen.web', { name: 'Web', trustedOrigins: ['https://page.example'], v1: false })
  assert.equal((await ask(own, 'DELETE', '/sites/seen.web')).status, 204)
  assert.equal((await ask(own, 'DELETE', '/bots/seen?conversations=delete')).status, 204)
  const audited = own.events.flatMap(event => (event.event === 'audit' ? [`${event.action}: ${event.subject}`] : []))
  assert.deepEqual(audited, [
    'botAdded: seen',
    'botChanged: seen name appPassword',
    'siteAdded: seen.web',
    'siteChanged: seen.web name trustedOrigins',
    'siteSwitched: seen.web {"enabled":true,"v3":true,"v1":false,"uploads":true}',
    'siteRemoved: seen.web',
    'botRemoved: seen, conversations: delete',
  ])
  const all = JSON.stringify(own.events)
  for (const password of [ada.password, 'another-password']) assert.equal(all.includes(password), false)
})
