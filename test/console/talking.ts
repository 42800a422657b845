/**
 * The console in front of a person who looks at conversations: a service with the bots *echo* and *broken*, a real
 * browser that is let in, and what people do there, found by role and accessible name.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { stampFromBot, stampFromUser } from '../../src/domain/stamp.ts'
import { parseActivity } from '../../src/protocol/activity.ts'
import { botId, type ConversationId, newConversationId, siteId, userId } from '../../src/protocol/ids.ts'
import { defaultBot, defaultSite } from '../../src/settings.ts'
import { done } from '../support/admin.ts'
import { startApp, type TestApp } from '../support/app.ts'
import type { TestBot } from '../support/bot.ts'
import { call, type WireBody } from '../support/http.ts'
import { type BrokenBot, startBrokenBot, startEchoBot } from '../support/three-bots.ts'
import type { Given } from './browser-test.ts'
import type { ConsolePage, Page, Person } from './console-page.ts'

/** A running service with its bots. */
export type Talking = AsyncDisposable & {
  readonly app: TestApp
  readonly echo: TestBot
  readonly broken: BrokenBot
}

/** Starts the service and the bots. */
export async function startTalking(dir?: string): Promise<Talking> {
  const echo = await startEchoBot()
  const broken = await startBrokenBot()
  const bots = [
    { ...defaultBot, id: 'echo', name: 'Echo', endpoint: echo.url, sites: [defaultSite] },
    { ...defaultBot, id: 'broken', name: 'Broken', endpoint: broken.url, sites: [defaultSite] },
  ]
  const app = await startApp({ settings: { bots }, ...(dir === undefined ? {} : { dir }) })
  return {
    app,
    echo,
    broken,
    [Symbol.asyncDispose]: async () => {
      await app[Symbol.asyncDispose]()
      await echo[Symbol.asyncDispose]()
      await broken[Symbol.asyncDispose]()
    },
  }
}

/** Begins a conversation as the console does, and says something in it. Answers its id. */
export async function begun({ app }: Talking, bot: string, ...texts: readonly string[]): Promise<string> {
  const response = await fetch(`${app.origin}/admin/v1/conversations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${app.adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ bot }),
  })
  assert.equal(response.status, 201, 'the conversation was begun')
  const { conversationId } = (await response.json()) as { conversationId: string }
  for (const text of texts)
    await done(app, 'POST', `/conversations/${conversationId}/send`, {
      activity: { type: 'message', text },
      as: 'user',
    })
  return conversationId
}

const someUser = { id: userId('dl_seeded'), name: undefined }

/** A customer begins a conversation with *echo*, and says something in it. Nobody is connected to it yet. */
export async function begunByCustomer({ app }: Talking, text: string): Promise<WireBody> {
  const { body } = await call(`${app.base}/conversations`, { method: 'POST', bearer: app.secret })
  const { status } = await call(`${app.base}/conversations/${body.conversationId}/activities`, {
    method: 'POST',
    bearer: app.secret,
    json: { type: 'message', from: { id: 'dl_customer' }, text },
  })
  assert.equal(status, 200, 'the bot has answered')
  return body
}

const seededId = () => newConversationId(randomBytes(16).toString('base64url'))

/** Puts conversations into the store, each with one text. Answers their ids, oldest first. */
export async function seedConversations({ app }: Talking, count: number): Promise<readonly ConversationId[]> {
  const bot = botId('echo')
  const ids = Array.from({ length: count }, seededId)
  const from = Date.now() - count
  await inGroups(ids, async (id, index) => {
    await app.store.start({ id, bot, site: siteId(defaultSite.id), locale: undefined }, someUser, from + index)
    const activity = stampFromUser(
      parseActivity({ type: 'message', text: `seeded ${index + 1}` }),
      id,
      someUser,
      'none',
    )
    await app.store.append({ conversation: id, bot, activity, atMs: from + index, key: undefined })
  })
  return ids
}

/** Puts messages into a conversation of *echo*, by the user and the bot in turn: `line 1`, `line 2` … */
export async function seedMessages({ app }: Talking, conversation: string, count: number): Promise<void> {
  const bot = botId('echo')
  const id = conversation as ConversationId
  await inGroups(Array.from({ length: count }), async (_each, index) => {
    const said = parseActivity({ type: 'message', text: `line ${index + 1}` })
    const activity =
      index % 2 === 0
        ? stampFromUser(said, id, someUser, 'none')
        : stampFromBot(said, id, { id: bot, name: 'Echo' }, undefined)
    await app.store.append({ conversation: id, bot, activity, atMs: Date.now(), key: undefined })
  })
}

/** So many at once: the store commits what waits together. */
const groupSize = 1_000

async function inGroups<Item>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<void>,
): Promise<void> {
  for (let from = 0; from < items.length; from += groupSize)
    await Promise.all(items.slice(from, from + groupSize).map((item, at) => work(item, from + at)))
}

/**
 * From now on the live socket of a page can be cut. What it answers cuts it and keeps it from opening again, until what
 * that answers is called.
 */
export async function cuttable(page: Page): Promise<() => () => void> {
  const open: (() => unknown)[] = []
  let isCut = false
  await page.routeWebSocket('**/admin/v1/live', socket => {
    if (isCut) {
      void socket.close()
      return
    }
    socket.connectToServer()
    open.push(() => socket.close())
  })
  return () => {
    isCut = true
    for (const close of open.splice(0)) close()
    return () => {
      isCut = false
    }
  }
}

/** The console at conversations, as a person uses it. Disposing it closes the window, and fails if the browser complained. */
export class ConversationWindow implements AsyncDisposable {
  readonly page: Page
  readonly #console: ConsolePage

  private constructor(opened: ConsolePage) {
    this.#console = opened
    this.page = opened.page
  }

  /** Opens the console below `/console/`, where somebody has been let in. */
  static async open(
    { browser, service }: Given<Talking>,
    path: string,
    person: Person = {},
  ): Promise<ConversationWindow> {
    const opened = await browser.enter(service.app, '/console/', person)
    await opened.page.goto(`${service.app.origin}/console/${path}`)
    return new ConversationWindow(opened)
  }

  /** Begins a conversation, has the user say something in it, opens it, and takes part. */
  static async begin(
    given: Given<Talking>,
    bot: string,
    texts: readonly string[] = [],
    person: Person = {},
  ): Promise<ConversationWindow & { readonly id: string }> {
    const id = await begun(given.service, bot, ...texts)
    const window = await ConversationWindow.open(given, `conversations/${id}`, person)
    await window.takePart()
    return Object.assign(window, { id })
  }

  /** Takes part in a conversation that nobody is connected to, and that was not begun in this window. */
  takePart(): Promise<void> {
    return this.page.getByRole('button', { name: 'Continue chatting' }).click()
  }

  /** Errors and warnings of the browser. */
  get complaints(): string[] {
    return this.#console.complaints
  }

  /** What axe finds. */
  violations(): Promise<readonly string[]> {
    return this.#console.violations()
  }

  /** The chat inside the frame. */
  get chat() {
    return this.page.frameLocator('iframe[title="Chat"]')
  }

  /** What Web Chat shows, one for each activity. */
  get messages() {
    return this.chat.locator('[data-activity]')
  }

  /** The log. */
  get log() {
    return this.page.getByRole('listbox', { name: 'Log' })
  }

  /** Rows of the log that are called so. */
  row(words: string | RegExp) {
    return this.log.getByRole('option', { name: words })
  }

  /** Says something in Web Chat. */
  async say(text: string): Promise<void> {
    const box = this.chat.getByRole('textbox', { name: 'Message input box' })
    await box.fill(text)
    await box.press('Enter')
  }

  /** Asks the frame itself something, as only a script in it could. */
  async inFrame<Answer>(expression: string): Promise<Answer> {
    const frame = this.page.frames().find(each => each.url().endsWith('/console/frame.html'))
    assert.ok(frame)
    return frame.evaluate<Answer>(expression)
  }

  /** When a text comes to be seen in the page and in the frame, by the clock of the browser: milliseconds. */
  async seenAt(text: string): Promise<readonly [page: number, frame: number]> {
    const seen = `new Promise(resolve => {
      const look = () => {
        if (!document.body.innerText.includes(${JSON.stringify(text)})) return
        watcher.disconnect()
        resolve(Date.now())
      }
      const watcher = new MutationObserver(look)
      watcher.observe(document.body, { subtree: true, childList: true, characterData: true })
      look()
    })`
    return Promise.all([this.page.evaluate<number>(seen), this.inFrame<number>(seen)])
  }

  /** Waits until a word of the query in the address is this. */
  async isAt(name: string, word: string): Promise<void> {
    await this.page.waitForURL(url => url.searchParams.get(name) === word)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#console[Symbol.asyncDispose]()
    const complaints = this.complaints.filter(text => !/^botframework-webchat: .*deprecated/i.test(text))
    assert.deepEqual(complaints, [], 'the browser has nothing to complain of')
  }
}
