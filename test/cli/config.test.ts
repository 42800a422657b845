/**
 * `landline config`, and what wrong settings do to a start.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { SettingBody } from '../../src/protocol/admin.ts'
import { openDesk } from './desk.ts'

const fourMistakes = `listen: { port: 70000 }
retention:
  conversations: soon
bots:
  - id: orders
    endpont: http://127.0.0.1:9/
    schema: v2
`

suite('settings on the command line', { concurrency: 2 }, () => {
  test('with mistakes are told all at once, each with its place, exit with 3, and start nothing', async () => {
    await using desk = await openDesk()
    writeFileSync(join(desk.path, 'landline.yaml'), fourMistakes)
    for (const args of [['config', 'check'], ['serve'], ['dev']]) {
      const { code, out, err } = await desk.run(args)
      assert.equal(code, 3, err)
      assert.equal(out, '')
      const places = err
        .split('\n')
        .flatMap(line => /^\S*landline\.yaml:(\d+):(\d+) /.exec(line)?.slice(1, 3).join(':') ?? [])
      assert.deepEqual(places.slice(0, 4), ['1:17', '3:18', '6:5', '7:13'], err)
      assert.match(err, /endpoint/, 'the nearest name that there is')
      assert.match(err, /^landline: \d settings can’t be used \(SettingsInvalid\)\n[^\n]+\n$/m)
      assert.deepEqual(readdirSync(desk.path), ['landline.yaml'])
    }
  })

  test('with mistakes are a JSON document too, of one shape with that of settings that can be used', async () => {
    await using desk = await openDesk()
    writeFileSync(join(desk.path, 'landline.yaml'), fourMistakes)
    const { code, out, err } = await desk.run(['config', 'check', '--json'])
    assert.equal(code, 3, err)
    const wrong = JSON.parse(out) as Readonly<Record<string, unknown>>
    assert.deepEqual([wrong['ok'], wrong['file']], [false, 'landline.yaml'])
    const problems = wrong['problems'] as readonly { readonly where: string; readonly path: string; message: string }[]
    const [first] = problems
    assert.deepEqual([first?.where, first?.path], ['landline.yaml:1:17', 'listen.port'])
    for (const { where, path, message } of problems) assert.ok(err.includes(`${where}  ${path}: ${message}`), err)
    const flag = await desk.run(['config', 'check', '--json', '--port', 'x'], { cwd: join(desk.path, '..') })
    assert.equal(flag.code, 2)
    assert.equal((JSON.parse(flag.out) as { ok?: unknown }).ok, false)
    writeFileSync(join(desk.path, 'landline.yaml'), 'listen: { port: 4001 }\n')
    const right = await desk.run(['config', 'check', '--json'])
    assert.deepEqual(
      [right.code, JSON.parse(right.out)],
      [0, { ok: true, file: 'landline.yaml', warnings: [], problems: [] }],
    )
    assert.deepEqual(Object.keys(wrong), ['ok', 'file', 'warnings', 'problems'])
  })

  test('that name a file where a folder must be made can’t be used: 2 for a flag, 3 for the file', async () => {
    await using desk = await openDesk()
    writeFileSync(join(desk.path, 'afile'), '')
    for (const dir of ['afile', join('afile', 'below'), join('afile', 'landline.db')]) {
      const { code, out, err } = await desk.run(['dev', '--port', '0', '--dir', dir])
      assert.deepEqual([code, out], [2, ''], err)
      assert.match(err, /^landline: --dir: takes a folder, and [^\n]*afile[^\n]* \(Usage\)\n[^\n]+\n$/)
    }
    writeFileSync(join(desk.path, 'landline.yaml'), 'store: { path: afile }\n')
    const { code, err } = await desk.run(['serve'])
    assert.equal(code, 3, err)
    assert.match(err, /^landline\.yaml:1:16 {2}store\.path: takes a folder/)
  })

  test('are shown with where they come from: a flag before a variable, that before the file, that before the default', async () => {
    await using desk = await openDesk()
    const secrets = ['planted-secret-of-the-file-000000000', 'planted-key-of-the-environment-00000']
    const [secret = '', key = ''] = secrets
    const file = join(desk.path, 'landline.yaml')
    writeFileSync(
      file,
      `listen: { host: 127.0.0.2, port: 4001 }\npublicUrl: http://127.0.0.1:4001\nbots:\n  - { id: a, endpoint: "http://127.0.0.1:9/", sites: [{ id: s, secrets: ["${secret}"] }] }\n`,
      { mode: 0o600 },
    )
    const env = { LANDLINE_LISTEN_PORT: '4002', LANDLINE_LISTEN_HOST: '127.0.0.3', LANDLINE_ADMIN_KEY: key }
    const { code, out, err } = await desk.run(['config', 'show', '--port', '4003', '--json'], { env })
    assert.equal(code, 0, err)
    const lines = JSON.parse(out) as SettingBody[]
    const origin = (name: string) => {
      const line = lines.find(one => one.name === name)
      return `${String(line?.value)} ${line?.origin}`
    }
    assert.equal(origin('listen.port'), '4003 flag')
    assert.equal(origin('listen.host'), '127.0.0.3 env')
    assert.equal(origin('publicUrl'), 'http://127.0.0.1:4001 file')
    assert.match(origin('tokenLifetime'), / default$/)
    const text = await desk.run(['config', 'show'], { env })
    for (const told of [out, err, text.out, text.err]) for (const hidden of secrets) assert.ok(!told.includes(hidden))
    assert.match(text.out, /^listen\.port +4002 +env LANDLINE_LISTEN_PORT$/m)
  })

  test('have a schema that is JSON, and a sample that passes the check and is not written over', async () => {
    await using desk = await openDesk()
    const schema = await desk.run(['config', 'schema'])
    assert.equal(schema.code, 0, schema.err)
    assert.equal((JSON.parse(schema.out) as { type?: string }).type, 'object')
    assert.equal((await desk.run(['config', 'init'])).code, 0)
    const file = join(desk.path, 'landline.yaml')
    if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600)
    const sample = readFileSync(file, 'utf8')
    assert.notEqual(sample, '')
    const check = await desk.run(['config', 'check', '--dev'])
    assert.equal(check.code, 0, check.err)
    const again = await desk.run(['config', 'init'])
    assert.equal(again.code, 2)
    assert.match(again.err, /there already \(Usage\)/)
    const nowhere = await desk.run(['config', 'init', 'nowhere/landline.yaml'])
    assert.equal(nowhere.code, 2)
    assert.match(nowhere.err, /^landline: There is no folder \S*nowhere \(Usage\)\n[^\n]+\n$/)
    assert.equal(readFileSync(file, 'utf8'), sample)
  })
})
