/**
 * The command line: what can be asked for, and what is said to who asks for something else.
 */
import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { startProcess } from '../../support/app.ts'
import { makeFolder } from '../../support/folder.ts'
import { run, takePort } from './run.ts'

const wrong: readonly (readonly [readonly string[], RegExp])[] = [
  [['--unknown'], /--unknown/],
  [['stray', '--memory'], /stray/],
  [['--port', '70000'], /--port.*70000/],
  [['--bot', 'ftp://a.example/'], /--bot.*ftp/],
  [['--secret', 'hush hush'], /--secret/],
]

suite('the command line', { concurrency: 2 }, () => {
  test('exits with 2, says what is wrong and how it is done, and starts nothing', async () => {
    await using folder = await makeFolder()
    for (const [args, said] of wrong) {
      const { code, out, err } = await run(args, folder.path)
      assert.equal(code, 2, args.join(' '))
      assert.match(err, /^landline: [^\n]+ \(Usage\)\n[^\n]+\n$/, 'what is wrong, and what to do')
      assert.match(err, said)
      assert.equal(out, '')
      assert.equal(err.includes('hush hush'), false, 'a secret is never repeated, not even one that is refused')
    }
    assert.deepEqual(readdirSync(folder.path), [])
  })

  test('prints the usage on request and exits with 0', async () => {
    await using folder = await makeFolder()
    for (const args of [['--help'], ['dev', '--help'], ['bot', 'add', '--help']]) {
      const { code, out, err } = await run(args, folder.path)
      assert.equal(code, 0)
      assert.match(out, /^Usage: landline /)
      assert.equal(err, '')
    }
    assert.deepEqual(readdirSync(folder.path), [])
  })

  test('exits with 7 and says why when the port it was given is taken', async () => {
    await using folder = await makeFolder()
    await using taken = await takePort(0)
    const port = String(taken?.port)
    const { code, out, err } = await run(
      ['--port', port, '--dir', 'store', '--bot', 'http://127.0.0.1:9/'],
      folder.path,
    )
    assert.equal(code, 7)
    assert.match(err, new RegExp(`^landline: .*${port}.*taken \\(PortTaken\\)\\n[^\\n]+\\n$`))
    assert.equal(out, '')
  })

  test('exits with 7 and says why when another service has the folder, and leaves that one alone', async () => {
    await using folder = await makeFolder()
    const bot = ['--bot', 'http://127.0.0.1:9/api/messages']
    await using first = await startProcess({ args: ['--port', '0', '--dir', 'store', ...bot], cwd: folder.path })
    const { code, out, err } = await run(['--port', '0', '--dir', 'store', ...bot], folder.path)
    assert.equal(code, 7)
    assert.match(err, /^landline: .*store.*in use.* \(StoreInUse\)\n[^\n]+\n$/)
    assert.equal(out, '')
    assert.equal((await fetch(`${first.origin}/ready`)).status, 200)
  })

  test('exits with 2 when the folder it is told can’t be one', async () => {
    await using folder = await makeFolder()
    writeFileSync(join(folder.path, 'file'), 'a file')
    const { code, out, err } = await run(['--port', '0', '--dir', 'file', '--bot', 'http://127.0.0.1:9/'], folder.path)
    assert.equal(code, 2)
    assert.match(err, /^landline: [^\n]+ \(\w+\)\n[^\n]+\n$/)
    assert.equal(out, '')
  })
})
