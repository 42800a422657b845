/**
 * Callers who go to several nodes are held to one rate.
 */
import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { startBot } from '../../support/bot.ts'
import { assertRefused, message, post, startChat } from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { withoutPostgres } from '../../support/postgres.ts'
import { few, limited } from '../limits/limited.ts'
import { grounds } from './grounds.ts'
import { at, heeded, type Node, startNodes } from './nodes.ts'

/** More than a node takes of one caller while it does not know of the others, however slow a machine is. */
const burst = 400

/** How many were taken until one was refused. */
async function takenUntilRefused(send: () => Promise<{ readonly status: number }>): Promise<number> {
  let taken = -1
  await heeded(
    'a refusal',
    () => {
      taken += 1
      return send()
    },
    ({ status }) => status === 429,
  )
  return taken
}

suite('rates at several nodes', { skip: withoutPostgres ?? false }, async () => {
  if (withoutPostgres !== undefined) return
  await using opened = new AsyncDisposableStack()
  const ground = opened.use(await grounds[1].open())
  const bot = opened.use(await startBot())
  const rates = {
    sendsPerToken: few(burst),
    sendsPerConversation: few(10 * burst),
    wrongCredentialsPerAddress: few(burst),
  }
  const world = opened.use(
    await startNodes(ground, 3, {
      bot: bot.url,
      botSettings: { expectReplies: false },
      settings: limited({ rates }),
    }),
  )
  const [a, b, c] = world.nodes
  const kept = opened.move()
  after(() => kept.disposeAsync())

  test('a token that has sent all it may at one soon sends nothing at the others, and other tokens do', async () => {
    const chat = await startChat(a)
    const other = await startChat(a)
    const sendAt = (node: Node) => post(at(node, chat), message('hello'))
    for (let sent = 0; sent < burst; sent += 1) assert.equal((await sendAt(a)).status, 200)
    assertRefused(await sendAt(a), 429, 'TooManyRequests')
    for (const node of [b, c]) {
      const taken = await takenUntilRefused(() => sendAt(node))
      assert.ok(taken < burst, `${taken} taken, as if nobody had told of the others`)
      assert.equal((await post(at(node, other), message('hello'))).status, 200)
    }
  })

  test('who guesses secrets at one soon guesses none at the others, and the right one passes', async () => {
    const guessAt = (node: Node) =>
      call(`${node.base}/tokens/generate`, { method: 'POST', bearer: 'a-guess-at-the-secret' })
    for (let guessed = 0; guessed < burst; guessed += 1) assert.equal((await guessAt(a)).status, 403)
    assert.equal((await guessAt(a)).status, 429)
    const guessed = await takenUntilRefused(() => guessAt(b))
    assert.ok(guessed < burst, `${guessed} guessed, as if nobody had told of the others`)
    const right = await call(`${b.base}/tokens/generate`, { method: 'POST', bearer: b.secret })
    assert.equal(right.status, 200)
  })
})
