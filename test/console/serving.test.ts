/**
 * How the console is built and given out.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { buildConsole, consoleDir, consoleSources, isConsoleFresh } from '../../src/console-build.ts'
import { consolePage } from '../../src/http/console/routes.ts'
import { openServer } from '../../src/http/server.ts'
import { eventually } from '../clients/support/eventually.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { makeFolder } from '../support/folder.ts'
import { call } from '../support/http.ts'
import { inBrowser } from './browser-test.ts'
import { secondsPass, startLively } from './lively.ts'

/** What may be sent over the wire, gzipped: bytes. */
const scriptBytesMax = 45_000
const styleBytesMax = 8_000
/** Up to the first screen. */
const requestsMax = 6

describe('the console is given out', () => {
  let app: TestApp
  before(async () => {
    await buildConsole(() => undefined)
    app = await startApp()
  })
  after(() => app[Symbol.asyncDispose]())
  const get = (path: string, headers: Record<string, string> = {}) => call(`${app.origin}${path}`, { headers })
  const parts = async () =>
    [...(await get('/console/')).text.matchAll(/(?:src|href)="(\/console\/[^"]+)"/g)].map(([, path]) => path ?? '')

  it('as the same page under every address, kept by nobody, and able to load nothing from elsewhere', async () => {
    const { status, headers, text } = await get('/console/')
    assert.equal(status, 200)
    assert.equal(headers['cache-control'], 'no-store')
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['referrer-policy'], 'no-referrer')
    assert.equal(headers['access-control-allow-origin'], undefined)
    assert.equal(
      headers['content-security-policy'],
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    )
    for (const path of ['/console', '/console/bots/any%2Fthing', '/console/conversations/x?a=1'])
      assert.equal((await get(path)).text, text, path)
    assert.equal((await get('/')).headers.location, '/console/')
  })

  it('to nobody who calls it by another name', async () => {
    for (const path of ['/console/', (await parts())[0] ?? ''])
      assert.equal((await get(path, { host: 'evil.example' })).status, 421)
  })

  it('with files that never change, gzipped for whoever takes that', async () => {
    const paths = await parts()
    assert.equal(paths.length, 2)
    for (const path of paths) {
      const plain = await get(path)
      assert.equal(plain.status, 200)
      assert.equal(plain.headers['cache-control'], 'public, max-age=31536000, immutable')
      assert.equal(plain.headers['x-content-type-options'], 'nosniff')
      const answer = await fetch(`${app.origin}${path}`, { headers: { 'accept-encoding': 'gzip' } })
      assert.equal(answer.headers.get('content-encoding'), 'gzip')
      assert.equal(await answer.text(), plain.text)
    }
    assert.equal((await get('/console/assets/of-another-build.js')).status, 404)
  })

  it('within its budgets', async () => {
    for (const path of await parts()) {
      const { headers } = await call(`${app.origin}${path}`, { headers: { 'accept-encoding': 'gzip' } })
      const max = path.endsWith('.js') ? scriptBytesMax : styleBytesMax
      assert.equal(headers['content-encoding'], 'gzip')
      assert.ok(Number(headers['content-length']) <= max, `${path}: ${headers['content-length']} bytes`)
    }
  })

  it('as one line that says how to build it, where it has not been built', async () => {
    await using folder = await makeFolder()
    const server = openServer(
      [consolePage({ dir: join(folder.path, 'none'), isHome: false })],
      () => undefined,
      () => false,
    )
    const origin = await server.listen({ host: '127.0.0.1', port: 0 })
    const missing = await call(`${origin}/console/`)
    assert.equal(missing.status, 503)
    assert.match(missing.text, /^The console has not been built here\. .+npm run build:console\n$/)
    // A build that comes later is found.
    await mkdir(join(folder.path, 'none', 'assets'), { recursive: true })
    await writeFile(join(folder.path, 'none', 'index.html'), '<!doctype html>built')
    assert.equal((await call(`${origin}/console/`)).text, '<!doctype html>built')
    await server.close()
  })

  it('from a build that is made once, and again only when something has changed', async () => {
    assert.ok(isConsoleFresh())
    // The build that everybody is given out is left alone: others are reading it.
    await using folder = await makeFolder()
    const said: string[] = []
    const build = () => buildConsole(line => said.push(line), folder.path)
    const built = /^Building the console …\nBuilt the console in [\d.]+ s\.$/
    await build()
    assert.match(said.splice(0).join('\n'), built)
    assert.ok(isConsoleFresh(folder.path))
    await build()
    assert.deepEqual(said, [])
    await writeFile(join(folder.path, '.made-from'), 'something else')
    assert.ok(!isConsoleFresh(folder.path))
    await build()
    assert.match(said.join('\n'), built)
    assert.ok(isConsoleFresh(folder.path))
  })

  it('from sources that can be read while others build', async () => {
    const before = consoleSources()
    // As builds do it, folders come and go beside what is given out.
    const other = spawn(process.execPath, ['-e', comeAndGo, join(consoleDir, '.building-by-a-test')])
    try {
      await once(other.stdout, 'data')
      for (let round = 0; round < 100; round += 1) assert.equal(consoleSources(), before)
    } finally {
      other.stdin.end()
      await once(other, 'close')
    }
  })

  const test = inBrowser(startLively)
  test('in few requests up to the first screen', async ({ browser, service }) => {
    await using window = await browser.enter(service)
    // What the page before the reload asks for is not counted, and has to be asked for by then.
    await eventually('the socket', async () => window.asked.some(url => url.endsWith('/live')))
    window.asked.length = 0
    await window.page.reload()
    await window.page.getByText('Open sockets').waitFor()
    assert.ok(window.asked.length <= requestsMax, window.asked.join('\n'))
  })

  test('in few requests up to the first screen of a new service, by the printed link', async ({ browser }) => {
    await using app = await startApp()
    await using window = await browser.open(app, '/console/')
    const { page } = window
    await page.getByLabel('Admin key').waitFor()
    // The page is there before its socket is.
    const { promise: isSeen, resolve: open } = Promise.withResolvers<void>()
    await page.routeWebSocket('**/admin/v1/live', async socket => {
      await isSeen
      socket.connectToServer()
    })
    await page.goto('about:blank')
    window.asked.length = 0
    await page.goto(`${app.origin}/console/#key=${app.adminKey}`)
    await page.getByText('Open sockets').waitFor()
    await page.getByText('Waiting for the first call').waitFor()
    const paths = () => window.asked.map(url => new URL(url).pathname).filter(path => !/\/assets\/|\/live$/.test(path))
    assert.deepEqual(paths(), ['/console/', '/admin/v1/login', '/admin/v1/about'])
    // With the socket, which is not counted where a test stands in between.
    assert.ok(window.asked.length + 1 <= requestsMax, window.asked.join('\n'))
    // What may have happened before the socket was there is read when it is, and once.
    open()
    await eventually('the rest', async () => paths().length >= 5)
    await secondsPass(app, 3)
    assert.deepEqual(paths().slice(3).sort(), ['/admin/v1/conversations', '/admin/v1/series'])
  })
})

/** A program that makes a folder and removes it, over and over, until its standard input ends. */
const comeAndGo = `
  const { mkdirSync, rmSync } = require('node:fs')
  let isOver = false
  process.stdin.on('end', () => { isOver = true }).resume()
  const round = () => {
    for (let name = 0; name < 20; name += 1) mkdirSync(process.argv[1] + '/' + name + '/assets', { recursive: true })
    rmSync(process.argv[1], { recursive: true, force: true })
    if (!isOver) setImmediate(round)
  }
  round()
  console.log('coming and going')
`
