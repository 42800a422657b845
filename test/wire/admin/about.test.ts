/**
 * What the service tells of itself, and where the admin API is: with everything else, at an address of its own, or
 * nowhere.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { startLandline } from '../../../src/app.ts'
import { openOutside } from '../../../src/outside.ts'
import type { SettingBody } from '../../../src/protocol/admin.ts'
import { defaults } from '../../../src/settings.ts'
import { ask, assertAdminRefused, done } from '../../support/admin.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { call } from '../../support/http.ts'
import { openSocket } from '../../support/socket.ts'

const version = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).version as string

test('the service says what it is, where it is and what it can do', async () => {
  await using app = await startApp()
  const { startedAt, node, ...about } = await done(app, 'GET', '/about')
  assert.ok(Math.abs(Date.parse(String(startedAt)) - Date.now()) < 60_000)
  assert.ok(typeof node === 'string' && node !== '')
  assert.deepEqual(about, {
    ...{ version, mode: 'dev', publicUrl: app.origin, domain: app.base, store: 'memory', bus: 'local' },
    webChat: '4.18.1',
    isUnused: true,
    features: ['devToken', 'reveal', 'memory'],
  })
  const settings = {
    ...{ mode: 'serve' as const, development: false, revealSecrets: false },
    publicUrl: 'https://chat.example.org/line/',
  }
  await using served = await startApp({ settings })
  const { mode, publicUrl, domain, features } = await done(served, 'GET', '/about')
  assert.deepEqual(
    [mode, publicUrl, domain, features],
    ['serve', 'https://chat.example.org/line', 'https://chat.example.org/line/v3/directline', ['memory']],
  )
})

test('whoever asks is told where clients go who reach the service in the same way', async () => {
  const asked = async ({ adminOrigin, adminKey: bearer, port }: TestApp) => {
    const headers = { host: `localhost:${port + 1}` }
    return (await call(`${adminOrigin}/admin/v1/about`, { bearer, headers })).body['domain']
  }
  await using app = await startApp()
  assert.equal(await asked(app), `http://localhost:${app.port + 1}/v3/directline`)
  await using strict = await startApp({ settings: { development: false } })
  assert.equal(await asked(strict), strict.base)
  await using known = await startApp({ settings: { publicUrl: 'https://chat.example.org/line' } })
  assert.equal(await asked(known), 'https://chat.example.org/line/v3/directline')
  const admin = { ...defaults.admin, listen: { host: '127.0.0.1', port: 0 } }
  await using apart = await startApp({ settings: { admin } })
  assert.equal(await asked(apart), apart.base, 'the name of the console says nothing about the line')
})

test('the settings are shown as they were read, line for line', async () => {
  const lines: readonly SettingBody[] = [
    { name: 'listen.port', value: 0, origin: 'flag', where: '--port', secret: false },
    { name: 'admin.key', value: '•••', origin: 'env', where: 'LANDLINE_ADMIN_KEY', secret: true },
  ]
  await using outside = await openOutside({ kind: 'memory' })
  const settings = {
    ...defaults,
    listen: { host: '127.0.0.1', port: 0, further: 0 },
    store: { kind: 'memory' },
  } as const
  const landline = await startLandline(settings, outside, () => undefined, lines)
  try {
    const { status, text } = await ask(landline, 'GET', '/settings')
    assert.equal(status, 200)
    assert.deepEqual(JSON.parse(text), lines)
  } finally {
    await landline.stop()
  }
})

test('at an address of its own it is nowhere else, and knows where clients go', async () => {
  const admin = { ...defaults.admin, listen: { host: '127.0.0.1', port: 0 } }
  await using app = await startApp({ settings: { admin } })
  assert.notEqual(app.adminOrigin, app.origin)
  const apart = { origin: app.adminOrigin, adminKey: app.adminKey }
  assert.equal((await done(apart, 'GET', '/about'))['domain'], app.base)
  for (const path of ['/admin/v1/about', '/console/', '/console/frame.html'])
    assert.equal((await call(app.origin + path, { bearer: app.adminKey })).status, 404, path)
  assert.equal((await call(`${app.adminOrigin}/console/frame.html`)).status, 200)
  assert.equal((await call(`${app.adminOrigin}/v3/directline/conversations`, { method: 'POST' })).status, 404)
  const misnamed = await call(`${app.adminOrigin}/admin/v1/about`, {
    bearer: app.adminKey,
    headers: { host: 'evil.example' },
  })
  assertAdminRefused(misnamed, 421, 'Misdirected')
  using socket = await openSocket(`${app.adminOrigin.replace('http', 'ws')}/admin/v1/live`, {
    headers: { authorization: `Bearer ${app.adminKey}` },
  })
  await app.stop()
  assert.equal((await socket.closed).code, 1001)
  await assert.rejects(call(`${app.adminOrigin}/admin/v1/about`))
})

test('switched off, there is neither the API nor the console', async () => {
  await using app = await startApp({ settings: { admin: { ...defaults.admin, enabled: false } } })
  for (const path of ['/admin/v1/about', '/admin/v1/login', '/console/'])
    assert.equal((await call(app.origin + path, { bearer: app.adminKey })).status, 404, path)
  assert.equal((await call(`${app.origin}/health`)).status, 200)
})
