/**
 * What the bot client promises of one call, held against real servers: what a bot is sent, what its answer means, and
 * how little a bot that misbehaves can do.
 */
import assert from 'node:assert/strict'
import type http from 'node:http'
import net from 'node:net'
import { describe, it } from 'node:test'
import { openBotClient } from '../../src/adapters/bot-http/client.ts'
import {
  accepting,
  answered,
  call,
  drip,
  httpBot,
  listening,
  pump,
  rawBot,
  timedOut,
  unreachable,
  until,
} from './bot-servers.ts'

describe('the bot client: what a bot is sent and answers', () => {
  it('posts the activity as JSON to the endpoint, query included, and shows no credential but the call’s own', async () => {
    let seen:
      | { method: string | undefined; url: string | undefined; headers: http.IncomingHttpHeaders; body: string }
      | undefined
    await using bot = await httpBot(async (request, response) => {
      request.setEncoding('utf8')
      seen = {
        method: request.method,
        url: request.url,
        headers: request.headers,
        body: (await request.toArray()).join(''),
      }
      response.end()
    })
    await using client = openBotClient()
    const activity = '{"type":"message","text":"grüß dich 👋"}'
    assert.deepEqual(await call(client, { url: `${bot.url}?code=a%20b` }, { activity }), answered(200))
    assert.equal(seen?.method, 'POST')
    assert.equal(seen.url, '/api/messages?code=a%20b')
    assert.equal(seen.body, activity)
    assert.equal(seen.headers['content-type'], 'application/json; charset=utf-8')
    assert.equal(seen.headers['content-length'], String(Buffer.byteLength(activity)))
    assert.equal(seen.headers['accept-encoding'], 'identity')
    assert.equal(seen.headers.authorization, undefined)
    await call(client, bot, { authorization: 'Basic YXBwOnNlY3JldA==' })
    assert.equal(seen.headers.authorization, 'Basic YXBwOnNlY3JldA==')
  })

  it('gives the status whatever it is, and follows no redirect', async () => {
    let redirected = 0
    await using inside = await httpBot((_request, response) => {
      redirected += 1
      response.end()
    })
    await using bot = await httpBot((request, response) => {
      const status = Number(request.url?.split('/').pop())
      response
        .writeHead(status, { location: inside.url, 'content-type': 'text/html' })
        .end(status === 204 ? '' : '<h1>no</h1>')
    })
    await using client = openBotClient()
    for (const status of [
      200, 201, 202, 204, 301, 302, 303, 307, 308, 400, 401, 403, 404, 413, 429, 500, 501, 502, 503,
    ]) {
      assert.deepEqual(await call(client, { url: `${bot.url}/${status}` }), answered(status))
    }
    assert.equal(redirected, 0)
  })

  it('gives the body only where it is wanted', async () => {
    const body = '{"activities":[{"type":"message","text":"ünï ✓"}]}'
    await using bot = await httpBot(async (_request, response) => {
      const bytes = Buffer.from(`\ufeff${body}`)
      for (const byte of bytes) response.write(Buffer.from([byte]))
      response.end()
    })
    await using client = openBotClient()
    assert.deepEqual(await call(client, bot, { needsBody: true }), answered(200, body))
    assert.deepEqual(await call(client, bot, { needsBody: false }), answered(200, ''))
  })

  it('decompresses nothing', async () => {
    await using bot = await httpBot((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('not gzip at all'),
    )
    await using client = openBotClient()
    assert.deepEqual(await call(client, bot, { needsBody: true }), answered(200, 'not gzip at all'))
  })

  it('waits for the answer behind an interim one, and takes one that ends with its connection', async () => {
    await using early = await rawBot(socket =>
      socket.end('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n'),
    )
    await using old = await rawBot(socket => socket.end('HTTP/1.0 200 OK\r\n\r\nold but whole'))
    await using client = openBotClient()
    assert.deepEqual(await call(client, early), answered(202))
    assert.deepEqual(await call(client, old, { needsBody: true }), answered(200, 'old but whole'))
  })

  it('reaches a bot on `localhost` whichever loopback address it listens on', async () => {
    await using client = openBotClient()
    for (const host of ['127.0.0.1', '::1']) {
      await using bot = await httpBot(accepting, {}, host, 'localhost')
      assert.deepEqual(await call(client, bot), answered(200), host)
    }
  })
})

describe('the bot client: bots that misbehave', { concurrency: true }, () => {
  const broken: readonly (readonly [what: string, reason: string, answer: (socket: net.Socket) => void])[] = [
    ['answers what is not HTTP', 'EPROTO', socket => socket.end('SSH-2.0-OpenSSH_9.7\r\n')],
    [
      'answers a broken chunk',
      'EPROTO',
      socket => socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n'),
    ],
    ['closes without a word', 'ECONNRESET', socket => socket.end()],
    ['resets without a word', 'ECONNRESET', socket => socket.resetAndDestroy()],
    ['closes within its headers', 'ECONNRESET', socket => socket.end('HTTP/1.1 200 OK\r\ncontent-')],
    ['closes within its body', 'ECONNRESET', socket => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf')],
    [
      'closes within the body of a last answer',
      'ECONNRESET',
      socket => socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 10\r\n\r\nhalf'),
    ],
    [
      'closes between chunks',
      'ECONNRESET',
      socket => socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n'),
    ],
    [
      'closes between the last chunks',
      'EPROTO',
      socket => socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n'),
    ],
    [
      'sends headers beyond 32 KiB',
      'EMSGSIZE',
      socket => socket.write(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(40_000)}\r\n\r\n`),
    ],
    [
      'sends headers without end',
      'EMSGSIZE',
      socket => drip(socket, 'HTTP/1.1 200 OK\r\n', `x: ${'x'.repeat(999)}\r\n`, 1),
    ],
  ]
  for (const [what, reason, answer] of broken) {
    it(`is told ${reason} of a bot that ${what}, once, and nothing is sent again`, async () => {
      await using bot = await rawBot(answer)
      await using client = openBotClient()
      assert.deepEqual(await call(client, bot), unreachable(reason))
      assert.equal(bot.opened(), 1)
    })
  }

  it('says at once that nobody listens', async () => {
    const bot = await httpBot(accepting, {}, '127.0.0.1', 'localhost')
    await bot[Symbol.asyncDispose]()
    await using client = openBotClient()
    const begun = performance.now()
    assert.deepEqual(await call(client, bot), unreachable('ECONNREFUSED'))
    assert.ok(performance.now() - begun < 9_000, 'before the call’s own deadline')
  })

  it('says what is wrong with an address that is none', async () => {
    await using client = openBotClient()
    for (const url of ['', 'bot', 'ftp://127.0.0.1/'])
      assert.deepEqual(await call(client, { url }), unreachable('ERR_INVALID_URL'))
  })

  const slow: readonly (readonly [what: string, answer: (socket: net.Socket) => void])[] = [
    ['never answers', () => undefined],
    ['stops within its headers', socket => socket.write('HTTP/1.1 200 OK\r\ncontent-')],
    ['stops within its body', socket => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf')],
    ['drips headers', socket => drip(socket, 'HTTP/1.1 200 OK\r\n', 'x', 20)],
    ['drips interim answers', socket => drip(socket, '', 'HTTP/1.1 102 Processing\r\n\r\n', 20)],
    ['drips a body that fits', socket => drip(socket, 'HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n', 'x', 20)],
    [
      'drips chunks without end',
      socket => drip(socket, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', '1\r\nx\r\n', 20),
    ],
    ['reads nothing of a large activity', socket => socket.pause()],
  ]
  for (const [what, answer] of slow) {
    it(`has one deadline for all of a call: it holds for a bot that ${what}, and closes the connection`, async () => {
      await using bot = await rawBot(answer)
      await using client = openBotClient()
      const begun = performance.now()
      const activity = what.includes('large') ? `"${'x'.repeat(16 * 1024 * 1024)}"` : '{}'
      assert.deepEqual(await call(client, bot, { timeoutMs: 300, activity, needsBody: true }), timedOut)
      const took = performance.now() - begun
      assert.ok(took >= 295 && took < 10_000, `${took} ms`)
      for (const socket of bot.open) socket.resume()
      await until(() => bot.open.size === 0)
    })
  }

  it('holds the deadline while the connection is being made, and then writes nothing', async () => {
    let received = 0
    await using bot = await listening(
      net.createServer(socket => socket.on('data', () => (received += 1))),
      '127.0.0.1',
      '127.0.0.1',
    )
    await using client = openBotClient()
    // A TLS handshake that is never answered stands for every connection that does not come about.
    const endpoint = { url: bot.url.replace('http:', 'https:') }
    assert.deepEqual(await call(client, endpoint, { timeoutMs: 200 }), timedOut)
    assert.equal(received, 1)
  })

  it('gives up on a connection that has not come about after 3 s', async () => {
    await using bot = await listening(net.createServer(), '127.0.0.1', '127.0.0.1')
    await using client = openBotClient()
    const begun = performance.now()
    const endpoint = { url: bot.url.replace('http:', 'https:') }
    assert.deepEqual(await call(client, endpoint, { timeoutMs: 60_000 }), unreachable('ETIMEDOUT'))
    const took = performance.now() - begun
    assert.ok(took > 2_500 && took < 30_000, `${took} ms`)
  })

  it('reads no further than it may: what does not end is no answer, but for an error', async () => {
    let written = 0
    let status = 200
    await using bot = await rawBot(socket => {
      socket.write(`HTTP/1.1 ${status} OK\r\ntransfer-encoding: chunked\r\n\r\n`)
      written = 0
      pump(socket, `3e8\r\n${'x'.repeat(1_000)}\r\n`, bytes => (written += bytes))
    })
    await using client = openBotClient()
    assert.deepEqual(await call(client, bot, { needsBody: false }), unreachable('EMSGSIZE'))
    assert.deepEqual(await call(client, bot, { needsBody: true }), unreachable('EMSGSIZE'))
    await until(() => bot.open.size === 0)
    status = 500
    assert.deepEqual(await call(client, bot, { needsBody: false }), answered(500))
    await until(() => bot.open.size === 0)
    // What lies in the buffers of two sockets is taken off the sender, but no more.
    assert.ok(written < 16 * 1024 * 1024, `${written} bytes`)
  })
})
