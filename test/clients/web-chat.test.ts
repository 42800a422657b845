/**
 * The official Web Chat in a real Chromium: on a shop's page that is another origin than the service, and on the
 * service's own chat page. The bot is the sample bot.
 */
import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import type { BrowserContext } from 'playwright-core'
import { WebChatBundle } from '../../src/adapters/web-chat-package/bundle.ts'
import { chatPage } from '../../src/http/chat-page/routes.ts'
import { Origins } from '../../src/http/paths.ts'
import { openServer } from '../../src/http/server.ts'
import { startSampleBot } from '../../src/sample-bot/bot.ts'
import { drawPicture } from '../../src/sample-bot/picture.ts'
import { startApp } from '../support/app.ts'
import { eventually } from './support/eventually.ts'
import { generateToken } from './support/rest.ts'
import { openWireCutter } from './support/wire-cutter.ts'
import { openBrowser } from './web-chat/browser.ts'
import { openShop } from './web-chat/shop.ts'
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
      if (time === 'after') await window.page.reload()
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
    await window.page.reload()
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
    assert.deepEqual(await window.lines(), [`bot: ${greeting}`])
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

suite('the chat page', () => {
  const state = (window: ChatWindow, text: string) =>
    window.page.getByRole('status').filter({ hasText: text }).first().waitFor()
  const kept = (window: ChatWindow) =>
    window.page.evaluate<{ conversationId: string }>('JSON.parse(sessionStorage.getItem("landline.conversation"))')

  browserTest(
    'greets, echoes and keeps the conversation over a reload, and reaches nobody but the service',
    async () => {
      await using window = await open(`${app.origin}/`)
      await window.sees(greeting)
      await state(window, 'Connected')
      await window.say('hello')
      await window.sees('You said: hello')
      await window.choose(file)
      await window.say('')
      await window.sees(`You sent: wave.png, image/png, ${file.buffer.length} bytes`)
      await window.say('card')
      await window.sees('Here are two cards.')
      await window.pictures(2)
      const [before, conversation] = [await window.lines(), await kept(window)]
      await window.page.reload()
      await window.sees('Here are two cards.')
      await window.pictures(2)
      assert.deepEqual(await window.lines(), before)
      assert.equal((await kept(window)).conversationId, conversation.conversationId)
      await window.say('still me')
      await window.sees('You said: still me')
      assert.deepEqual(await window.lines(), [...before, 'me: still me', 'bot: You said: still me'])
      assert.deepEqual([...window.reached], [app.origin])
      assert.deepEqual(window.complaints, [])
    },
  )

  browserTest('begins a new conversation when asked, and gives every tab its own', async () => {
    await using window = await open(`${app.origin}/chat`)
    await window.sees(greeting)
    await window.say('old')
    await window.sees('You said: old')
    const old = await kept(window)
    const loaded = window.page.waitForEvent('load')
    await window.page.getByRole('button', { name: 'New conversation' }).click()
    await loaded
    await window.sees(greeting)
    assert.deepEqual(await window.lines(), [`bot: ${greeting}`])
    assert.notEqual((await kept(window)).conversationId, old.conversationId)
    await using tab = await open(`${app.origin}/chat`)
    await tab.sees(greeting)
    assert.notEqual((await kept(tab)).conversationId, (await kept(window)).conversationId)
    assert.deepEqual([...window.complaints, ...tab.complaints], [])
  })

  browserTest('begins a new conversation when its token has expired', async () => {
    await using own = await startApp({ bot: bot.endpoint })
    await using window = await open(`${own.origin}/chat`)
    await window.sees(greeting)
    const old = await kept(window)
    own.advanceClock(2 * 3600_000)
    await window.page.reload()
    await window.sees(greeting)
    assert.notEqual((await kept(window)).conversationId, old.conversationId)
  })

  browserTest('says that the connection is lost, and that it is back', async () => {
    await using cutter = await openWireCutter()
    cutter.lead(app.port)
    await using window = await open(`${cutter.origin}/chat`)
    await window.sees(greeting)
    await state(window, 'Connected')
    await window.page.evaluate('window.hasty = true')
    assert.equal(cutter.cutStreams(), 1)
    await state(window, 'Connection lost, connecting again …')
    await state(window, 'Connected')
    await window.page.evaluate('window.hasty = false')
    await window.say('back')
    await window.sees('You said: back')
  })

  browserTest('is dark for people who like it dark, from the moment they do', async () => {
    await using window = await open(`${app.origin}/chat`)
    await window.sees(greeting)
    for (const [colorScheme, page, bubble] of [
      ['light', 'rgb(255, 255, 255)', 'rgb(244, 245, 247)'],
      ['dark', 'rgb(27, 29, 33)', 'rgb(36, 39, 44)'],
    ] as const) {
      await window.page.emulateMedia({ colorScheme })
      // Web Chat may take everything down and build it again when its style changes.
      const has = (part: string, colour: string) =>
        `[...document.querySelectorAll('${part}')].some(at => getComputedStyle(at).backgroundColor === '${colour}')`
      const looksRight = `${has('body', page)} && ${has('.webchat__bubble__content', bubble)}`
      await eventually(`the page in its ${colorScheme} colours`, () => window.page.evaluate<boolean>(looksRight))
    }
  })

  browserTest('says why there is no chat when Web Chat can not be had', async () => {
    const webChat = { version: '4.18.1', read: () => Promise.reject(new Error('The registry is out of reach.')) }
    const origins = new Origins(undefined, () => '')
    const surface = chatPage({ webChat, origins, issueToken: () => assert.fail('nobody asks for a token') })
    const server = openServer(
      [surface],
      () => undefined,
      () => false,
    )
    await using window = await open(`${await server.listen({ host: '127.0.0.1', port: 0 })}/chat`)
    await state(window, 'Web Chat is missing')
    await window.page.getByText('The registry is out of reach.').waitFor()
    await server.close()
  })
})
