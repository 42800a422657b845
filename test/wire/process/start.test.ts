/**
 * A start as people do it: what is printed, what is kept, and what there is to talk to.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startProcess } from '../../support/app.ts'
import { startBot, type TestBot } from '../../support/bot.ts'
import { assertRefused, message, post, readLog, say, startChat } from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { openSocket } from '../../support/socket.ts'
import { openFolder, takePort } from './run.ts'

const nobody = ['--bot', 'http://127.0.0.1:9/api/messages']

test('prints a link to the chat, the address, the secret and the bot, all of which are good', async () => {
  using folder = openFolder()
  await using bot = await startBot()
  await using service = await startProcess({ args: ['--port', '0', '--memory', '--bot', bot.url], cwd: folder.path })
  const output = service.output()
  const chat = /(http:\/\/127\.0\.0\.1:\d+\/chat)\b/.exec(output)?.[1]
  assert.equal(chat, `${service.origin}/chat`)
  const page = await call(chat ?? '')
  assert.equal(page.status, 200)
  assert.match(page.headers['content-type'] ?? '', /^text\/html/)
  assert.ok(output.includes(bot.url))
  assert.ok(service.secret.length >= 43)
  await say(await startChat(service, { id: 'u1' }), 'hello')
  assert.equal(bot.activities.at(-1)?.text, 'hello')
})

test('listens on loopback alone', async () => {
  using folder = openFolder()
  await using service = await startProcess({ args: ['--port', '0', '--memory', ...nobody], cwd: folder.path })
  const hexPort = service.port.toString(16).toUpperCase().padStart(4, '0')
  const listening = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap(file => {
    try {
      return readFileSync(file, 'utf8').split('\n')
    } catch {
      // Other systems keep no such list, and the address printed must do.
      return []
    }
  })
  const ours = listening
    .map(line => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === '0A' && local?.endsWith(`:${hexPort}`))
  for (const [, local] of ours) assert.equal(local?.split(':')[0], '0100007F')
  assert.match(service.origin, /^http:\/\/127\.0\.0\.1:/)
})

test('answers with a built-in bot, and says so, while nothing answers where a bot usually is', async t => {
  await using usual = await takePort(3978)
  if (usual === undefined) {
    t.skip('something answers on port 3978 of this machine')
    return
  }
  await usual[Symbol.asyncDispose]()
  using folder = openFolder()
  await using service = await startProcess({ args: ['--port', '0', '--memory'], cwd: folder.path })
  assert.match(service.output(), /nothing answers at http:\/\/localhost:3978\/api\/messages yet, so .*sample bot/)
  const chat = await startChat(service, { id: 'u1' })
  using socket = await openSocket(chat.streamUrl)
  await say(chat, 'hello')
  await socket.until('an answer', ({ activities }) =>
    activities.find(({ from, replyToId }) => from?.id === 'bot' && replyToId),
  )

  // A bot that comes up there is talked to from then on; and once it has been there, its absence is an error.
  let own: TestBot
  try {
    own = await startBot({ port: 3978 })
  } catch {
    t.diagnostic('port 3978 was taken by somebody else meanwhile')
    return
  }
  await say(chat, 'are you there?')
  assert.equal(own.activities.at(-1)?.text, 'are you there?')
  await own[Symbol.asyncDispose]()
  assertRefused(await post(chat, message('and now?')), 502, 'BotError', 504)
})

test('takes the next free port when the usual one is taken and none was asked for, but never the bot’s own', async () => {
  // Undefined where somebody else has the port: it is taken then, too.
  await using usual = await takePort(3977)
  using folder = openFolder()
  await using service = await startProcess({ args: ['--memory'], cwd: folder.path })
  assert.notEqual(service.port, 3977)
  assert.ok(service.port > 3977 && service.port <= 3997, String(service.port))
  assert.notEqual(service.port, 3978, 'where its own bot is expected')
  assert.equal((await call(`${service.origin}/ready`)).status, 200)
  assert.ok(usual === undefined || usual.port === 3977)
})

test('makes a secret at the first start and keeps it', async () => {
  using folder = openFolder()
  const args = ['--port', '0', '--dir', 'store', ...nobody]
  const secrets = new Set<string>()
  for (let n = 0; n < 2; n += 1) {
    await using service = await startProcess({ args, cwd: folder.path })
    secrets.add(service.secret)
    assert.equal(
      (await call(`${service.base}/tokens/generate`, { method: 'POST', bearer: service.secret })).status,
      200,
    )
    assert.equal(await service.stop(), 0)
  }
  assert.equal(secrets.size, 1)
  using other = openFolder()
  await using elsewhere = await startProcess({ args, cwd: other.path })
  assert.equal(secrets.has(elsewhere.secret), false)
})

test('takes the secret it is given, and knows it at the next start without being told', async () => {
  using folder = openFolder()
  const secret = 'a-secret-of-my-own/with+signs=0123456789'
  const args = ['--port', '0', '--dir', 'store', ...nobody]
  for (const more of [['--secret', secret], []]) {
    await using service = await startProcess({ args: [...args, ...more], cwd: folder.path })
    assert.equal(service.secret, secret)
    assert.equal((await call(`${service.base}/tokens/generate`, { method: 'POST', bearer: secret })).status, 200)
    assert.equal(await service.stop(), 0)
  }
})

test('keeps its store in .landline unless told otherwise, readable by its owner alone, and no secret in clear', async () => {
  using folder = openFolder()
  const secret = 'a-secret-that-must-not-be-on-disk-48213'
  const args = ['--port', '0', '--secret', secret, ...nobody]
  await using service = await startProcess({ args, cwd: folder.path })
  const chat = await startChat(service, { id: 'u1' })
  await post(chat, message('hello'))
  const serving = readdirSync(folder.path)
  assert.deepEqual(serving, ['.landline'])
  assert.equal(await service.stop(), 0)
  assert.equal(statSync(join(folder.path, '.landline')).mode & 0o777, 0o700)
  const store = join(folder.path, '.landline')
  for (const name of readdirSync(store, { recursive: true, encoding: 'utf8' })) {
    const file = join(store, name)
    if (!statSync(file).isFile()) continue
    assert.equal(statSync(file).mode & 0o077, 0, name)
    for (const hidden of [secret, chat.token]) assert.equal(readFileSync(file).includes(hidden), false, name)
  }
})

test('leaves no file behind with --memory', async () => {
  using folder = openFolder()
  await using bot = await startBot()
  await using service = await startProcess({ args: ['--port', '0', '--memory', '--bot', bot.url], cwd: folder.path })
  const chat = await startChat(service, { id: 'u1' })
  await say(chat, 'hello')
  const upload = await call(`${chat.address}/upload?userId=u1`, {
    bearer: chat.token,
    raw: 'a file',
    headers: { 'content-type': 'text/plain' },
  })
  assert.equal(upload.status, 200)
  assert.equal((await readLog(chat)).length, 2)
  assert.deepEqual(readdirSync(folder.path), [])
  assert.equal(await service.stop(), 0)
  assert.deepEqual(readdirSync(folder.path), [])
})

test('writes one line of JSON about a bot that fails, and nothing of what people wrote or what opens doors', async () => {
  using folder = openFolder()
  await using service = await startProcess({ args: ['--port', '0', '--memory', ...nobody], cwd: folder.path })
  const chat = await startChat(service, { id: 'u1', name: 'A person’s name' })
  assertRefused(await post(chat, message('a private matter')), 502, 'BotError', 504)
  assert.equal(await service.stop(), 0)
  const output = service.output()
  const lines = output.split('\n').filter(line => line.startsWith('{'))
  assert.ok(
    lines.map(line => JSON.parse(line) as { event?: string }).some(({ event }) => event === 'turnFailed'),
    output,
  )
  for (const hidden of ['a private matter', 'A person', chat.token, '/connector/']) {
    assert.equal(output.includes(hidden), false, hidden)
  }
  assert.equal(output.split(service.secret).length, 2, 'the secret once, in the greeting')
})
