/**
 * Bots and sites in the admin API: what is shown, what is changed, how they are named, and what is audited.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { defaultBot, defaultSite } from '../../../src/settings.ts'
import { ask, assertAdminRefused, done } from '../../support/admin.ts'
import { startApp } from '../../support/app.ts'
import { generateToken } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'

const secretOf = (name: string) => `the-secret-of-${name}`.padEnd(36, '0')
const site = (id: string) => ({ ...defaultSite, id, secrets: [secretOf(id)], trustedOrigins: ['https://page.example'] })
const bots = [
  { ...defaultBot, id: 'shop', name: 'Shop', where: 'landline.yaml:3', sites: [site('website'), site('default')] },
  {
    ...defaultBot,
    id: 'help',
    where: 'landline.yaml:9',
    app: { id: 'app-of-help', password: 'the-password-of-help' },
    sites: [{ ...site('default'), secrets: [] }],
  },
]
const app = await startApp({ settings: { bots } })
after(() => app[Symbol.asyncDispose]())

const audited = ({ events } = app) =>
  events.flatMap(event => (event.event === 'audit' ? [`${event.action}: ${event.subject}`] : []))

test('bots are listed without their passwords', async () => {
  const { items, next } = await done(app, 'GET', '/bots')
  assert.equal(next, undefined)
  const common = {
    endpoint: defaultBot.endpoint,
    schema: 'v3',
    authority: 'landline',
    timeoutMs: 15_000,
    expectReplies: false,
    allowSelfSigned: false,
    echo: 'before',
    updates: true,
    owner: 'settings',
  }
  const [shop, help, ...more] = (items as Record<string, unknown>[]).map(({ health, ...rest }) => {
    assert.match(String((health as { state: string }).state), /^(?:up|down|unknown)$/)
    return rest
  })
  assert.equal(more.length, 0)
  assert.deepEqual(shop, { ...common, id: 'shop', name: 'Shop', hasPassword: false, where: 'landline.yaml:3' })
  assert.deepEqual(help, {
    ...{ ...common, id: 'help', name: 'Bot', appId: 'app-of-help', hasPassword: true, tenantId: 'landline' },
    where: 'landline.yaml:9',
  })
  assert.deepEqual((await done(app, 'GET', '/bots/help')).id, 'help')
  assertAdminRefused(await ask(app, 'GET', '/bots/nobody'), 404, 'UnknownBot')
})

test('sites are listed with when their secrets were made and last used, and never with the secrets', async () => {
  await generateToken({ base: app.base, secret: secretOf('website') })
  const { status, body, text } = await ask(app, 'GET', '/bots/shop/sites')
  assert.equal(status, 200)
  for (const secret of [secretOf('website'), secretOf('default')]) assert.equal(text.includes(secret), false)
  const [first, second] = body['items'] as Record<string, unknown>[]
  assert.equal(second?.['id'], 'default')
  const { secrets, ...rest } = first ?? {}
  assert.deepEqual(rest, {
    id: 'website',
    bot: 'shop',
    name: 'Default',
    enabled: true,
    v3: true,
    v1: true,
    enhancedAuth: false,
    trustedOrigins: ['https://page.example'],
    enforceOrigins: false,
    uploads: true,
    owner: 'settings',
  })
  const [used, unused, ...more] = secrets as { id: string; created: string; lastUsed?: string }[]
  assert.equal(more.length, 0)
  assert.deepEqual(Object.keys(unused ?? {}), ['id', 'created'])
  assert.match(used?.id ?? '', /^\w{8}$/)
  for (const time of [used?.created, used?.lastUsed]) assert.ok(Math.abs(Date.parse(time ?? '') - Date.now()) < 60_000)
  assertAdminRefused(await ask(app, 'GET', '/bots/nobody/sites'), 404, 'UnknownBot')
})

test('lists come in pages', async () => {
  const first = await done(app, 'GET', '/bots?limit=1')
  assert.deepEqual(
    (first['items'] as { id: string }[]).map(({ id }) => id),
    ['shop'],
  )
  const second = await done(app, 'GET', `/bots?limit=1&cursor=${String(first['next'])}`)
  assert.deepEqual(
    (second['items'] as { id: string }[]).map(({ id }) => id),
    ['help'],
  )
  assert.equal(second['next'], undefined)
  for (const query of ['limit=x', 'cursor=-1'])
    assertAdminRefused(await ask(app, 'GET', `/bots?${query}`), 400, 'BadArgument')
})

test('a site goes by its id where only one has it, and by {bot}.{site} everywhere', async () => {
  for (const name of ['website', 'shop.website']) {
    const shown = await done(app, 'PATCH', `/sites/${name}`, {})
    assert.deepEqual([shown['bot'], shown.id], ['shop', 'website'])
  }
  assertAdminRefused(await ask(app, 'PATCH', '/sites/default', {}), 404, 'UnknownSite')
  for (const bot of ['shop', 'help']) {
    const shown = await done(app, 'PATCH', `/sites/${bot}.default`, {})
    assert.deepEqual([shown['bot'], shown.id], [bot, 'default'])
  }
  for (const name of ['nothing', 'help.website', 'shop'])
    assertAdminRefused(await ask(app, 'PATCH', `/sites/${name}`, {}), 404, 'UnknownSite')
})

test('switches take true and false, and nothing else is switched by mistake', async () => {
  for (const json of [{ enabled: 'false' }, { v1: 0 }, { v3: null }, [], 'off'])
    assertAdminRefused(await ask(app, 'PATCH', '/sites/website', json), 400, 'BadArgument')
  assertAdminRefused(await ask(app, 'PATCH', '/sites/website', { enabeld: false }), 400, 'BadArgument')
  assert.equal((await done(app, 'PATCH', '/sites/website', {}))['enabled'], true)
})

test('a secret in use is shown where the settings allow it, and the admin is told so where they do not', async () => {
  const first = await done(app, 'POST', '/sites/website/secrets/1/reveal')
  assert.deepEqual(first, { secret: secretOf('website') })
  const second = await done(app, 'POST', '/sites/website/secrets/2/reveal')
  await generateToken({ base: app.base, secret: String(second['secret']) })
  for (const number of ['0', '3', '01', 'x'])
    assertAdminRefused(await ask(app, 'POST', `/sites/website/secrets/${number}/reveal`), 404, 'BadArgument')
  await using own = await startApp({ settings: { revealSecrets: false } })
  assertAdminRefused(await ask(own, 'POST', '/sites/default/secrets/1/reveal'), 403, 'SecretNotRevealable')
  const { secret } = await done(own, 'POST', '/sites/default/secrets/1/regenerate')
  await generateToken({ base: own.base, secret: String(secret) })
})

test('secrets that are regenerated at the same moment are all of them other secrets, and the last ones are good', async () => {
  await using own = await startApp()
  const made = await Promise.all(
    [1, 2, 1, 2].map(number => done(own, 'POST', `/sites/default/secrets/${number}/regenerate`)),
  )
  const secrets = made.map(({ secret }) => String(secret))
  assert.equal(new Set(secrets).size, 4)
  for (const number of [1, 2]) {
    const { secret } = await done(own, 'POST', `/sites/default/secrets/${number}/reveal`)
    assert.ok(secrets.includes(String(secret)))
    await generateToken({ base: own.base, secret: String(secret) })
  }
})

test('a secret that is asked for while it is being replaced is the old one or the new one, not a failure', async () => {
  await using folder = await makeFolder()
  await using own = await startApp({ dir: folder.path })
  const good = new Set([own.secret])
  for (let times = 0; times < 20; times += 1) {
    const asking = ['regenerate', 'reveal', 'reveal'].map(act => done(own, 'POST', `/sites/default/secrets/1/${act}`))
    const [made, ...shown] = (await Promise.all(asking)).map(({ secret }) => String(secret))
    good.add(made ?? '')
    for (const secret of shown) assert.ok(good.has(secret))
  }
})

test('what must be traceable is audited with the address, and without a secret', async () => {
  await using own = await startApp()
  const shown = [own.secret, own.adminKey]
  for (const act of ['reveal', 'regenerate', 'revoke'])
    shown.push(String((await done(own, 'POST', `/sites/default/secrets/1/${act}`))['secret']))
  await done(own, 'PATCH', '/sites/default', { v1: false })
  await done(own, 'POST', '/sites/default/revoke')
  assert.deepEqual(audited(own), [
    'secretRevealed: bot.default secret 1',
    'secretRegenerated: bot.default secret 1',
    'secretRevoked: bot.default secret 1',
    'siteSwitched: bot.default {"enabled":true,"v3":true,"v1":false,"uploads":true}',
    'siteRevoked: bot.default',
  ])
  const all = JSON.stringify(own.events)
  for (const secret of shown) assert.equal(all.includes(secret), false)
  assert.ok(own.events.every(event => event.event !== 'audit' || event.address === '127.0.0.1'))
})
