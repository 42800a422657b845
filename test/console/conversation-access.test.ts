/**
 * A conversation in the console for everybody: without Web Chat, without a pointer, in the dark, in a small window.
 */
import assert from 'node:assert/strict'
import { suite } from 'node:test'
import { defaults } from '../../src/settings.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { freePort } from '../support/ports.ts'
import { TcpCut } from '../support/tcp-cut.ts'
import { inBrowser } from './browser-test.ts'
import { begun, ConversationWindow, startTalking } from './talking.ts'

/** Ways to a service, each with where its console is called, and where it has clients go from there. */
const ways: Readonly<Record<string, (bot: string) => Promise<Way>>> = {
  'another name of this machine': async bot => {
    const app = await startApp({ bot })
    return { app, console: named(app.port), line: named(app.port), [Symbol.asyncDispose]: () => ended(app) }
  },
  'another name, where nobody is taken by their word': async bot => {
    const app = await startApp({ bot, settings: { development: false } })
    return { app, console: named(app.port), line: app.origin, [Symbol.asyncDispose]: () => ended(app) }
  },
  'a tunnel with a port of its own': async bot => {
    const app = await startApp({ bot })
    const tunnel = await TcpCut.open(app.port)
    const there = named(tunnel.port)
    return { app, console: there, line: there, [Symbol.asyncDispose]: () => ended(app, tunnel) }
  },
  'an address that is only for the console': async bot => {
    const admin = { ...defaults.admin, listen: { host: '127.0.0.1', port: 0 } }
    const app = await startApp({ bot, settings: { admin } })
    const there = named(new URL(app.adminOrigin).port)
    return { app, console: there, line: app.origin, [Symbol.asyncDispose]: () => ended(app) }
  },
  'a loopback name, where clients come by a public URL with a path': async bot => {
    const port = await freePort()
    const proxy = await TcpCut.open(port)
    const line = `http://127.0.0.1:${proxy.port}`
    const app = await startApp({ bot, port, settings: { publicUrl: `${line}/line` } })
    return { app, console: named(port), line, [Symbol.asyncDispose]: () => ended(app, proxy) }
  },
}

type Way = AsyncDisposable & { readonly app: TestApp; readonly console: string; readonly line: string }

const named = (port: number | string): string => `http://localhost:${port}`

async function ended(...started: readonly AsyncDisposable[]): Promise<void> {
  for (const one of started) await one[Symbol.asyncDispose]()
}

const { begin } = ConversationWindow

suite('a conversation in the console, for everybody', () => {
  const browserTest = inBrowser(startTalking)

  browserTest('goes on without Web Chat: says so, and has a line of its own to write in', async given => {
    await using window = await begin(given, 'echo')
    await window.page.route('**/webchat.js', route =>
      route.fulfill({ status: 503, headers: { 'access-control-allow-origin': '*' }, body: 'Out of reach.' }),
    )
    await window.page.reload()
    await window.page.getByRole('alert').getByText('Out of reach.').waitFor()
    await window.page.getByRole('textbox', { name: 'Message', exact: true }).fill('by hand')
    await window.page.keyboard.press('Enter')
    await window.row(/→ bot message by hand 200/).waitFor()
    await window.page.unroute('**/webchat.js')
    await window.page.getByRole('button', { name: 'Reload chat' }).click()
    await window.chat.getByText('You said: by hand', { exact: true }).last().waitFor()
    assert.equal(await window.page.getByRole('alert').count(), 0)
    // The browser names what was refused on purpose.
    window.complaints.length = 0
  })

  for (const [way, open] of Object.entries(ways)) {
    browserTest(`is connected where the console is called by ${way}`, async ({ browser, service }) => {
      await using found = await open(service.echo.url)
      const { app, console: origin, line } = found
      await using window = await browser.enter({ origin, adminKey: app.adminKey })
      window.service.push(line)
      await window.press('New conversation')
      const chat = window.page.frameLocator('iframe[title="Chat"]')
      const box = chat.getByRole('textbox', { name: 'Message input box' })
      await box.fill('hi')
      await box.press('Enter')
      await chat.getByText('You said: hi', { exact: true }).first().waitFor()
      const streams = window.asked.filter(url => url.startsWith('ws') && url.includes('/v3/directline/'))
      assert.deepEqual(
        streams.map(url => new URL(url).origin),
        [line.replace('http', 'ws')],
      )
      assert.deepEqual(
        window.complaints.filter(text => !/deprecated/i.test(text)),
        [],
      )
    })
  }

  browserTest('says so when Web Chat has not come up in ten seconds', async given => {
    await using window = await ConversationWindow.open(given, 'settings')
    const id = await begun(given.service, 'echo')
    await window.page.clock.install()
    await window.page.route('**/frame/frame.js', route => route.fulfill({ contentType: 'text/javascript', body: '' }))
    await window.page.goto(`${given.service.app.origin}/console/conversations/${id}`)
    await window.takePart()
    await window.page.locator('iframe[title="Chat"]').waitFor()
    assert.equal(await window.page.getByRole('alert').count(), 0)
    await window.page.clock.fastForward(10_000)
    await window.page.getByRole('alert').getByText('It has not come up in 10 seconds.').waitFor()
    await window.page.getByRole('button', { name: 'Reload chat' }).waitFor()
    await window.page.getByRole('textbox', { name: 'Message', exact: true }).waitFor()
  })

  browserTest('can be done by keyboard alone: chat, log, again, and what is clicked in the chat', async given => {
    await using window = await begin(given, 'echo', ['one'])
    const { keyboard } = window.page
    await window.messages.nth(1).waitFor()
    await window.chat.getByRole('textbox', { name: 'Message input box' }).focus()
    await keyboard.type('by keyboard')
    await keyboard.press('Enter')
    await window.row(/← bot message You said: by keyboard/).waitFor()
    await window.messages.nth(3).waitFor()

    await window.log.focus()
    await keyboard.press('Home')
    await window.isAt('a', '1')
    await keyboard.press('ArrowDown')
    await window.isAt('a', '2')
    await keyboard.press('End')
    await window.isAt('a', '4')
    await keyboard.press('ArrowUp')
    await window.isAt('a', '3')
    await keyboard.press('a')
    await window.row(/by keyboard again 200/).waitFor()
    await window.messages.nth(4).waitFor()

    await window.chat.getByRole('textbox', { name: 'Message input box' }).focus()
    await keyboard.press('Shift+Tab')
    for (let tries = 0; tries < 6; tries += 1) {
      if (await window.inFrame('document.activeElement?.hasAttribute("aria-activedescendant") === true')) break
      await keyboard.press('Shift+Tab')
    }
    for (const key of ['End', 'ArrowUp', 'Enter']) await keyboard.press(key)
    await window.isAt('a', '4')
  })

  browserTest('has columns whose widths are moved with the arrow keys, and kept', async given => {
    await using window = await begin(given, 'echo')
    const divider = window.page.getByRole('separator', { name: 'Width of the chat' })
    const before = Number(await divider.getAttribute('aria-valuenow'))
    await divider.focus()
    await window.page.keyboard.press('ArrowRight')
    const moved = Number(await divider.getAttribute('aria-valuenow'))
    assert.ok(moved > before)
    await window.page.reload()
    await divider.waitFor()
    assert.equal(Number(await divider.getAttribute('aria-valuenow')), moved)
  })

  for (const dark of [false, true]) {
    browserTest(`has nothing that axe finds wrong, ${dark ? 'dark' : 'light'}`, async given => {
      given.service.broken.breakAgain()
      await using window = await begin(given, 'broken', ['please crash'], { colorScheme: dark ? 'dark' : 'light' })
      await window.row(/please crash 500/).click()
      await window.page.getByText('BotThrew').waitFor()
      assert.deepEqual(await window.violations(), [])
      await window.page.getByRole('button', { name: 'Edit and send' }).click()
      assert.deepEqual(await window.violations(), [])
    })
  }

  browserTest('fits 320 pixels: columns are tabs, and nothing has to be scrolled sideways', async given => {
    await using window = await begin(
      given,
      'echo',
      ['card', 'a rather long text that is longer than any line of a small window'],
      { viewport: { width: 320, height: 700 } },
    )
    const fits = () => window.page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth')
    await window.page.getByRole('tab', { name: 'Chat' }).waitFor()
    assert.ok(await fits())
    await window.page.getByRole('tab', { name: 'Log' }).click()
    await window
      .row(/rather long/)
      .first()
      .click()
    await window.page.getByRole('tree', { name: 'Activity' }).waitFor()
    assert.equal(await window.page.getByRole('tab', { name: 'Details' }).getAttribute('aria-selected'), 'true')
    assert.ok(await fits())
    assert.deepEqual(await window.violations(), [])
  })
})
