/**
 * What the port of the bot check promises: nothing rejects, everything ends in time, and no bot is where none may be.
 */
import assert from 'node:assert/strict'
import { createServer as createPlainServer } from 'node:net'
import { describe, it } from 'node:test'
import { openBotProbe } from '../../src/adapters/bot-check/probe.ts'
import { isRefused } from '../../src/adapters/bot-http/guard.ts'
import { listenAt, serve } from '../support/check.ts'
import { inTime } from '../support/until.ts'

const probe = openBotProbe(isRefused)
const at = (port: number) => ({ address: '127.0.0.1', port })
const parts = (port: number, path = '/') => ({ scheme: 'http', host: '127.0.0.1', port, path }) as const
const timeoutMs = 2_000

/** A server that accepts and says nothing. */
const startSilent = () => listenAt(createPlainServer(), '127.0.0.1')

describe('a probe', () => {
  it('reads a URL as whoever calls it would', () => {
    assert.deepEqual(probe.read('HTTP://0x7f000001:80/a?b'), parts(80, '/a?b'))
    assert.deepEqual(probe.read('https://[::1]'), { scheme: 'https', host: '::1', port: 443, path: '/' })
    for (const url of ['', 'localhost:3978/api', 'ftp://127.0.0.1/', 'http://'])
      assert.equal(probe.read(url), undefined)
  })

  it('finds the addresses of names, both of localhost, and of an address itself', async () => {
    const options = { allowLinkLocal: false, timeoutMs }
    const both = { outcome: 'found', addresses: ['127.0.0.1', '::1'] }
    assert.deepEqual(await probe.resolve('localhost', options), both)
    assert.deepEqual(await probe.resolve('orders.localhost', options), both)
    assert.deepEqual(await probe.resolve('10.1.2.3', options), { outcome: 'found', addresses: ['10.1.2.3'] })
    assert.equal((await probe.resolve('bot.invalid', options)).outcome, 'failed')
  })

  it('finds no address at which no bot may be, unless the bot may', async () => {
    const refused = { outcome: 'failed', reason: 'EADDRREFUSED' }
    for (const host of ['169.254.169.254', 'fe80::1', '::ffff:169.254.169.254', '0.0.0.0', 'fd00:ec2::254']) {
      assert.deepEqual(await probe.resolve(host, { allowLinkLocal: false, timeoutMs }), refused, host)
      const allowed = { outcome: 'found', addresses: [host] }
      assert.deepEqual(await probe.resolve(host, { allowLinkLocal: true, timeoutMs }), allowed)
    }
  })

  it('connects and lets go again', async () => {
    const server = createPlainServer()
    let closed: () => void = () => undefined
    const gone = new Promise<void>(resolve => {
      closed = resolve
    })
    server.on('connection', socket => socket.resume().on('close', closed))
    await using listening = await listenAt(server, '127.0.0.1')
    assert.equal(await probe.connect(at(listening.port), timeoutMs), undefined)
    await inTime('the end of the connection', gone)
    assert.equal(await probe.connect(at(9), timeoutMs), 'ECONNREFUSED')
  })

  it('gives up where nothing is said in time', async () => {
    await using silent = await startSilent()
    const shaken = await inTime('a handshake', probe.handshake(at(silent.port), '127.0.0.1', 100))
    assert.deepEqual(shaken, { outcome: 'failed', reason: 'ETIMEDOUT' })
    assert.equal(await inTime('an answer', probe.options(at(silent.port), parts(silent.port), 100)), undefined)
  })

  it('asks what a path offers, and the time', async () => {
    const seen: unknown[] = []
    const date = 'Sat, 21 Nov 2026 10:00:00 GMT'
    await using server = await serve(({ method, url, headers }, response) => {
      seen.push([method, url, headers.host])
      response.writeHead(405, { allow: 'get, post', date }).end('x'.repeat(100_000))
    })
    const offer = await probe.options(at(server.port), parts(server.port, '/messages?x=1'), timeoutMs)
    assert.deepEqual(offer, { status: 405, allow: 'GET, POST', dateMs: Date.parse(date) })
    assert.deepEqual(seen, [['OPTIONS', '/messages?x=1', `127.0.0.1:${server.port}`]])
  })

  it('is told nothing by what does not speak HTTP', async () => {
    const server = createPlainServer(socket => socket.end('220 mail\r\n'))
    await using mail = await listenAt(server, '127.0.0.1')
    assert.equal(await probe.options(at(mail.port), parts(mail.port), timeoutMs), undefined)
    const shaken = await probe.handshake(at(mail.port), '127.0.0.1', timeoutMs)
    assert.equal(shaken.outcome, 'failed')
  })
})
