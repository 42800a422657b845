/**
 * `POST /admin/v1/bots/{bot}/check`: the way to a bot, step by step, and what is said where it ends.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CheckReport } from '../../../src/protocol/admin-problems.ts'
import { ask, assertAdminRefused, done } from '../../support/admin.ts'
import { startApp } from '../../support/app.ts'
import { assertFound, check, checkAt, hasIpv6, serve, stepOf } from '../../support/check.ts'
import { startEchoBot } from '../../support/three-bots.ts'

describe('a bot that is there', () => {
  it('is found without being sent anything, unless it is said', async () => {
    await using bot = await startEchoBot()
    await using app = await startApp({ bot: bot.url })
    for (const body of [{ send: false }, {}]) {
      const { status, body: report } = await ask(app, 'POST', '/bots/bot/check', body)
      assert.equal(status, 200)
      assert.equal(report['ok'], true)
      assert.equal(report['problem'], undefined)
    }
    const report = await check(app, false)
    assert.equal(report.endpoint, bot.url)
    assert.deepEqual(
      report.steps.map(({ name, ok }) => [name, ok]),
      [
        ['url', true],
        ['name', true],
        ['connect', true],
        ['post', null],
        ['answers', null],
      ],
    )
    for (const { name, ms } of report.steps.slice(0, 3)) assert.ok(ms !== undefined && ms >= 0 && ms < 3_000, name)
    assert.match(stepOf(report, 'connect').note, new RegExp(`127\\.0\\.0\\.1:${bot.port}`))
    assert.deepEqual(bot.requests, [])
  })

  it('under the name localhost is found at whichever of the two addresses it listens', async () => {
    await using bot = await startEchoBot()
    const report = await checkAt(bot.url.replace('127.0.0.1', 'localhost'), { send: false })
    assert.equal(report.ok, true)
    assert.match(stepOf(report, 'name').note, /127\.0\.0\.1, ::1/)
  })

  it('is offered addresses of ours for bots that run elsewhere, unless a public one is set', async () => {
    await using bot = await startEchoBot()
    await using app = await startApp({ bot: bot.url })
    const { serviceUrls } = await check(app, false)
    assert.deepEqual(serviceUrls[0], { where: 'container', url: `http://host.docker.internal:${app.port}` })
    assert.match(serviceUrls[1]?.url ?? '', new RegExp(`^http://[\\w.-]+:${app.port}$`))
    await using known = await startApp({ bot: bot.url, settings: { publicUrl: 'https://chat.example' } })
    assert.deepEqual((await check(known, false)).serviceUrls, [])
  })
})

describe('the way to a bot', () => {
  it('ends at a URL that is none, or has no path: BadUrl', async () => {
    const ftp = await checkAt('ftp://127.0.0.1/api/messages')
    assertFound(ftp, 'BadUrl', 'url', /not an http or https URL/)
    const pathless = await checkAt('http://127.0.0.1:3978')
    assertFound(pathless, 'BadUrl', 'url', /no path/)
    assert.deepEqual(pathless.problem?.fix?.patch, { endpoint: 'http://127.0.0.1:3978/api/messages' })
  })

  it('ends at a URL that was given without a path, unless the bot is seen to take activities at /', async () => {
    const takesAt = (path: string) =>
      serve((request, response) => response.writeHead(request.url === path ? 200 : 404).end())
    await using bot = await takesAt('/')
    await using other = await takesAt('/api/messages')
    await using app = await startApp()
    const endpointOf = (port: number) => `http://127.0.0.1:${port}`
    const add = async (id: string, endpoint: string) =>
      (await ask(app, 'POST', '/bots', { id, endpoint })).body['endpoint']
    const checked = async (id: string, send: boolean) =>
      (await done(app, 'POST', `/bots/${id}/check`, { send })) as unknown as CheckReport
    assert.equal(await add('root', endpointOf(bot.port)), endpointOf(bot.port), 'it is kept as it was written')
    assert.equal(await add('other', endpointOf(other.port)), endpointOf(other.port))

    for (const send of [false, true]) {
      const report = await checked('other', send)
      assertFound(report, 'BadUrl', 'url', /no path.*end the address with it/)
      assert.deepEqual(report.problem?.fix?.patch, { endpoint: `${endpointOf(other.port)}/api/messages` })
    }
    assertFound(await checked('root', false), 'BadUrl', 'url', /no path/)
    const found = await checked('root', true)
    assert.equal(found.ok, true, JSON.stringify(found))
    assert.match(stepOf(found, 'url').note, /it has no path, so \/ is meant/)
    await done(app, 'PATCH', '/bots/root', { endpoint: `${endpointOf(bot.port)}/` })
    assert.equal((await checked('root', false)).ok, true, 'a slash is a path')
  })

  it('ends at a name nobody knows: NameUnknown', async () => {
    const report = await checkAt('http://bot.invalid/api/messages')
    assertFound(report, 'NameUnknown', 'name', /bot\.invalid/)
  })

  it('ends where no bot may be, however the address is written: BadUrl', async () => {
    for (const host of ['169.254.169.254', '0xa9fea9fe', '[::ffff:169.254.169.254]', '0.0.0.0', '[fe80::1]'])
      assertFound(await checkAt(`http://${host}/api/messages`), 'BadUrl', 'name', /no bot may be/)
  })

  it('ends where nobody listens: NobodyListens', async () => {
    const report = await checkAt('http://127.0.0.1:9/api/messages')
    assertFound(report, 'NobodyListens', 'connect', /Nobody listens on 127\.0\.0\.1:9\./)
    assert.equal(report.problem?.fix?.label, 'Start the bot')
    assert.equal(report.problem?.fix?.patch, undefined)
  })

  it('ends where nobody listens, and names the usual ports at which somebody does', async t => {
    // An address of its own, on Linux: on the usual one other tests may hold these ports.
    if (process.platform !== 'linux') return t.skip('only Linux has all of 127.0.0.0/8')
    await using _other = await serve((_request, response) => response.end(), '127.73.1.6', 3979)
    const report = await checkAt('http://127.73.1.6:9/api/messages')
    assertFound(report, 'NobodyListens', 'connect', /on port 3979\./)
    assert.deepEqual(report.problem?.fix?.patch, { endpoint: 'http://127.73.1.6:3979/api/messages' })
  })

  it('ends at the one of the two loopback addresses at which the bot does not listen: OtherFamilyOnly', async t => {
    if (!(await hasIpv6())) return t.skip('this machine has no ::1')
    await using bot = await serve((_request, response) => response.end(), '::1')
    const report = await checkAt(`http://127.0.0.1:${bot.port}/api/messages`)
    assertFound(report, 'OtherFamilyOnly', 'connect', /listens on ::1 and not on 127\.0\.0\.1/)
    assert.deepEqual(report.problem?.fix?.patch, { endpoint: `http://[::1]:${bot.port}/api/messages` })
    await using other = await startEchoBot()
    const turned = await checkAt(`http://[::1]:${other.port}/api/messages`)
    assertFound(turned, 'OtherFamilyOnly', 'connect', /listens on 127\.0\.0\.1 and not on ::1/)
  })

  it('ends where no network leads: NoRoute', async () => {
    // No system opens a connection to everybody, and none sends anything when asked to.
    const report = await checkAt('http://255.255.255.255/api/messages')
    assertFound(report, 'NoRoute', 'connect', /255\.255\.255\.255/)
  })
})

it('refuses a bot it does not have, a body it does not understand, and who has no key', async () => {
  await using app = await startApp()
  assertAdminRefused(await ask(app, 'POST', '/bots/nobody/check', { send: false }), 404, 'UnknownBot')
  assertAdminRefused(await ask(app, 'POST', '/bots/bot/check', { sent: true }), 400, 'BadArgument')
  assertAdminRefused(await ask(app, 'POST', '/bots/bot/check', { send: 'yes' }), 400, 'BadArgument')
  const keyless = await ask({ ...app, adminKey: 'wrong' }, 'POST', '/bots/bot/check', { send: false })
  assertAdminRefused(keyless, 401, 'AdminKeyNeeded')
})
