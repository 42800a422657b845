/**
 * Commands on a terminal: keys, colours, and questions.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { suite, test } from 'node:test'
import { call } from '../support/http.ts'
import { startEchoBot } from '../support/three-bots.ts'
import { beginCommand, type Command, type Desk, openDesk, program } from './desk.ts'

/** A command on a terminal of its own, with somebody's hands on the keys. */
type AtTerminal = Command & { press(keys: string): void }

const memory = ['--port', '0', '--memory', '--bot', 'http://127.0.0.1:9/api/messages']

/** `script` of util-linux makes terminals; that of other systems takes other words. */
const canMakeTerminals = /util-linux/.test(spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '')

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`

function atTerminal(desk: Desk, args: readonly string[], env: Readonly<Record<string, string>> = {}): AtTerminal {
  const line = [process.execPath, program, ...args].map(quoted).join(' ')
  const command = beginCommand('script', ['-qfec', line, '/dev/null'], {
    cwd: desk.path,
    env: { ...desk.env, TERM: 'xterm', ...env },
    holdInput: true,
  })
  return Object.assign(command, {
    press: (keys: string) => {
      command.child.stdin?.write(keys)
    },
  })
}

suite('on a terminal', { concurrency: 2, skip: !canMakeTerminals }, () => {
  test('dev says what its keys do, and they do it: r, b, l and q', async () => {
    await using desk = await openDesk()
    await using dev = atTerminal(desk, ['dev', ...memory])
    await dev.until('the keys', out => /Keys: o .* r .* b .* l .* q /.test(out) && out.includes('Ctrl-C'))
    dev.press('r')
    const link = await dev.until('a conversation', out => /New conversation: (http\S+)/.exec(out)?.[1])
    assert.match(link, /\/console\/conversations\/\S+$/)
    dev.press('b')
    await dev.until('the check', out => /NobodyListens/.test(out))
    dev.press('l')
    await dev.until('the end of the log', out => out.includes('The log is off.'))
    dev.press('q')
    assert.equal((await dev.ended()).code, 0)
  })

  test('dev without an admin API offers neither its console nor the keys that ask it', async () => {
    await using desk = await openDesk()
    await using dev = atTerminal(desk, ['dev', ...memory, '--open'], { LANDLINE_ADMIN_ENABLED: 'off' })
    const { said } = await dev.until('the end', out => out.includes('no console to open') && { said: out })
    assert.match(said, /^Keys: l log on or off · q quit\r$/m)
    assert.doesNotMatch(said, /Console|Admin key|#key=/)
    dev.press('l')
    await dev.until('the end of the log', out => out.includes('The log is off.'))
    dev.press('q')
    assert.equal((await dev.ended()).code, 0)
  })

  test('Ctrl-C stops dev in order', async () => {
    await using desk = await openDesk()
    await using dev = atTerminal(desk, ['dev', ...memory])
    const origin = await dev.until('the start', out => /Direct Line +(http:\S+)\/v3/.exec(out)?.[1])
    await dev.until('the keys', out => out.includes('Ctrl-C stops it.'))
    assert.equal((await call(`${origin}/ready`)).status, 200)
    dev.press('\u0003')
    assert.equal((await dev.ended()).code, 0)
  })

  test('colours are for terminals, unless NO_COLOR says no', async () => {
    await using desk = await openDesk()
    await using service = await desk.start(memory)
    const escapeByte = '\u001b['
    await using colored = atTerminal(desk, ['bot', 'check'])
    assert.ok((await colored.ended()).out.includes(escapeByte))
    await using plain = atTerminal(desk, ['bot', 'check'], { NO_COLOR: '1' })
    assert.ok(!(await plain.ended()).out.includes(escapeByte))
    const typed = ['bot', 'check']
    assert.ok(!(await desk.run(typed)).out.includes(escapeByte), 'nor in a pipe')
    assert.ok((await desk.run(typed, { env: { FORCE_COLOR: '1' } })).out.includes(escapeByte))
    assert.ok(!(await desk.run([...typed, '--json'], { env: { FORCE_COLOR: '1' } })).out.includes(escapeByte))
    assert.equal(await service.stop(), 0)
  })

  test('chat shows what the bot says above the line that is typed, and goes on until /quit', async () => {
    await using desk = await openDesk()
    await using bot = await startEchoBot()
    await using service = await desk.start(['--port', '0', '--memory', '--bot', bot.url])
    await using chat = atTerminal(desk, ['chat'], { NO_COLOR: '1' })
    await chat.until('the prompt', out => out.includes('> '))
    chat.press('hello\r')
    await chat.until('the answer', out => out.includes('You said: hello'))
    chat.press('suggest\r')
    await chat.until('the buttons', out => /1\. red\r\n2\. blue/.test(out))
    chat.press('2\r')
    await chat.until('the answer', out => out.includes('You said: blue'))
    chat.press('/quit\r')
    assert.equal((await chat.ended()).code, 0)
    await using interrupted = atTerminal(desk, ['chat'])
    await interrupted.until('the prompt', out => out.includes('> '))
    interrupted.press('\u0003')
    assert.equal((await interrupted.ended()).code, 130)
    await using ended = atTerminal(desk, ['chat'])
    await ended.until('the prompt', out => out.includes('> '))
    ended.press('\u0004')
    assert.equal((await ended.ended()).code, 0)
    assert.equal(await service.stop(), 0)
  })

  test('a question is asked before something is lost, only y is a yes, and Ctrl-C and Ctrl-D interrupt it', async () => {
    await using desk = await openDesk()
    await using service = await desk.start(memory)
    for (const [answer, code] of [
      ['n', 2],
      ['y', 0],
    ] as const) {
      await using command = atTerminal(desk, ['secret', 'regenerate', 'default', '1'])
      await command.until('the question', out => out.includes('[y/N]'))
      command.press(`${answer}\r`)
      assert.equal((await command.ended()).code, code)
    }
    // Ctrl-C and Ctrl-D.
    for (const key of ['\u0003', '\u0004']) {
      await using command = atTerminal(desk, ['secret', 'regenerate', 'default', '1'])
      await command.until('the question', out => out.includes('[y/N]'))
      command.press(key)
      const { code, out } = await command.ended()
      assert.equal(code, 130)
      assert.match(out, /\[y\/N\] \S*\r\nlandline: Nothing was done \(Interrupted\)\r\n[^\n]+\r\n$/)
    }
    assert.equal(await service.stop(), 0)
  })
})
