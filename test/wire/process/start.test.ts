/**
 * A start as people do it: what is printed, what is kept, and what there is to talk to.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { startProcess } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { assertRefused, message, post, readLog, say, startChat } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { call } from '../../support/http.ts'

const nobody = ['--bot', 'http://127.0.0.1:9/api/messages']

/** The addresses on which somebody listens on a port, as the system writes them; 127.0.0.1 where it keeps no list. */
function listeningOn(port: number): readonly (string | undefined)[] {
  if (process.platform !== 'linux') return ['0100007F']
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .filter(file => existsSync(file))
    .flatMap(file => readFileSync(file, 'utf8').split('\n'))
    .map(line => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === '0A' && local?.endsWith(suffix))
    .map(([, local]) => local?.split(':')[0])
}

suite('a start', { concurrency: 2 }, () => {
  test('prints a link to the console, the address, the secret and the bot, all of which are good, on loopback alone', async () => {
    await using folder = await makeFolder()
    await using bot = await startBot()
    await using service = await startProcess({ args: ['--port', '0', '--memory', '--bot', bot.url], cwd: folder.path })
    const output = service.output()
    const [link, origin, key] = /(http:\/\/\S+)\/console\/#key=(\S+)/.exec(output) ?? []
    assert.equal(origin, service.origin, link)
    const page = await call(`${origin}/console/`)
    assert.match(page.headers['content-type'] ?? '', /^text\//)
    assert.equal((await call(`${origin}/admin/v1/bots`, { bearer: key ?? '' })).status, 200)
    assert.ok(output.includes(bot.url))
    assert.ok(service.secret.length >= 43)
    await say(await startChat(service, { id: 'u1' }), 'hello')
    assert.equal(bot.activities.at(-1)?.text, 'hello')
    assert.match(service.origin, /^http:\/\/127\.0\.0\.1:/)
    assert.deepEqual(new Set(listeningOn(service.port)), new Set(['0100007F']))
  })

  test('makes a secret, or takes the one it is given, and knows it at the next start without being told', async () => {
    await using folder = await makeFolder()
    const given = 'a-secret-of-my-own/with+signs=0123456789'
    const secrets: string[] = []
    for (const more of [[], [], ['--secret', given], []]) {
      await using service = await startProcess({
        args: ['--port', '0', '--dir', 'store', ...nobody, ...more],
        cwd: folder.path,
      })
      secrets.push(service.secret)
      const opened = await call(`${service.base}/tokens/generate`, { method: 'POST', bearer: service.secret })
      assert.equal(opened.status, 200)
    }
    const [made] = secrets
    assert.ok((made?.length ?? 0) >= 43)
    assert.deepEqual(secrets, [made, made, given, given])
  })

  test('keeps its store in .landline unless told otherwise, readable by its owner alone, and no secret in clear', async () => {
    await using folder = await makeFolder()
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
    await using folder = await makeFolder()
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
    await using folder = await makeFolder()
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
})
