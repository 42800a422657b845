/**
 * Connect: the programs it shows are run as they stand.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe } from 'node:test'
import { startEchoBot } from '../support/three-bots.ts'
import { inBrowser } from './browser-test.ts'
import { addBot, startLively } from './lively.ts'

const clients = ['Web Chat (page)', 'Web Chat (React ≤ 18)', 'DirectLineJS', 'curl', 'Python', '.NET']

describe('connect', () => {
  const test = inBrowser(startLively)

  test('shows a program for each client, with the real address and no secret', async ({ browser, service }) => {
    await using window = await browser.enter(service, '/console/connect')
    const { page } = window
    for (const site of ['echo', 'broken']) {
      await page.getByLabel('Bot').selectOption(site)
      for (const client of clients) {
        await page.getByRole('tab', { name: client, exact: true }).click()
        const program = (await page.getByRole('region', { name: client, exact: true }).textContent()) ?? ''
        assert.ok(program.includes(service.origin), client)
        assert.equal(program.includes('/dev/token'), site === 'echo', client)
        // Without `/dev/token`, what runs on a server names the variable of the secret, and what runs in a page an endpoint to write.
        if (site !== 'echo') assert.match(program, /LANDLINE_SECRET|Write this endpoint on your own server/, client)
        for (const secret of service.secrets) assert.ok(!(await page.content()).includes(secret), client)
      }
    }
    assert.equal(window.address, '/console/connect?bot=broken&client=dotnet')
    assert.deepEqual(window.complaints, [])
  })

  test('copies a program', async ({ browser, service }) => {
    await using window = await browser.enter(service, '/console/connect?client=curl', {
      permissions: ['clipboard-read', 'clipboard-write'],
    })
    await window.press('Copy curl')
    await window.page.getByRole('button', { name: 'Copy curl' }).getByText('Copied').first().waitFor()
    const copied = await window.page.evaluate('navigator.clipboard.readText()')
    assert.match(String(copied), new RegExp(`^DOMAIN=${service.base}\n`))
  })

  test('says when the first call has come; the Python program runs as it is shown', async ({ browser, service }) => {
    await using window = await browser.enter(service, '/console/settings')
    const { page } = window
    // The clock of whoever looks is wrong.
    await page.clock.setFixedTime(new Date(Date.now() + 3600_000))
    await window.go('/console/connect?client=python')
    await page.getByText('Waiting for the first call').waitFor()
    const program = (await page.getByRole('region', { name: 'Python' }).getByRole('code').textContent()) ?? ''
    const said = await run('python3', program)
    assert.match(said, /message hi\n/)
    await page.getByText(/^Connected.* at \d\d:\d\d:\d\d$/).waitFor()
    await page.getByRole('link', { name: /^Open/ }).click()
    assert.match(window.address, /^\/console\/conversations\/[\w-]+$/)
  })

  test('the page with Web Chat runs as it is shown', async ({ browser, service }) => {
    await using window = await browser.enter(service, '/console/connect')
    const program =
      (await window.page.getByRole('region', { name: 'Web Chat (page)' }).getByRole('code').textContent()) ?? ''
    const server = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(program))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const shop = await window.page.context().newPage()
    try {
      await shop.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
      const box = shop.getByRole('textbox', { name: 'Message input box' })
      await box.fill('Good evening')
      await box.press('Enter')
      await shop.getByText('You said: Good evening').first().waitFor()
      await window.page.getByText(/^Connected/).waitFor()
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  test('of a site that is switched off says so', async ({ browser, service }) => {
    await using bot = await startEchoBot()
    await addBot(service, { id: 'shut', endpoint: bot.url })
    await using window = await browser.enter(service, '/console/bots/shut')
    await window.press('Edit Default')
    await window.page.getByLabel('On', { exact: true }).uncheck()
    await window.press('Save')
    await window.page.getByRole('link', { name: 'Connect' }).last().click()
    await window.sees('This site is switched off')
  })
})

/** Runs a program given on standard input. Answers what it has said. */
async function run(command: string, program: string): Promise<string> {
  const child = spawn(command, ['-'], { stdio: ['pipe', 'pipe', 'pipe'], timeout: 20_000 })
  let said = ''
  child.stdout.on('data', text => {
    said += text
  })
  child.stderr.on('data', text => {
    said += text
  })
  child.stdin.end(program)
  const [code] = (await once(child, 'close')) as [number]
  assert.equal(code, 0, said)
  return said
}
