/**
 * What a bot deletes is gone from its turns too: from memory, from the store, and whatever fails on the way.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Exchange, RecordsBody, TurnBody } from '../../../src/protocol/admin-conversations.ts'
import { ProtocolError } from '../../../src/protocol/errors.ts'
import { type Administered, done } from '../../support/admin.ts'
import { startApp } from '../../support/app.ts'
import { connectorAddress, startBot, type TestBot, type TestBotOptions } from '../../support/bot.ts'
import { type Chat, numberOf, readLog, say, startChat } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { call, type WireActivity } from '../../support/http.ts'
import { startTalk, uma } from '../../support/talk.ts'
import { patienceMs } from '../../support/until.ts'
import { startFaulty } from '../direct-line-v3/faulty.ts'

const slip = 'my card number is 4111'

/** The turn that an activity has caused. */
async function turnOf(app: Administered, { conversation }: Pick<Chat, 'conversation'>, id: string): Promise<TurnBody> {
  const { turns } = (await done(app, 'GET', `/conversations/${conversation}/records`)) as unknown as RecordsBody
  return turns.find(({ cause }) => cause === numberOf(id)) ?? assert.fail(`no turn of ${id}`)
}

/** What went to the bot in a turn, and came back. */
async function exchangeIn(app: Administered, { conversation, id }: Pick<TurnBody, 'conversation' | 'id'>) {
  const turn = await done(app, 'GET', `/conversations/${conversation}/turns/${id}`)
  return turn['exchange'] as Exchange | undefined
}

/** The bot deletes an activity of the conversation in which it was sent another. */
const remove = (sent: WireActivity, id: string) =>
  call(`${connectorAddress(sent)}/activities/${encodeURIComponent(id)}`, { method: 'DELETE' })

/** A bot that says the slip in its turn on a message, and in its answer to the turn as well. */
const careless: TestBotOptions = {
  answer: ({ type }) => ({ status: 200, body: type === 'message' ? JSON.stringify({ said: slip }) : '' }),
  onActivity: (activity, bot) =>
    activity.type === 'message' ? bot.reply(activity, { type: 'message', text: slip }) : undefined,
}

/** Asks the bot for the slip. Answers the slip's id, the turn in which it was said, and what the bot was sent. */
async function askFor(app: Administered, chat: Chat, bot: TestBot) {
  const turn = await turnOf(app, chat, await say(chat, 'which card do I have?'))
  const exchange = await exchangeIn(app, turn)
  assert.match(exchange?.requestBody ?? '', /which card/)
  assert.match(exchange?.body ?? '', /4111/)
  const [, said] = await readLog(chat)
  assert.equal(said?.text, slip)
  const sent = bot.of(chat.conversation, 'message')[0] ?? assert.fail('the bot was sent nothing')
  return { id: said?.id ?? '', cause: turn.cause ?? 0, turn, sent }
}

const filesIn = (dir: string) =>
  readdirSync(dir)
    .filter(name => name.includes('.db'))
    .map(name => readFileSync(join(dir, name), 'latin1'))

/** Asks until the answer is what is waited for. */
async function eventually(what: string, look: () => boolean | Promise<boolean>): Promise<void> {
  for (const untilMs = performance.now() + patienceMs; performance.now() < untilMs; ) {
    if (await look()) return
    await new Promise(resolve => setImmediate(resolve))
  }
  throw new Error(`Waited ${patienceMs} ms in vain for ${what}.`)
}

test('what a bot deletes is not in its turn any more, nor after a restart, nor in any file', async () => {
  await using folder = await makeFolder()
  const dir = folder.path
  const turn = await (async () => {
    await using talk = await startTalk({ app: { dir }, bot: careless })
    const { id, turn, sent } = await askFor(talk.app, talk, talk.bot)
    await eventually('the turn to be in the store', () => filesIn(dir).some(text => text.includes(turn.id)))
    assert.equal((await remove(sent, id)).status, 200)
    assert.equal((await exchangeIn(talk.app, turn))?.requestBody, undefined)
    // More comes of the turn, so it is put once more.
    await talk.bot.reply(sent, { type: 'message', text: 'I have seen nothing.' })
    return turn
  })()
  await using app = await startApp({ dir })
  assert.equal((await exchangeIn(app, turn))?.requestBody, undefined)
  await app.stop()
  for (const text of filesIn(dir)) assert.equal(text.includes('4111'), false)
})

test('a deletion that cannot clear the turns is refused as unavailable, and done whole when it is asked for again', async () => {
  await using bot = await startBot(careless)
  let isAway = true
  await using service = await startFaulty(bot.url, ({ turns }) => {
    const erase = turns.eraseExchanges.bind(turns)
    turns.eraseExchanges = (conversation, position) =>
      isAway ? Promise.reject(new ProtocolError('Unavailable', 'away')) : erase(conversation, position)
    return { turns }
  })
  const chat = await startChat(service, uma)
  const { id, turn, sent } = await askFor(service, chat, bot)
  assert.equal((await remove(sent, id)).status, 503)
  assert.deepEqual(
    (await readLog(chat)).map(({ text }) => text),
    ['which card do I have?', slip],
  )
  isAway = false
  assert.equal((await remove(sent, id)).status, 200)
  assert.deepEqual(
    (await readLog(chat)).map(({ type }) => type),
    ['message', 'messageDelete'],
  )
  assert.equal((await exchangeIn(service, turn))?.requestBody, undefined)
})

test('what was deleted on another node is not shown from memory here', async () => {
  await using bot = await startBot(careless)
  let eraseElsewhere = async (_position: number): Promise<void> => undefined
  let puts = 0
  await using service = await startFaulty(bot.url, ({ turns }) => {
    const put = turns.putTurns.bind(turns)
    turns.putTurns = async lot => {
      await put(lot)
      puts += 1
    }
    eraseElsewhere = position => turns.eraseExchanges(chat.conversation as never, position)
    return { turns }
  })
  const chat = await startChat(service, uma)
  const { cause, turn } = await askFor(service, chat, bot)
  await eventually('the turn to be in the store', () => puts > 0)
  await eraseElsewhere(cause)
  assert.equal((await exchangeIn(service, turn))?.requestBody, undefined)
})
