/**
 * Any node serves any request: nothing a client or a bot has been given belongs to the node that gave it.
 */
import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { ask } from '../../support/admin.ts'
import { connectorAddress, startBot } from '../../support/bot.ts'
import { ada, publishedKeys, tokenOf } from '../../support/bot-tokens.ts'
import { getPage, message, post, readLog, reconnect, say, startChat } from '../../support/direct-line.ts'
import { call } from '../../support/http.ts'
import { openSocket } from '../../support/socket.ts'
import { grounds } from './grounds.ts'
import { at, heeded, startNodes, urlAt } from './nodes.ts'

/** How long the bot thinks about something slow: longer than a turn is held for a node that has died. Milliseconds. */
const slowMs = 2_500

for (const { name, open, skip } of grounds) {
  suite(`${name}: several nodes`, { skip: skip ?? false }, async () => {
    if (skip !== undefined) return
    const ground = await open()
    const bot = await startBot({
      onActivity: (activity, own) =>
        activity.type === 'message' && own.reply(activity, { type: 'message', text: `re ${activity.text}` }),
      answer: async ({ text }) => {
        if (text === 'slow') await pause(slowMs)
        return text === 'refuse' ? 500 : 200
      },
    })
    const world = await startNodes(ground, 3, { bot: bot.url })
    const [a, b, c] = world.nodes
    after(async () => {
      await world[Symbol.asyncDispose]()
      await bot[Symbol.asyncDispose]()
      await ground[Symbol.asyncDispose]()
    })

    test('a conversation begun on one goes on at the others, with the same token', async () => {
      const chat = await startChat(a, { id: 'u1' })
      await say(at(b, chat), 'by b')
      await say(at(c, chat), 'by c')
      for (const node of world.nodes) {
        const texts = (await readLog(at(node, chat))).map(({ text }) => text)
        assert.deepEqual(texts, ['by b', 're by b', 'by c', 're by c'])
        assert.equal((await getPage({ ...at(node, chat), token: world.front.secret })).status, 200)
      }
      const refreshed = await call(`${c.base}/tokens/refresh`, { method: 'POST', bearer: chat.token })
      assert.equal(refreshed.status, 200)
      await say({ ...at(a, chat), token: String(refreshed.body.token) }, 'with the new token')
    })

    test('windows on three see one order, with all echoes and replies', async () => {
      const chat = await startChat(a, { id: 'u1' })
      const streams = [
        at(a, chat).streamUrl,
        urlAt(b, (await reconnect(at(b, chat), '0')).body.streamUrl),
        // A stream URL is no node's own either.
        urlAt(c, (await reconnect(at(a, chat), '0')).body.streamUrl),
      ]
      const windows = await Promise.all(streams.map(url => openSocket(url.replace('http', 'ws').replace('wsws', 'ws'))))
      try {
        const texts = Array.from({ length: 30 }, (_, n) => `m${n}`)
        await Promise.all(texts.map((text, n) => say(at(world.nodes[n % 3] ?? a, chat), text)))
        for (const window of windows)
          await window.until('everything', ({ activities }) => activities.length >= 60 && activities)
        const logged = (await readLog(chat)).map(({ id }) => id)
        assert.equal(logged.length, 60)
        for (const window of windows)
          assert.deepEqual(
            window.activities.map(({ id }) => id),
            logged,
          )
        const said = new Set(windows[0]?.activities.map(({ text }) => text))
        for (const text of texts) assert.ok(said.has(text) && said.has(`re ${text}`), text)
      } finally {
        for (const window of windows) window[Symbol.dispose]()
      }
    })

    test('a message sent again to another node is the same message, and the bot sees it once', async () => {
      const chat = await startChat(a, { id: 'u1' })
      const once = message('once', 'u1', { channelData: { clientActivityID: 'k1' } })
      const first = await post(at(a, chat), once)
      // That the bot has accepted it is noted after the answer, and no later than what comes next.
      await say(at(a, chat), 'next')
      const second = await post(at(b, chat), once)
      assert.deepEqual([first.status, second.status], [200, 200])
      assert.equal(second.body.id, first.body.id)
      assert.equal(bot.of(chat.conversation, 'message').filter(({ text }) => text === 'once').length, 1)
    })

    const sharing = { skip: name === 'memory' && 'nodes on one memory are one process, which knows its own turns' }
    test('a message sent again to another node while the bot is at it waits for the same answer', sharing, async () => {
      const chat = await startChat(a, { id: 'u1' })
      const slow = message('slow', 'u1', { channelData: { clientActivityID: 'k2' } })
      const answers = await Promise.all(world.nodes.map(node => post(at(node, chat), slow)))
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200, 200],
      )
      assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1)
      assert.equal(bot.of(chat.conversation, 'message').filter(({ text }) => text === 'slow').length, 1)
    })

    test('a message the bot has refused is delivered once more by the node it is sent again to', async () => {
      const chat = await startChat(a, { id: 'u1' })
      const refused = message('refuse', 'u1', { channelData: { clientActivityID: 'k3' } })
      const answers = [await post(at(a, chat), refused), await post(at(b, chat), refused)]
      assert.deepEqual(
        answers.map(({ status }) => status),
        [502, 502],
      )
      const seen = bot.of(chat.conversation, 'message').filter(({ text }) => text === 'refuse')
      assert.equal(seen.length, 2)
      assert.equal(new Set(seen.map(({ id }) => id)).size, 1)
    })

    test('a window on a node that stops goes over at once, and hears at another what the turns still bring', async () => {
      await using own = await startNodes(ground, 2, { bot: bot.url })
      const [stopping, staying] = own.nodes
      const chat = at(stopping, await startChat(stopping, { id: 'u1' }))
      using window = await openSocket(chat.streamUrl.replace('http', 'ws'))
      let isAnswered = false
      const sent = post(chat, message('slow', 'u1')).then(answer => {
        isAnswered = true
        return answer
      })
      await bot.until('the turn', ({ of }) => of(chat.conversation, 'message').length > 0)
      const stopped = stopping.stop()
      assert.equal((await window.closed).code, 1001)
      assert.equal(isAnswered, false)
      using other = await openSocket(
        urlAt(staying, (await reconnect(at(staying, chat), '0')).body.streamUrl).replace('http', 'ws'),
      )
      await other.until('the message and its reply', ({ activities }) => activities.length >= 2)
      assert.deepEqual(
        other.activities.map(({ text }) => text),
        ['slow', 're slow'],
      )
      assert.equal((await sent).status, 200)
      await stopped
    })

    test('of starts with one token at all nodes at once, one begins the conversation, and the bot hears once', async () => {
      const { body } = await call(`${a.base}/tokens/generate`, { bearer: a.secret, json: { user: { id: 'dl_u' } } })
      const starts = await Promise.all(
        world.nodes.map(({ base }) => call(`${base}/conversations`, { method: 'POST', bearer: String(body.token) })),
      )
      assert.deepEqual(starts.map(({ status }) => status).sort(), [200, 200, 201])
      await say(
        at(c, { ...a, ...chatIn(body.conversationId), token: String(body.token), streamUrl: a.origin }),
        'hello',
      )
      const joins = bot.of(body.conversationId, 'conversationUpdate')
      const added = joins.flatMap(({ membersAdded = [] }) => membersAdded.map(({ id }) => id))
      assert.ok(added.includes('dl_u'))
      assert.deepEqual([...added].sort(), [...new Set(added)].sort())
    })

    test('a file taken by one is given by the others', async () => {
      const chat = await startChat(a, { id: 'u1' })
      const sent = await call(`${at(b, chat).address}/upload?userId=u1`, {
        bearer: chat.token,
        raw: 'the bytes',
        headers: { 'content-type': 'text/plain', 'content-disposition': 'name="file"; filename="a.txt"' },
      })
      assert.equal(sent.status, 200, sent.text)
      const [entry] = await readLog(at(c, chat))
      for (const node of world.nodes) {
        const { status, text } = await call(urlAt(node, entry?.attachments?.[0]?.contentUrl))
        assert.deepEqual([status, text], [200, 'the bytes'])
      }
    })

    test('a bot is told the same keys by all, and a token of one is good at the others', async () => {
      await using own = await startBot()
      await ask(a, 'POST', '/bots', {
        ...{ id: 'ada', endpoint: own.url, appId: ada.id, appPassword: ada.password },
      }).then(({ status, text }) => assert.equal(status, 201, text))
      const revealed = await ask(a, 'POST', '/sites/ada.ada/secrets/1/reveal')
      const chat = await startChat({ base: a.base, secret: String(revealed.body['secret']) }, { id: 'u1' })
      const join = await own.until('the join', ({ of }) => of(chat.conversation)[0])
      const token = await tokenOf(a.origin, ada)
      const path = `${new URL(connectorAddress(join)).pathname}/activities`
      const says = { type: 'message', text: 'hi', from: { id: 'ada' } }
      for (const node of world.nodes)
        await heeded(
          'the bot',
          () => call(`${node.origin}${path}`, { bearer: token, json: says }),
          ({ status }) => status === 200,
        )
      assert.equal((await readLog(at(b, chat))).filter(({ text }) => text === 'hi').length, 3)
      const keys = await Promise.all(world.nodes.map(({ origin }) => publishedKeys(origin)))
      for (const published of keys) assert.deepEqual(published, keys[0])
    })
  })
}

const chatIn = (conversation: string | undefined) => ({ conversation: conversation ?? '', address: '' })
