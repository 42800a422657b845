/**
 * `landline dev`: a start on one's own machine, with nothing to set first.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { startProcess } from '../support/app.ts'
import { startChat } from '../support/direct-line.ts'
import { call } from '../support/http.ts'
import { takePort } from '../wire/process/run.ts'
import { openDesk } from './desk.ts'

const nobody = ['--bot', 'http://127.0.0.1:9/api/messages']

suite('landline dev', { concurrency: 2 }, () => {
  test('is what landline does without a command, and keeps its store out of version control', async () => {
    await using desk = await openDesk()
    for (const words of [['dev'], []]) {
      await using service = await desk.start([...words, '--port', '0', ...nobody])
      assert.equal((await call(`${service.origin}/ready`)).status, 200)
      assert.equal(await service.stop(), 0)
    }
    assert.deepEqual(readdirSync(desk.path), ['.landline'])
    assert.equal(readFileSync(join(desk.path, '.landline', '.gitignore'), 'utf8'), '*\n')
  })

  test('has the same secret, key and conversations at its second start', async () => {
    await using desk = await openDesk()
    const lines = (output: string) => /Secret +\S+\n +Admin key +\S+/.exec(output)?.[0] ?? ''
    await using first = await desk.start(['--port', '0', ...nobody])
    const chat = await startChat(first, { id: 'u1' })
    const said = lines(first.output())
    assert.notEqual(said, '')
    assert.equal(await first.stop(), 0)
    await using second = await desk.start(['--port', '0', ...nobody])
    assert.equal(lines(second.output()), said)
    const known = await call(`${second.base}/conversations/${chat.conversation}/activities`, { bearer: second.secret })
    assert.equal(known.status, 200)
  })

  test('leaves no file with --memory, but for the state file while it runs', async () => {
    await using desk = await openDesk()
    await using service = await desk.start(['--port', '0', '--memory', ...nobody])
    assert.deepEqual(readdirSync(desk.path), [])
    assert.deepEqual(readdirSync(desk.states), [`${service.port}.json`])
    assert.equal(await service.stop(), 0)
    assert.deepEqual([readdirSync(desk.path), readdirSync(desk.states)], [[], []])
  })

  test('moves to a free port when the usual one is taken, and says so', async () => {
    await using desk = await openDesk()
    // Undefined where somebody else has the port: it is taken then, too.
    await using _usual = await takePort(3977)
    await using service = await startProcess({
      args: ['--memory', ...nobody],
      cwd: desk.path,
      env: { XDG_RUNTIME_DIR: desk.states },
    })
    assert.ok(service.port > 3977 && service.port <= 3997, String(service.port))
    assert.match(service.output(), new RegExp(`3977 is taken, so it listens on ${service.port}\\.`))
  })

  test('opens the console in the browser when it is asked to, and shows nobody the key meanwhile', async () => {
    await using desk = await openDesk()
    const opened = join(desk.path, 'opened')
    const opener = join(desk.path, process.platform === 'darwin' ? 'open' : 'xdg-open')
    // The browser of this desk writes down what it was started with, and what is in the file it was given.
    await writeFile(
      opener,
      `#!/bin/sh\ncat "\${1#file://}" > "${opened}.page"; echo "$1" > "${opened}.part"\nmv "${opened}.part" "${opened}"\n`,
    )
    await chmod(opener, 0o755)
    await using service = desk.begin(['--port', '0', '--memory', '--open', ...nobody], {
      env: { PATH: `${desk.path}:${process.env['PATH']}` },
    })
    const key = await service.until('the key', out => /#key=(\S+)/.exec(out)?.[1])
    const words = await untilThere(opened)
    assert.ok(!words.includes(key), 'the words of a program are for everybody on the machine to read')
    assert.ok(readFileSync(`${opened}.page`, 'utf8').includes(`/console/#key=${key}`))
  })
})

/** The text of a file, as soon as it is there. */
async function untilThere(path: string): Promise<string> {
  const untilMs = Date.now() + 10_000
  while (!existsSync(path)) {
    if (Date.now() > untilMs) throw new Error(`${path} does not come.`)
    await new Promise(resolve => setImmediate(resolve))
  }
  return readFileSync(path, 'utf8')
}
