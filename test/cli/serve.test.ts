/**
 * `landline serve`: a start for others, and what it does when it is signalled.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { BotBody } from '../../src/protocol/admin.ts'
import { startBot } from '../support/bot.ts'
import { message, post, startChat } from '../support/direct-line.ts'
import { openSocket } from '../support/socket.ts'
import { inTime } from '../support/until.ts'
import { holding } from '../wire/delivery/holding-bot.ts'
import { takePort, untilStopping } from '../wire/process/run.ts'
import { type Command, openDesk } from './desk.ts'

/** Settings of a service that only this machine reaches. */
const settings = (bots: Readonly<Record<string, string>>, more = ''): string =>
  [
    'listen: { port: 0 }',
    ...more.split('\n'),
    'bots:',
    ...Object.entries(bots).map(([id, endpoint]) => `  - { id: ${id}, endpoint: "${endpoint}" }`),
  ].join('\n')

const isUp = (command: Command) => command.until('the start', out => /^listening: (\S+)$/m.exec(out)?.[1])

suite('landline serve', { concurrency: 2 }, () => {
  test('says what it decided, a line each, with what was made at the first start shown then and never again', async () => {
    await using desk = await openDesk()
    writeFileSync(join(desk.path, 'landline.yaml'), settings({ orders: 'http://127.0.0.1:9/orders' }))
    const outs: string[] = []
    for (const _start of [1, 2]) {
      await using service = desk.begin(['serve'])
      await isUp(service)
      service.child.kill('SIGTERM')
      const { code, out } = await service.ended()
      assert.equal(code, 0)
      outs.push(out)
    }
    const [first = '', second = ''] = outs
    for (const line of [
      /^settings: .*landline\.yaml$/m,
      /^store: sqlite in .+$/m,
      /^bot orders: http:\S+$/m,
      /^console: http/m,
    ])
      assert.match(first, line)
    assert.match(first, /^admin key, shown this once: \S{43}$/m)
    assert.doesNotMatch(second, /shown this once/)
    const key = /once: (\S+)/.exec(first)?.[1] ?? ''
    assert.ok(!second.includes(key))
    assert.ok(!first.includes('#key='), 'a link with the key in it is not for a journal')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    assert.doesNotMatch(first, /[^\x09\x0a\x20-\x7e’…]/, 'no art, no colours')
  })

  test('exits with 7 when its port is taken', async () => {
    await using desk = await openDesk()
    await using taken = await takePort(0)
    const { code, out, err } = await desk.run(['serve', '--port', String(taken?.port)])
    assert.equal(code, 7)
    assert.match(err, new RegExp(`${taken?.port} .*taken \\(PortTaken\\)\\n`))
    assert.equal(out, '')
  })

  test('ends when what its store keeps was sealed under another master key, and says so', async () => {
    await using desk = await openDesk()
    writeFileSync(join(desk.path, 'landline.yaml'), 'listen: { port: 0 }')
    const env = (byte: number) => ({ LANDLINE_MASTER_KEY: Buffer.alloc(32, byte).toString('base64') })
    await using first = desk.begin(['serve'], { env: env(1) })
    await isUp(first)
    first.child.kill('SIGTERM')
    assert.equal((await first.ended()).code, 0)
    const { code, out, err } = await desk.run(['serve'], { env: env(2) })
    assert.deepEqual([code, out], [1, ''])
    assert.match(err, /another master key \(Unexpected\)\n/)
  })

  test('shows the secret that was made for the first site, though another site was given its own', async () => {
    await using desk = await openDesk()
    const sites = `[{ id: first }, { id: second, secrets: ["${'s'.repeat(32)}"] }]`
    const file = `listen: { port: 0 }\nbots: [{ id: orders, endpoint: "http://127.0.0.1:9/", sites: ${sites} }]`
    writeFileSync(join(desk.path, 'landline.yaml'), file)
    await using service = desk.begin(['serve'])
    const origin = await isUp(service)
    const secret = /^secret, shown this once: (\S{43})$/m.exec(service.out())?.[1] ?? assert.fail(service.out())
    await startChat({ base: `${origin}/v3/directline`, secret }, { id: 'u1' })
    await using dev = desk.begin(['dev', '--public-url', 'https://chat.example.org', '--dir', 'another'])
    const shown = await dev.until('the start', out => out.includes('Ctrl-C') && /^ {2}Secret +(.+)$/m.exec(out)?.[1])
    assert.match(shown, /^\S{43}$/, 'and so does dev where others reach it')
  })

  test('that is told to read its settings again while it starts does so when it is up', async t => {
    if (process.platform === 'win32') return t.skip('there is no SIGHUP')
    await using desk = await openDesk()
    const told = /^landline: Bots and sites were read again: nothing is new$/m
    for (const words of [
      ['serve', '--port', '0'],
      ['dev', '--port', '0', '--memory', '--bot', 'http://127.0.0.1:9/'],
    ]) {
      await using service = desk.begin(words, { env: { LANDLINE_RATE_LIMITS: 'off' } })
      // What is unsafe is said before anything is opened.
      await service.until('the warning', (_out, err) => err.includes('LANDLINE_RATE_LIMITS=off'))
      assert.equal(service.out(), '')
      service.child.kill('SIGHUP')
      await service.until('the reading', (out, err) => told.test(err) && /^listening: |Ctrl-C/m.test(out))
      service.child.kill('SIGTERM')
      assert.equal((await service.ended()).code, 0)
    }
  })

  test('reads bots and sites again on SIGHUP, and names what else has changed', async t => {
    if (process.platform === 'win32') return t.skip('there is no SIGHUP')
    await using desk = await openDesk()
    const file = join(desk.path, 'landline.yaml')
    writeFileSync(file, settings({ first: 'http://127.0.0.1:9/one', second: 'http://127.0.0.1:9/two' }))
    await using service = desk.begin(['serve'])
    await isUp(service)
    const bots = async () => {
      const { out } = await desk.run(['bot', 'list', '--json'])
      return (JSON.parse(out) as BotBody[]).map(({ id, endpoint }) => `${id} ${new URL(endpoint).pathname}`)
    }
    assert.deepEqual(await bots(), ['first /one', 'second /two'])

    const changed = settings(
      { second: 'http://127.0.0.1:9/three', third: 'http://127.0.0.1:9/four' },
      'tokenLifetime: 1h',
    )
    writeFileSync(file, changed)
    service.child.kill('SIGHUP')
    const said = await service.until('the reading', (_out, err) => /^.* take a restart: .*$/m.test(err) && err)
    assert.match(said, /read again: added third; changed second; removed first/)
    assert.match(said, /take a restart: tokenLifetime$/m)
    assert.deepEqual(await bots(), ['second /three', 'third /four'])

    writeFileSync(file, `${changed}\nprot: 1\n`)
    service.child.kill('SIGHUP')
    await service.until('the refusal', (_out, err) =>
      /Nothing was changed[\s\S]*landline\.yaml:\d+:\d+ .*prot/.test(err),
    )
    assert.deepEqual(await bots(), ['second /three', 'third /four'])
  })

  test('ends a running turn and closes an open socket after SIGTERM, and exits with 0', async () => {
    await using desk = await openDesk()
    const held = holding()
    await using bot = await startBot(held)
    writeFileSync(join(desk.path, 'landline.yaml'), settings({ held: bot.url }))
    await using service = desk.begin(['serve'])
    const origin = await isUp(service)
    const secret = (await desk.run(['secret', 'regenerate', 'held.default', '1', '--yes'])).out.trim()
    const chat = await startChat({ base: `${origin}/v3/directline`, secret }, { id: 'u1' })
    using socket = await openSocket(chat.streamUrl)
    const posted = post(chat, message('a last question'))
    const turn = await bot.until('the turn', ({ of }) => of(chat.conversation, 'message')[0])
    service.child.kill('SIGTERM')
    await untilStopping(origin)
    held.release(turn.id)
    assert.equal((await posted).status, 200)
    assert.equal((await inTime('the socket to be closed', socket.closed)).code, 1001)
    assert.equal((await service.ended()).code, 0)
  })
})
