/**
 * What may be said of a bot and a site: every field that can't be used is refused by its name, and changes nothing.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { defaultBot } from '../../../src/settings.ts'
import { ask, assertAdminRefused, done } from '../../support/admin.ts'
import { startApp } from '../../support/app.ts'
import { makeFolder } from '../../support/folder.ts'

const app = await startApp({ settings: { bots: [{ ...defaultBot, id: 'bot' }] } })
after(() => app[Symbol.asyncDispose]())

const long = (characters: number) => 'x'.repeat(characters)

/** Values that can't be used, by field. */
const badOfBots: Readonly<Record<string, readonly unknown[]>> = {
  id: ['', 'Upper', 'a.b', 'a b', '-a', 'a-', long(64), 7, null],
  name: ['', '  ', long(257), 7, null, {}],
  endpoint: [
    '',
    'orders',
    'ftp://bots.example.org/',
    'http://',
    'http://u:p@bots.example.org/',
    'http://h/#x',
    7,
    null,
  ],
  schema: ['v2', 3, null],
  appId: ['', 'a b', 'a:b', long(257), 7, 'ä'],
  appPassword: ['', 'a b', long(1025), 7, '\n'],
  authority: ['azure', 1, null],
  tenantId: ['', 'Upper', 'a/b', 'admin', 'console', long(64), 7],
  serviceUrl: ['', 'localhost', 'ftp://here', 'http://here/?a=1', 'http://here/#a', 7],
  timeoutMs: [0, 99, 600_001, 1.5, '15000', null],
  expectReplies: ['true', 1, null],
  allowSelfSigned: ['true', 1, null],
  echo: ['never', true, null],
  updates: ['false', 0, null],
}

const badOfSites: Readonly<Record<string, readonly unknown[]>> = {
  id: ['', 'Upper', 'a.b', 7, null],
  name: ['', long(257), 7, null],
  enabled: ['true', 1, null],
  v3: ['true', 1, null],
  v1: ['true', 1, null],
  uploads: ['true', 1, null],
  enhancedAuth: ['true', 1, null],
  enforceOrigins: ['true', 1, null],
  trustedOrigins: [
    ...['https://page.example', null, [7], ['page.example'], ['https://page.example/path'], ['null'], ['*']],
    ...[[`https://${long(260)}.example`], Array.from({ length: 21 }, (_, at) => `https://page${at}.example`)],
  ],
}

for (const [path, bad] of Object.entries({ '/bots/bot': badOfBots, '/sites/bot.default': badOfSites })) {
  test(`every field at ${path} is checked, and a refusal names it`, async () => {
    const before = await done(app, 'PATCH', path, {})
    for (const [name, values] of Object.entries(bad)) {
      for (const value of values) {
        const answer = await ask(app, 'PATCH', path, { [name]: value })
        assertAdminRefused(answer, 400, 'BadArgument')
        assert.ok(answer.body.error?.message?.includes(`'${name}'`), `${name}: ${answer.text}`)
      }
    }
    for (const name of ['nmae', 'owner', 'health', 'where', 'secrets', 'bot'])
      assertAdminRefused(await ask(app, 'PATCH', path, { [name]: 'x' }), 400, 'BadArgument')
    for (const json of [[], 'x', 7]) assertAdminRefused(await ask(app, 'PATCH', path, json), 400, 'BadArgument')
    const { health: _now, ...now } = await done(app, 'PATCH', path, {})
    const { health: _then, ...then } = before
    assert.deepEqual(now, then)
  })
}

test('fields that need each other are refused alone', async () => {
  const alone = await ask(app, 'PATCH', '/bots/bot', { appPassword: 'a-password' })
  assertAdminRefused(alone, 400, 'MissingProperty')
  const unregistered = await ask(app, 'PATCH', '/bots/bot', { authority: 'microsoft', appId: 'app' })
  assertAdminRefused(unregistered, 400, 'MissingProperty')
})

test('a site takes what is said of it, and keeps it over a restart', async () => {
  await using folder = await makeFolder()
  const change = {
    ...{ name: 'Shop', enabled: true, v3: true, v1: false, uploads: false, enhancedAuth: true, enforceOrigins: true },
    trustedOrigins: ['https://Shop.example.org', 'https://shop.example.org', 'http://localhost:5173'],
  }
  const expected = {
    ...change,
    ...{
      id: 'shop',
      bot: 'bot',
      trustedOrigins: ['https://shop.example.org', 'http://localhost:5173'],
      owner: 'store',
    },
  }
  {
    await using own = await startApp({ dir: folder.path })
    const { status, body } = await ask(own, 'POST', '/bots/bot/sites', change)
    const { secrets, ...site } = body
    assert.equal(status, 201)
    assert.deepEqual(site, expected)
    assert.equal((secrets as unknown[]).length, 2)
    assert.equal((await ask(own, 'POST', '/bots/bot/sites', { name: 'Shop' })).body.id, 'shop-2')
    assertAdminRefused(await ask(own, 'POST', '/bots/bot/sites', { id: 'shop' }), 409, 'IdTaken')
    assert.equal((await ask(own, 'DELETE', '/sites/shop-2')).status, 204)
    assertAdminRefused(await ask(own, 'DELETE', '/sites/shop-2'), 404, 'UnknownSite')
    assert.equal((await done(own, 'PATCH', '/sites/shop', { v1: true, name: 'Kiosk' }))['v1'], true)
  }
  await using again = await startApp({ dir: folder.path })
  const { secrets: _secrets, ...kept } = await done(again, 'PATCH', '/sites/shop', {})
  assert.deepEqual(kept, { ...expected, v1: true, name: 'Kiosk' })
})

test('a certificate that nobody vouches for is for development alone', async () => {
  const settings = { mode: 'serve' } as const
  await using own = await startApp({ settings })
  const answer = await ask(own, 'POST', '/bots', { endpoint: 'https://127.0.0.1:9/', allowSelfSigned: true })
  assertAdminRefused(answer, 400, 'BadArgument')
  assert.match(answer.body.error?.message ?? '', /'allowSelfSigned'/)
})
