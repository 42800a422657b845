/**
 * A real client of 1.1 and a real v1 bot, unchanged, talk through the real process: what nobody else serves any more.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProcess, type TestProcess } from '../support/app.ts'
import { makeFolder } from '../support/folder.ts'
import { askForMore, type OldSdkBot, startOldSdkBot } from './old/bot.ts'
import { makeOldClient, type OldClient, type ReadMessage } from './old/client.ts'
import { eventually } from './support/eventually.ts'
import { call } from './support/rest.ts'

const app = { id: 'an-app-id', password: 'a-password' }
const user = 'DirectLineClient'

/** Bot, service and client together. */
type Trio = AsyncDisposable & { readonly bot: OldSdkBot; readonly service: TestProcess; readonly client: OldClient }

const argsFor = (bot: string, dir: string) => [
  ...['--port', '0', '--dir', dir, '--bot', bot, '--schema', 'v1'],
  ...['--app', `${app.id}:${app.password}`],
]

async function startTrio(): Promise<Trio> {
  const bot = await startOldSdkBot(app)
  const folder = await makeFolder()
  const service = await startProcess({ args: argsFor(bot.url, folder.path), cwd: folder.path })
  bot.connect(service.origin)
  return {
    bot,
    service,
    client: await makeOldClient(service.origin, service.secret),
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]()
      await bot[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

/** One conversation as the published program holds it: it posts, then reads once, and knows the bot by its `from`. */
class OldChat {
  readonly #client: OldClient
  readonly conversation: string
  #watermark: string | null = null

  constructor(client: OldClient, conversation: string) {
    this.#client = client
    this.conversation = conversation
  }

  /** Says something and answers what the bot has said by then. */
  async say(text: string): Promise<readonly string[]> {
    const { status } = await this.#client.post(this.conversation, { from: user, text })
    assert.equal(status, 204)
    return this.read()
  }

  /** What the bot has said since the last reading. */
  async read(): Promise<readonly string[]> {
    const { messages, watermark } = await this.#client.messages(this.conversation, this.#watermark)
    this.#watermark = watermark
    return messages.filter(({ from }) => from !== user).map(({ text }: ReadMessage) => text.trim())
  }
}

const begin = async (client: OldClient) => new OldChat(client, (await client.start()).conversationId)

test('they hold a dialog of several turns, which the bot remembers only through the service', async () => {
  await using trio = await startTrio()
  const chat = await begin(trio.client)
  assert.deepEqual(await chat.say('hi'), ['Welcome!', 'What is your name?'])
  assert.deepEqual(await chat.say('Uma'), ['How old are you, Uma?'])
  assert.deepEqual(await chat.say('33'), ['Hello Uma, this is visit 1.'])
  assert.deepEqual(await chat.say('hi again'), ['Hello Uma, this is visit 2.'])
  const other = await begin(trio.client)
  assert.deepEqual(await other.say('hi'), ['Welcome!', 'Hello Uma, this is visit 3.'], 'the user is known everywhere')
  assert.deepEqual(trio.bot.received.slice(0, 3), ['BotAddedToConversation', 'UserAddedToConversation', 'Message'])
  assert.equal(
    trio.bot.received.some(word => word.startsWith('error')),
    false,
  )
})

test('the bot says the first thing inline, and the rest by calling the service', async () => {
  await using trio = await startTrio()
  const chat = await begin(trio.client)
  for (const text of ['hi', 'Uma', '33']) await chat.say(text)
  const said = [...(await chat.say(askForMore))]
  assert.ok(said.includes('First'), 'the inline one is there at once')
  await eventually('all three', async () => {
    said.push(...(await chat.read()))
    return said.length >= 3
  })
  assert.deepEqual(said.toSorted(), ['First', 'Second', 'Third'])
  assert.deepEqual(await chat.say('hi'), ['Hello Uma, this is visit 3.'])
})

test('the dialog goes on where it was when the service has been killed and started again', async () => {
  await using bot = await startOldSdkBot(app)
  await using folder = await makeFolder()
  let conversation: string
  let secret: string
  {
    await using service = await startProcess({ args: argsFor(bot.url, folder.path), cwd: folder.path })
    bot.connect(service.origin)
    secret = service.secret
    const chat = await begin(await makeOldClient(service.origin, secret))
    conversation = chat.conversation
    assert.deepEqual(await chat.say('hi'), ['Welcome!', 'What is your name?'])
    await service.kill()
  }
  await using again = await startProcess({ args: argsFor(bot.url, folder.path), cwd: folder.path })
  bot.connect(again.origin)
  const chat = new OldChat(await makeOldClient(again.origin, secret), conversation)
  assert.deepEqual(await chat.say('Uma'), ['Welcome!', 'What is your name?', 'How old are you, Uma?'])
})

test('a client that sends again as long as the answer is 502 gets through when the bot is up, without storming it', async () => {
  let port: number
  {
    await using bot = await startOldSdkBot(app)
    port = Number(new URL(bot.url).port)
  }
  await using folder = await makeFolder()
  const url = `http://127.0.0.1:${port}/api/messages`
  await using service = await startProcess({ args: argsFor(url, folder.path), cwd: folder.path })
  const client = await makeOldClient(service.origin, service.secret)
  const { conversationId } = await client.start()
  const startedMs = performance.now()
  let tries = 0
  let bot: OldSdkBot | undefined
  try {
    for (;;) {
      const { status } = await client.post(conversationId, { from: user, text: 'hi' })
      tries += 1
      if (status !== 502) {
        assert.equal(status, 204)
        break
      }
      if (tries === 5) bot = await startOldSdkBot(app, port)
      assert.ok(tries < 50)
    }
  } finally {
    await bot?.[Symbol.asyncDispose]()
  }
  assert.ok(tries > 5)
  assert.ok(performance.now() - startedMs >= 5 * 95, 'at least a tenth of a second for each 502')
})

test('tokens of the old client open its conversation, are renewed, and are good for a 3.0 client', async () => {
  await using trio = await startTrio()
  const token = await trio.client.token()
  const own = await makeOldClient(trio.service.origin, token)
  const { conversationId } = await own.start()
  const chat = new OldChat(own, conversationId)
  assert.deepEqual(await chat.say('hi'), ['Welcome!', 'What is your name?'])
  const renewed = await makeOldClient(trio.service.origin, await own.renew(conversationId))
  assert.deepEqual(await new OldChat(renewed, conversationId).say('Uma'), [
    'Welcome!',
    'What is your name?',
    'How old are you, Uma?',
  ])
  const { status, body } = await call(trio.service.base, token, 'GET', `/conversations/${conversationId}/activities`)
  assert.equal(status, 200)
  assert.equal((body['activities'] as readonly unknown[]).length, 5)
})
