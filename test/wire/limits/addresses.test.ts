/**
 * Who calls, and under which name: the socket tells, and beyond it only proxies that are trusted.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Settings } from '../../../src/settings.ts'
import type { TestApp } from '../../support/app.ts'
import { startChat } from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { few, startLimited } from './limited.ts'

const withProxies = (trustedProxies: readonly string[], settings: Partial<Settings> = {}) =>
  startLimited({ rates: { wrongCredentialsPerAddress: few(1) } }, { settings: { trustedProxies, ...settings } })

/** Shows a wrong secret, once more than may be from one address. True: it was counted for an address of its own. */
async function isNewCaller(app: TestApp, forwardedFor: string | readonly string[] | undefined): Promise<boolean> {
  const headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor }
  const { status, text } = await call(`${app.base}/conversations`, { method: 'POST', bearer: 'wrong', headers })
  assert.ok(status === 403 || status === 429, text)
  return status === 403
}

test('nobody else is believed about whom they call for', async () => {
  for (const trusted of [[], ['192.0.2.0/24', '10.0.0.1', '::1']]) {
    await using app = await withProxies(trusted)
    assert.equal(await isNewCaller(app, undefined), true)
    for (const address of ['203.0.113.1', '203.0.113.2', '10.0.0.1'])
      assert.equal(await isNewCaller(app, address), false)
  }
})

test('a trusted proxy tells callers apart, by the last address that is not a trusted proxy’s', async () => {
  for (const trusted of [
    ['127.0.0.1', '10.0.0.0/8'],
    ['127.0.0.0/8', '::ffff:10.0.0.0/104'],
    ['2001:db8::/32', '127.0.0.1', '10.1.2.3'],
  ]) {
    await using app = await withProxies(trusted)
    assert.equal(await isNewCaller(app, '203.0.113.1'), true)
    assert.equal(await isNewCaller(app, '203.0.113.2'), true)
    assert.equal(await isNewCaller(app, '203.0.113.1'), false)
    assert.equal(await isNewCaller(app, '203.0.113.3, 203.0.113.1'), false, 'what stands before it may be made up')
    assert.equal(await isNewCaller(app, '203.0.113.1, 10.1.2.3'), false, 'a proxy behind a proxy')
    assert.equal(await isNewCaller(app, ['203.0.113.4', '203.0.113.1']), false, 'two fields are one list')
    assert.equal(await isNewCaller(app, '203.0.113.1:4711'), false)
    assert.equal(await isNewCaller(app, ' 203.0.113.1\t'), false)
  }
})

test('an IPv4 address is the same however it is written, and an IPv6 network is one caller', async () => {
  await using app = await withProxies(['127.0.0.1'])
  assert.equal(await isNewCaller(app, '203.0.113.1'), true)
  assert.equal(await isNewCaller(app, '::ffff:203.0.113.1'), false)
  assert.equal(await isNewCaller(app, '2001:db8:1:2::1'), true)
  for (const same of [
    '2001:db8:1:2:ffff::9',
    '2001:0DB8:0001:0002:0:0:0:7',
    '[2001:db8:1:2::5]:443',
    '2001:db8:1:2::5%eth0',
  ])
    assert.equal(await isNewCaller(app, same), false, same)
  for (const other of ['2001:db8:1:3::1', '2001:db8::1', '::1', 'fe80::1'])
    assert.equal(await isNewCaller(app, other), true, other)
  assert.equal(await isNewCaller(app, '2001:db8::2'), false)
})

test('what is no address ends the list: then the proxy itself is the caller', async () => {
  await using app = await withProxies(['127.0.0.1'])
  assert.equal(await isNewCaller(app, undefined), true)
  for (const odd of [
    'unknown',
    '',
    ',',
    '203.0.113.9, unknown',
    '_hidden',
    '999.1.1.1',
    '203.0.113.9, <script>',
    '1'.repeat(8_000),
  ])
    assert.equal(await isNewCaller(app, odd), false, odd)
})

/** The stream URL of a new conversation, up to its path. */
async function streamHost(app: TestApp, headers: Readonly<Record<string, string>>): Promise<string> {
  const { streamUrl } = await startChat(app, undefined, { headers })
  return streamUrl.replace(/\/v3\/.*$/, '')
}

test('addresses that clients are given begin with the public one, whatever anybody says', async () => {
  await using app = await withProxies(['127.0.0.1'], { publicUrl: 'https://chat.example.org/bots' })
  const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' }
  assert.equal(await streamHost(app, headers), 'wss://chat.example.org/bots')
})

test('without one they begin with what a trusted proxy was called, and with Host only in development', async () => {
  const forwarded = { 'x-forwarded-host': 'chat.example.org', 'x-forwarded-proto': 'https' }
  for (const development of [true, false]) {
    await using proxied = await withProxies(['127.0.0.1'], { development })
    assert.equal(await streamHost(proxied, forwarded), 'wss://chat.example.org')
    assert.equal(
      await streamHost(proxied, { ...forwarded, 'x-forwarded-host': 'a.example, b.example:8443' }),
      'wss://b.example:8443',
    )
    assert.equal(
      await streamHost(proxied, { host: 'inner.example', 'x-forwarded-proto': 'https' }),
      'wss://inner.example',
    )
    assert.equal(
      await streamHost(proxied, { ...forwarded, 'x-forwarded-host': 'no host/at all' }),
      proxied.origin.replace('http', 'ws'),
    )
    await using direct = await withProxies([], { development })
    const called = development ? 'ws://called.example' : direct.origin.replace('http', 'ws')
    assert.equal(await streamHost(direct, { ...forwarded, host: 'called.example' }), called)
  }
})

test('a service does not start with a proxy that is no address', async () => {
  await assert.rejects(withProxies(['proxy.example']), /proxy\.example/)
})
