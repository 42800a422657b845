/**
 * How a command finds the service it is about.
 */
import assert from 'node:assert/strict'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { serve } from '../support/check.ts'
import { openDesk } from './desk.ts'

const memory = ['--port', '0', '--memory', '--bot', 'http://127.0.0.1:9/api/messages']

suite('a command finds the service', { concurrency: 2 }, () => {
  test('that runs in its folder, without being told anything, while it runs', async () => {
    await using desk = await openDesk()
    const none = await desk.run(['bot', 'list'])
    assert.equal(none.code, 4)
    assert.match(none.err, /^landline: .* \(NoService\)\n[^\n]*landline[^\n]*\n$/)
    await using service = await desk.start(memory)
    const [file = ''] = readdirSync(desk.states)
    assert.equal(file, `${service.port}.json`)
    if (process.platform !== 'win32') {
      assert.equal(statSync(join(desk.states, file)).mode & 0o777, 0o600)
      assert.equal(statSync(desk.states).mode & 0o777, 0o700)
    }
    const { code, out, err } = await desk.run(['bot', 'list'])
    assert.equal(code, 0, err)
    assert.match(out, /^BOT .*\nbot .*127\.0\.0\.1:9/)
    assert.equal(await service.stop(), 0)
    assert.deepEqual(readdirSync(desk.states), [], 'nothing is left of it')
    assert.equal((await desk.run(['bot', 'list'])).code, 4)
  })

  test('and not what a killed one left behind, which the next start takes away', async () => {
    await using desk = await openDesk()
    await using killed = await desk.start(memory)
    await killed.kill()
    assert.deepEqual(readdirSync(desk.states), [`${killed.port}.json`])
    const { code, err } = await desk.run(['bot', 'list'])
    assert.equal(code, 4)
    assert.match(err, /\(NoService\)/)
    await using service = await desk.start(memory)
    assert.deepEqual(readdirSync(desk.states), [`${service.port}.json`])
  })

  test('of its own folder where several run, and asks which where none of them is', async () => {
    await using desk = await openDesk()
    await using here = await desk.start(['--port', '0', '--memory', '--bot', 'http://127.0.0.1:9/here'])
    const other = join(desk.path, 'other')
    const elsewhere = join(desk.path, 'elsewhere')
    for (const folder of [other, elsewhere]) await mkdir(folder)
    await using there = desk.begin(['--port', '0', '--memory', '--bot', 'http://127.0.0.1:9/there'], { cwd: other })
    const origin = await there.until('the second service', out => /Direct Line +(http:\S+)\/v3/.exec(out)?.[1])
    assert.match((await desk.run(['bot', 'list'])).out, /9\/here/)
    assert.match((await desk.run(['bot', 'list'], { cwd: other })).out, /9\/there/)
    const unsure = await desk.run(['bot', 'list'], { cwd: elsewhere })
    assert.equal(unsure.code, 2)
    for (const url of [here.origin, origin]) assert.ok(unsure.err.includes(url), unsure.err)
    assert.match((await desk.run(['bot', 'list', '--url', origin], { cwd: elsewhere })).out, /9\/there/)
  })

  test('it is told of, by options or variables, and says who is wrong: 4 for an address, 5 for a key', async () => {
    await using desk = await openDesk()
    await using stranger = await openDesk()
    await using service = await desk.start(memory)
    const key = /Admin key +(\S+)/.exec(service.output())?.[1] ?? ''
    const byOptions = await stranger.run(['bot', 'list', '--url', service.origin, '--key', key])
    assert.match(byOptions.out, /^BOT /)
    const told = { LANDLINE_URL: `${service.origin}/`, LANDLINE_ADMIN_KEY: key }
    assert.match((await stranger.run(['bot', 'list'], { env: told })).out, /^BOT /)

    const keyless = await stranger.run(['bot', 'list', '--url', service.origin])
    assert.equal(keyless.code, 5)
    assert.match(keyless.err, /\(NoKey\)\n[^\n]*LANDLINE_ADMIN_KEY/)
    const wrong = await stranger.run(['bot', 'list'], { env: { ...told, LANDLINE_ADMIN_KEY: 'planted-wrong-key' } })
    assert.equal(wrong.code, 5)
    assert.match(wrong.err, /^landline: [^\n]+ \(AdminKeyNeeded\)\n[^\n]+\n$/)
    assert.ok(!wrong.err.includes('planted'))
    const nowhere = await stranger.run(['bot', 'list'], { env: { ...told, LANDLINE_URL: 'http://127.0.0.1:9' } })
    assert.equal(nowhere.code, 4)
    assert.match(nowhere.err, /127\.0\.0\.1:9 .*\(Unreachable\)/)
  })

  test('at an address where something else answers, and says so: 4', async () => {
    await using desk = await openDesk()
    const answers = [
      [200, 'application/json', '{}', ['bot', 'list']],
      [200, 'application/json', '', ['bot', 'check', 'bot']],
      [200, 'text/html', '<!doctype html><p>hello', ['tail']],
      [404, 'text/plain', 'Not found', ['chat']],
      [500, 'text/plain', 'Oops', ['site', 'list']],
    ] as const
    for (const [status, type, text, words] of answers) {
      await using other = await serve((_request, response) => {
        response.writeHead(status, { 'content-type': type }).end(text)
      })
      const url = `http://127.0.0.1:${other.port}`
      const { code, out, err } = await desk.run([...words, '--url', url, '--key', 'k'])
      assert.deepEqual([code, out], [4, ''], err)
      const said = `landline: What answers at ${url} is no Landline: it answered ${status} (NotLandline)`
      assert.equal(err.split('\n')[0], said)
      assert.match(err, /\n[^\n]*--url[^\n]*\n$/)
    }
  })

  test('whatever else lies in the folder of state files', async () => {
    await using desk = await openDesk()
    await mkdir(desk.states)
    for (const [name, text] of [
      ['1.json', 'not JSON'],
      ['2.json', '{"url":1}'],
      ['notes.txt', ''],
    ] as const)
      writeFileSync(join(desk.states, name), text)
    await using service = await desk.start(memory)
    assert.equal((await desk.run(['bot', 'list'])).code, 0)
    assert.ok(readdirSync(desk.states).includes('notes.txt'), 'what is not ours is left alone')
    assert.equal(await service.stop(), 0)
  })
})
