/**
 * `landline site`, `secret` and `token`: who gets in, and with what.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { SiteBody, TokenBody } from '../../src/protocol/admin.ts'
import { call } from '../support/http.ts'
import { openDesk } from './desk.ts'

/** Nobody has said where the bot is, so that it and its sites can be changed. */
const memory = ['--port', '0', '--memory']

suite('sites, secrets and tokens on the command line', { concurrency: 2 }, () => {
  test('a site is added, shown, changed and removed', async () => {
    await using desk = await openDesk()
    await using service = await desk.start(memory)
    const added = await desk.run(['site', 'add', '--name', 'Shop', '--id', 'shop', '--no-v1', '--json'])
    assert.equal(added.code, 0, added.err)
    const site = JSON.parse(added.out) as SiteBody
    assert.deepEqual([site.id, site.bot, site.name, site.v3, site.v1], ['shop', 'bot', 'Shop', true, false])
    const origins = ['https://a.example', 'https://b.example']
    const flags = origins.flatMap(origin => ['--origin', origin])
    const edited = await desk.run(['site', 'edit', 'shop', '--enhanced-auth', '--no-uploads', ...flags])
    assert.equal(edited.code, 0, edited.err)
    assert.match(edited.out, /^Trusted origins +https:\/\/a\.example, https:\/\/b\.example$/m)
    assert.match(edited.out, /^On +enabled, v3, enhanced auth$/m)
    assert.match((await desk.run(['site', 'edit', 'shop', '--origin', 'none'])).out, /^Trusted origins +any$/m)
    assert.match((await desk.run(['site', 'list'])).out, /^SITE .*\nbot\.default .*\nbot\.shop /)
    assert.equal((await desk.run(['site', 'remove', 'shop'])).code, 2, 'a script must say --yes')
    assert.equal((await desk.run(['site', 'remove', 'shop', '--yes'])).code, 0)
    assert.doesNotMatch((await desk.run(['site', 'list'])).out, /shop/)
    const gone = await desk.run(['site', 'edit', 'shop', '--v1'])
    assert.equal(gone.code, 2)
    assert.match(gone.err, /\(UnknownSite\)/)
    assert.equal(await service.stop(), 0)
  })

  test('a secret is shown, and made anew without the other one being lost', async () => {
    await using desk = await openDesk()
    await using service = await desk.start(memory)
    const opens = async (secret: string) =>
      (await call(`${service.base}/tokens/generate`, { method: 'POST', bearer: secret })).status
    const shown = async (number: string) => (await desk.run(['secret', 'show', 'default', number])).out.trim()
    const [first, second] = [await shown('1'), await shown('2')]
    assert.equal(first, service.secret)
    const made = (await desk.run(['secret', 'regenerate', 'default', '1', '--yes'])).out.trim()
    assert.notEqual(made, first)
    assert.equal(await shown('1'), made)
    assert.deepEqual([await opens(made), await opens(second), await opens(first)], [200, 200, 403])
    const third = await desk.run(['secret', 'show', 'default', '3'])
    assert.equal(third.code, 2)
    assert.match(third.err, /secrets 1 and 2 \(Usage\)/)
    assert.equal(await service.stop(), 0)
  })

  test('a token is printed alone, and is good for who and where it was made for', async () => {
    await using desk = await openDesk()
    await using service = await desk.start(memory)
    const { code, out, err } = await desk.run(['token', '--user', 'dl_ana', '--origin', 'https://a.example'])
    assert.equal(code, 0, err)
    assert.match(out, /^[\w-]+\.[\w-]+\.[\w-]+\n$/)
    const started = await call(`${service.base}/conversations`, { method: 'POST', bearer: out.trim() })
    assert.equal(started.status, 201)
    const issued = JSON.parse((await desk.run(['token', '--site', 'bot.default', '--json'])).out) as TokenBody
    assert.ok(issued.conversationId !== '' && issued.expires_in > 0)
    assert.equal((await desk.run(['token', '--site', 'nowhere'])).code, 2)
    await desk.run(['site', 'add', '--name', 'Shop'])
    const unsure = await desk.run(['token'])
    assert.equal(unsure.code, 2)
    assert.match(unsure.err, /bot\.default, bot\.\S+ \(Usage\)\n.*--site/)
    assert.equal(await service.stop(), 0)
  })
})
