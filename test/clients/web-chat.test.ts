/**
 * The official Web Chat in a real Chromium: on a shop's page that is another origin than the service, and in the
 * console's frame. The bot is the sample bot.
 */
import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import type { BrowserContext } from 'playwright-core'
import { WebChatBundle } from '../../src/adapters/web-chat-package/bundle.ts'
import { startSampleBot } from '../../src/sample-bot/bot.ts'
import { drawPicture } from '../../src/sample-bot/picture.ts'
import { startApp } from '../support/app.ts'
import { eventually } from './support/eventually.ts'
import { generateToken } from './support/rest.ts'
import { openWireCutter } from './support/wire-cutter.ts'
import { openBrowser } from './web-chat/browser.ts'
import { openShop } from './web-chat/shop.ts'
import { Steering } from './web-chat/steering.ts'
import { ChatWindow } from './web-chat/window.ts'

const bundle = await new WebChatBundle().read('webchat.js').catch((error: unknown) => String(error))
const context = typeof bundle === 'string' ? bundle : await openBrowser()
/** Why nothing here can be tested, if so. */
const skip = typeof context === 'string' ? context : false
const browserTest = (promise: string, run: () => Promise<void>) => test(promise, { skip }, run)
/** A window of its own. All have one browser session, as a person's windows have. */
const open = (url: string) => ChatWindow.open(context as BrowserContext, url)

const faults: string[] = []
const bot = await startSampleBot({ onFault: error => faults.push(String(error)) })
const app = await startApp({ bot: bot.endpoint })
const shop = await openShop(app)
after(async () => {
  if (typeof context !== 'string') await context.browser()?.close()
  await shop[Symbol.asyncDispose]()
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
  assert.deepEqual(faults, [], 'the bot could send whatever it wanted to')
})

const greeting =
  'Hello! I am the sample bot. I repeat what you say, and I look at files you send me. Say card, suggest, type or picture to see more.'
const file = { name: 'wave.png', mimeType: 'image/png', buffer: Buffer.from(drawPicture()) }

/** The shop's page for a new visitor. */
async function shopPage(domain = app.base): Promise<string> {
  const { token } = await generateToken(app, { id: `dl_${crypto.randomUUID()}`, name: 'Uma' })
  return shop.pageFor({ token, domain })
}

suite('Web Chat on a page of another origin', () => {
  browserTest('is greeted, says something and sees the echo', async () => {
    await using window = await open(await shopPage())
    await window.sees(greeting)
    await window.say('hello <b>there</b>')
    await window.sees('You said: hello <b>there</b>')
    assert.deepEqual(await window.lines(), [
      `bot: ${greeting}`,
      'me: hello <b>there</b>',
      'bot: You said: hello <b>there</b>',
    ])
    assert.deepEqual(window.complaints, [])
  })

  browserTest('shows cards and sends what is filled in and pressed', async () => {
    await using window = await open(await shopPage())
    await window.sees(greeting)
    await window.say('card')
    await window.page.getByLabel('A note').fill('remember me')
    await window.press('Send the note')
    await window.sees('You submitted: {"from":"adaptiveCard","note":"remember me"}')
    await window.press('suggest')
    await window.sees('Which colour do you like?')
    assert.deepEqual(window.complaints, [])
  })

  browserTest('shows suggested actions and says the one that is pressed', async () => {
    await using window = await open(await shopPage())
    await window.take('suggest')
    await window.sees('Which colour do you like?')
    await window.take('Green')
    await window.sees('You said: Green')
    assert.deepEqual((await window.lines()).slice(1), [
      'me: suggest',
      'bot: Which colour do you like?',
      'me: Green',
      'bot: You said: Green',
    ])
    assert.deepEqual(window.complaints, [])
  })

  browserTest('shows that the bot is typing, until it speaks', async () => {
    await using window = await open(await shopPage())
    await window.sees(greeting)
    await window.say('type')
    const typing = window.page.locator('.webchat__typing-indicator')
    await typing.waitFor()
    await window.sees('That took me a second to type.')
    await typing.waitFor({ state: 'detached' })
    assert.deepEqual(window.complaints, [])
  })

  browserTest('sends a picture and shows it, and the bot’s, also after a reload', async () => {
    await using window = await open(await shopPage())
    await window.sees(greeting)
    await window.choose(file)
    await window.say('look')
    await window.sees(`You sent: wave.png, image/png, ${file.buffer.length} bytes`)
    await window.say('picture')
    await window.sees('I drew this for you.')
    for (const time of ['before', 'after'] as const) {
      if (time === 'after') await window.window.reload()
      const pictures = await window.pictures(3)
      assert.equal(pictures.length, 3)
      for (const { width } of pictures) assert.ok(width > 0, JSON.stringify(pictures))
      // The first may be the small one that Web Chat has made; the others are the service's files.
      for (const { width, from } of pictures.slice(1)) {
        assert.equal(width, 320)
        assert.match(from, new RegExp(`^${app.origin}/attachments/`))
      }
    }
    assert.deepEqual(window.complaints, [])
  })

  browserTest('shows the whole conversation again after a reload, each line once', async () => {
    await using window = await open(await shopPage())
    await window.sees(greeting)
    for (const text of ['one', 'two', 'three']) {
      await window.say(text)
      await window.sees(`You said: ${text}`)
    }
    const before = await window.lines()
    await window.window.reload()
    await window.sees('You said: three')
    assert.deepEqual(await window.lines(), before)
    await window.say('four')
    await window.sees('You said: four')
    assert.deepEqual(await window.lines(), [...before, 'me: four', 'bot: You said: four'])
    assert.deepEqual(window.complaints, [])
  })

  browserTest('shows the same conversation in two windows, each line once in each', async () => {
    const page = await shopPage()
    await using first = await open(page)
    await first.sees(greeting)
    await using second = await open(page)
    await second.sees(greeting)
    await first.say('from the first')
    await second.sees('You said: from the first')
    await second.say('from the second')
    await first.sees('You said: from the second')
    await second.sees('You said: from the second')
    const lines = await first.lines()
    assert.deepEqual(lines.slice(1), [
      'me: from the first',
      'bot: You said: from the first',
      'me: from the second',
      'bot: You said: from the second',
    ])
    assert.deepEqual(await second.lines(), lines)
    assert.deepEqual([...first.complaints, ...second.complaints], [])
  })

  browserTest('goes on after the network was cut, and shows what was said meanwhile', async () => {
    await using cutter = await openWireCutter()
    cutter.lead(app.port)
    const { token } = await generateToken(app, { id: `dl_${crypto.randomUUID()}` })
    await using window = await open(shop.pageFor({ token, domain: `${cutter.origin}/v3/directline` }))
    await window.sees(greeting)
    await using uncut = await open(shop.pageFor({ token, domain: app.base }))
    await uncut.sees(greeting)
    await window.page.evaluate('window.hasty = true')
    assert.equal(cutter.cutStreams(), 1)
    await uncut.say('while you were away')
    await uncut.sees('You said: while you were away')
    await window.sees('You said: while you were away')
    await window.page.evaluate('window.hasty = false')
    await window.say('back')
    await window.sees('You said: back')
    assert.deepEqual((await window.lines()).slice(1), [
      'me: while you were away',
      'bot: You said: while you were away',
      'me: back',
      'bot: You said: back',
    ])
  })
})

suite('the console’s frame', () => {
  /** A conversation that has been opened, as the console opens one. */
  async function opened() {
    const { token, conversationId } = await generateToken(app, { id: `dl_${crypto.randomUUID()}` })
    const answer = await fetch(`${app.base}/conversations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    })
    assert.equal(answer.status, 201)
    return { domain: app.base, token, conversationId, theme: 'light', locale: 'en' }
  }
  const steer = () => Steering.open(context as BrowserContext, app.origin)

  browserTest('greets, echoes, shows files and cards, and reaches nobody but the service', async () => {
    await using steering = await steer()
    await steering.start(await opened())
    await steering.chat.sees(greeting)
    await steering.chat.say('hello')
    await steering.chat.sees('You said: hello')
    await steering.chat.choose(file)
    await steering.chat.say('')
    await steering.chat.sees(`You sent: wave.png, image/png, ${file.buffer.length} bytes`)
    await steering.chat.say('card')
    await steering.chat.sees('Here are two cards.')
    await steering.chat.pictures(2)
    assert.deepEqual(steering.chat.complaints, [])
    assert.deepEqual([...steering.chat.reached], [app.origin])
    assert.deepEqual(
      steering.chat.warnings.filter(text => text.includes('dl_') || text.includes('user ID')),
      [],
    )
  })

  browserTest('tells which activities it shows and which is clicked, and outlines the one it is told', async () => {
    await using steering = await steer()
    await steering.start(await opened())
    await steering.chat.sees(greeting)
    await steering.chat.say('hello')
    await steering.chat.sees('You said: hello')
    const shown = (await steering.heard('activity', 3)).map(({ id }) => id)
    assert.deepEqual(
      shown.map(id => String(id).replace(/^.*\|0*/, '')),
      ['1', '2', '3'],
    )
    await steering.chat.page.locator('[data-activity] .webchat__text-content').nth(2).click()
    assert.deepEqual(await steering.heard('select', 1), [{ v: 1, type: 'select', id: shown[2] }])
    assert.deepEqual(await steering.outlined(), [])
    for (const id of shown.slice(0, 2)) {
      await steering.tell({ type: 'highlight', id })
      await eventually(`the outline of ${id}`, async () => isDeepStrictEqual(await steering.outlined(), [id]))
    }
  })

  browserTest('begins where the watermark stands', async () => {
    const conversation = await opened()
    await using before = await steer()
    await before.start(conversation)
    await before.chat.sees(greeting)
    for (const text of ['one', 'two']) {
      await before.chat.say(text)
      await before.chat.sees(`You said: ${text}`)
    }
    await using steering = await steer()
    await steering.start({ ...conversation, watermark: '3' })
    await steering.chat.sees('You said: two')
    assert.deepEqual(await steering.chat.lines(), ['me: two', 'bot: You said: two'])
  })

  browserTest('is light and dark as it is told, cards and their fields with it', async () => {
    await using steering = await steer()
    await steering.start(await opened())
    await steering.chat.sees(greeting)
    await steering.chat.say('card')
    await steering.chat.sees('Here are two cards.')
    for (const theme of ['dark', 'light', 'dark']) {
      await steering.tell({ type: 'theme', theme })
      for (const part of ['body', '.webchat__bubble__content', '.webchat__send-box__main', '.ac-input']) {
        await eventually(`${part} in its ${theme} colours`, async () => {
          const luminance = await steering.luminanceOf(part)
          return theme === 'dark' ? luminance < 0.25 : luminance > 0.75
        })
      }
    }
    assert.deepEqual(steering.chat.complaints, [])
  })

  browserTest('has no origin: it can read neither the console around it nor what needs its cookie', async () => {
    await using steering = await steer()
    await steering.start(await opened())
    await steering.chat.sees(greeting)
    const tried = await steering.chat.page.evaluate(async () => {
      const outcome = async (act: () => unknown) => {
        try {
          await act()
          return 'allowed'
        } catch (error) {
          return (error as Error).name
        }
      }
      const reach = globalThis as unknown as { parent: { document: unknown }; localStorage: unknown; origin: string }
      return [
        reach.origin,
        await outcome(() => reach.parent.document),
        await outcome(() => reach.localStorage),
        await outcome(() => fetch('/admin/v1/about')),
      ]
    })
    assert.deepEqual(tried, ['null', 'SecurityError', 'SecurityError', 'TypeError'])
  })

  browserTest('listens to nobody but the page around it', async () => {
    await using steering = await steer()
    const conversation = await opened()
    await steering.chat.page.evaluate(`postMessage(${JSON.stringify({ v: 1, type: 'start', ...conversation })}, '*')`)
    await steering.tell({ type: 'theme', theme: 'dark' })
    await eventually('the theme', () =>
      steering.chat.page.evaluate<boolean>('document.documentElement.dataset.theme === "dark"'),
    )
    assert.equal(await steering.chat.page.evaluate('document.getElementById("chat").childElementCount'), 0)
  })

  browserTest('says that it failed, and why, when Web Chat can not be had', async () => {
    await using steering = await Steering.open(context as BrowserContext, app.origin, {
      webChat: 'The registry is out of reach.',
    })
    assert.deepEqual(await steering.heard('failed', 1), [
      { v: 1, type: 'failed', message: 'The registry is out of reach.' },
    ])
  })

  browserTest('says that it failed when the token is good for nothing', async () => {
    await using steering = await steer()
    await steering.start({ ...(await opened()), token: 'nothing' })
    const [failed] = await steering.heard('failed', 1)
    assert.match(String(failed?.['message']), /token|connect/)
  })
})
