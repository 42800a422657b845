/**
 * `landline tail`: what happens, as it happens, for eyes and for programs.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { TailLine } from '../../src/protocol/admin-live.ts'
import { message, post, startChat } from '../support/direct-line.ts'
import { startBrokenBot, startEchoBot } from '../support/three-bots.ts'
import { beginCommand, type Command, openDesk, program } from './desk.ts'

/** Says something again and again until the command has printed what is looked for: it may not be listening yet. */
async function untilTold(command: Command, look: RegExp, say: () => Promise<unknown>): Promise<string> {
  let told: string | undefined
  const found = command
    .until(String(look), out => look.exec(out)?.[0])
    .then(text => {
      told = text
    })
  while (told === undefined) await Promise.race([found, say()])
  return told
}

suite('landline tail', { concurrency: 2 }, () => {
  test('shows each activity and each turn on a line, and of one conversation if it is told which', async () => {
    await using desk = await openDesk()
    await using bot = await startEchoBot()
    await using service = await desk.start(['--port', '0', '--memory', '--bot', bot.url])
    const chat = await startChat(service, { id: 'u1' })
    const other = await startChat(service, { id: 'u2' })
    await using tail = desk.begin(['tail', '--conversation', chat.conversation])
    const say = async () => {
      await post(other, message('elsewhere'))
      await post(chat, message('look here'))
    }
    await untilTold(tail, /^\d\d:\d\d:\d\d\.\d{3} {2}← bot {2}\S+ +message {2}You said: look here$/m, say)
    await untilTold(tail, /^\S+ {2}turn .* ok 200 {2}\S+ ms$/m, say)
    const out = tail.out()
    assert.match(out, /→ bot {2}\S+ +message {2}look here$/m)
    assert.ok(out.includes(chat.conversation.slice(0, 12)))
    assert.ok(!out.includes('elsewhere'))
    assert.ok(!out.includes('\u001b'))
    assert.equal(await service.stop(), 0)
  })

  test('of a bot or a conversation that is not there ends with 2, and says so', async () => {
    await using desk = await openDesk()
    await using service = await desk.start(['--port', '0', '--memory', '--bot', 'http://127.0.0.1:9/api/messages'])
    for (const what of ['bot', 'conversation']) {
      const { code, out, err } = await desk.run(['tail', `--${what}`, 'nope'])
      assert.deepEqual([code, out], [2, ''], err)
      assert.match(err, new RegExp(`^landline: There is no such ${what} \\(\\w+\\)\\n[^\\n]+\\n$`))
    }
    assert.equal(await service.stop(), 0)
  })

  test('shows failures alone with --failed, and what the bot answered with --bodies', async () => {
    await using desk = await openDesk()
    await using bot = await startBrokenBot()
    await using service = await desk.start(['--port', '0', '--memory', '--bot', bot.url])
    const chat = await startChat(service, { id: 'u1' })
    await using tail = desk.begin(['tail', '--failed', '--bodies'])
    await untilTold(tail, /TypeError: Cannot read/, () => post(chat, message('please crash')))
    assert.match(tail.out(), /^\S+ {2}turn .* message {2}botError 500 BotThrew {2}/m)
    assert.doesNotMatch(tail.out(), /→ bot/)
    assert.equal(await service.stop(), 0)
  })

  test('prints a JSON document on each line with --json, and is silent when its reader has had enough', async t => {
    if (process.platform === 'win32') return t.skip('there is no sh')
    await using desk = await openDesk()
    await using bot = await startEchoBot()
    await using service = await desk.start(['--port', '0', '--memory', '--bot', bot.url])
    const chat = await startChat(service, { id: 'u1' })
    // The shell tells how the first of the two ended.
    const line = '{ "$0" "$1" tail --json; echo "ended with $?" >&2; } | head -1'
    await using piped = beginCommand('sh', ['-c', line, process.execPath, program], { cwd: desk.path, env: desk.env })
    const said = async () => {
      await post(chat, message('hello'))
    }
    let code: number | null | undefined
    const ended = piped.ended().then(found => {
      code = found.code
    })
    while (code === undefined) await Promise.race([ended, said()])
    assert.equal(code, 0)
    assert.equal(piped.err(), 'ended with 0\n')
    const [first = '', ...more] = piped.out().trimEnd().split('\n')
    assert.deepEqual(more, [])
    assert.ok(['record', 'turn'].includes((JSON.parse(first) as TailLine).kind), first)
    assert.equal(await service.stop(), 0)
  })

  test('exits with 4 when the service goes away', async () => {
    await using desk = await openDesk()
    await using bot = await startEchoBot()
    await using service = await desk.start(['--port', '0', '--memory', '--bot', bot.url])
    const chat = await startChat(service, { id: 'u1' })
    await using tail = desk.begin(['tail'])
    await untilTold(tail, /message/, () => post(chat, message('hello')))
    await service.kill()
    const { code, err } = await tail.ended()
    assert.equal(code, 4, err)
    assert.match(err, /\(Unreachable\)/)
  })
})
