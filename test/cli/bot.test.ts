/**
 * `landline bot`: bots added, shown, changed, checked and removed.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { BotBody } from '../../src/protocol/admin.ts'
import type { CheckReport } from '../../src/protocol/admin-problems.ts'
import { startBrokenBot, startEchoBot, startSecuredBot } from '../support/three-bots.ts'
import { openDesk } from './desk.ts'

suite('landline bot', { concurrency: 2 }, () => {
  test('check exits with 0 for a bot that works, and with 6 for one that throws or wants credentials', async () => {
    await using desk = await openDesk()
    await using echo = await startEchoBot()
    await using broken = await startBrokenBot()
    await using secured = await startSecuredBot()
    await using service = await desk.start(['--port', '0', '--memory', '--bot', echo.url])
    assert.equal((await desk.run(['bot', 'add', broken.url, '--id', 'broken'])).code, 0)
    assert.equal((await desk.run(['bot', 'add', secured.url, '--id', 'secured'])).code, 0)
    for (const [id, code, problem] of [
      ['bot', 0, undefined],
      ['broken', 6, 'BotThrew'],
      ['secured', 6, 'BotWantsCredentials'],
    ] as const) {
      const typed = await desk.run(['bot', 'check', id])
      assert.equal(typed.code, code, typed.err)
      assert.match(typed.out, /^ {2}[✓✗–] it takes an event/m)
      if (problem !== undefined)
        assert.match(typed.err, new RegExp(`^landline: [^\\n]+ \\(${problem}\\)\\n[^\\n]+\\n$`))
      const asked = await desk.run(['bot', 'check', id, '--json'])
      assert.equal(asked.code, code)
      const report = JSON.parse(asked.out) as CheckReport
      assert.equal(report.ok, code === 0)
      assert.equal(report.problem?.code, problem)
    }
    const events = echo.activities.filter(({ type }) => type === 'event').length
    assert.equal(events, 2)
    assert.equal((await desk.run(['bot', 'check', 'bot', '--no-send'])).code, 0)
    assert.equal(echo.activities.filter(({ type }) => type === 'event').length, events, 'nothing is sent then')
    const unsure = await desk.run(['bot', 'check'])
    assert.equal(unsure.code, 2)
    assert.match(unsure.err, /bot, .*broken.* \(Usage\)\n.*`landline bot check BOT`/)
    assert.equal(await service.stop(), 0)
  })

  test('add, show, edit, list and remove change the running service at once, and stay over a restart', async () => {
    await using desk = await openDesk()
    const start = () => desk.start(['--port', '0', '--bot', 'http://127.0.0.1:9/api/messages'])
    const password = 'planted-password-of-the-bot'
    {
      await using service = await start()
      writeFileSync(join(desk.path, 'password'), `${password}\n`, { mode: 0o600 })
      const added = await desk.run([
        'bot',
        'add',
        'http://127.0.0.1:9/orders',
        '--id',
        'orders',
        '--app-id',
        'an-app',
        '--app-password-file',
        'password',
      ])
      assert.equal(added.code, 0, added.err)
      assert.match(added.out, /^Bot +orders$/m)
      assert.match(added.out, /^App password +set$/m)
      assert.ok(!added.out.includes(password))
      const made = await desk.run(['bot', 'add', 'http://127.0.0.1:9/made', '--id', 'made', '--app-id', 'another'])
      assert.match(made.out, /^App password +\S{43}, shown this once$/m)
      assert.match((await desk.run(['bot', 'show', 'made'])).out, /^App password +set$/m)
      assert.equal((await desk.run(['bot', 'remove', 'made', '--yes'])).code, 0)
      const edited = await desk.run([
        'bot',
        'edit',
        'orders',
        '--timeout',
        '4000',
        '--no-updates',
        '--app-id',
        'none',
        '--name',
        'Orders',
        '--json',
      ])
      assert.equal(edited.code, 0, edited.err)
      const { timeoutMs, updates, appId, name, endpoint } = JSON.parse(edited.out) as BotBody
      assert.deepEqual([timeoutMs, updates, appId, name], [4000, false, undefined, 'Orders'])
      assert.equal(endpoint, 'http://127.0.0.1:9/orders', 'what was not named stays')
      assert.equal(await service.stop(), 0)
    }
    await using service = await start()
    assert.match((await desk.run(['bot', 'show', 'orders'])).out, /^Time for a turn +4000 ms$/m)
    assert.match((await desk.run(['bot', 'list'])).out, /^BOT .*\nbot .*\norders .*9\/orders/)
    const unsaid = await desk.run(['bot', 'remove', 'orders'])
    assert.equal(unsaid.code, 2, 'a script must say --yes')
    assert.match(unsaid.err, /--yes/)
    assert.equal((await desk.run(['bot', 'remove', 'orders', '--yes'])).code, 0)
    const gone = await desk.run(['bot', 'show', 'orders'])
    assert.equal(gone.code, 2)
    assert.match(gone.err, /^landline: .* \(UnknownBot\)\n[^\n]*landline bot list/)
    assert.equal(await service.stop(), 0)
  })

  test('says what is wrong with a word, before or after the service has seen it', async () => {
    await using desk = await openDesk()
    await using service = await desk.start(['--port', '0', '--memory', '--bot', 'http://127.0.0.1:9/'])
    for (const [args, said] of [
      [['bot', 'add'], /endpoint/],
      [['bot', 'add', 'ftp://a.example/'], /ftp|http/],
      [['bot', 'edit', 'bot', '--timeout', 'soon'], /--timeout.*soon/],
      [['bot', 'edit', 'bot'], /Nothing/],
      [['bot', 'edit', 'bot', '--schema', 'v9'], /schema|v9/],
      [['bot', 'remove', 'bot', '--conversations', 'burn', '--yes'], /burn/],
      [['bot', 'wobble'], /wobble/],
      [['bot'], /`landline bot` takes another word: add, .* or check.*\n`landline bot --help`/],
      [['site'], /landline site/],
      [['secret'], /show or regenerate/],
      [['config'], /landline config/],
      [['bot', 'add', 'http://127.0.0.1:9/', '--app-password-file', 'nowhere'], /nowhere/],
    ] as const) {
      const { code, out, err } = await desk.run(args)
      assert.equal(code, 2, `${args.join(' ')}: ${err}`)
      assert.match(err, said)
      assert.match(err, /^landline: [^\n]+ \(\w+\)\n[^\n]+\n$/)
      assert.equal(out, '')
    }
    assert.equal(await service.stop(), 0)
  })
})
