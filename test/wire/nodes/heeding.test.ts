/**
 * What is changed on one node is heeded by the others within a second, and what is changed on two at once is lost on
 * neither.
 */
import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { ask, done } from '../../support/admin.ts'
import { startBot } from '../../support/bot.ts'
import { ada, publishedKeys } from '../../support/bot-tokens.ts'
import { assertRefused, type Chat, getPage, message, reconnect, say, startChat } from '../../support/direct-line.ts'
import { call, type WireBody } from '../../support/http.ts'
import { openSocket, type TestSocket } from '../../support/socket.ts'
import { inTime } from '../../support/until.ts'
import { grounds } from './grounds.ts'
import { at, heeded, heededMs, type Node, startNode, startNodes, urlAt } from './nodes.ts'

const revoked = { code: 1008, reason: 'credential revoked' }

/** A socket of the conversation at a node. */
async function socketAt(node: Node, chat: Chat): Promise<TestSocket> {
  const { status, body, text } = await reconnect(at(node, chat), '0')
  assert.equal(status, 200, text)
  return openSocket(urlAt(node, body.streamUrl))
}

/** The first site of the first bot. */
async function siteAt(node: Node): Promise<WireBody> {
  const { items } = await done(node, 'GET', '/bots/bot/sites')
  const [site] = items as readonly WireBody[]
  return site ?? assert.fail('there is no site')
}

/** Resolves when a node answers a page of the conversation with this status. */
const untilStatus = (node: Node, chat: Pick<Chat, 'conversation' | 'token'>, wanted: number) =>
  heeded(
    `status ${wanted}`,
    () => getPage({ address: `${node.base}/conversations/${chat.conversation}`, token: chat.token }),
    ({ status }) => status === wanted,
  )

const closedIn = (socket: TestSocket) => inTime('the close', socket.closed, heededMs)

for (const { name, open, skip } of grounds) {
  suite(`${name}: what one node changes`, { skip: skip ?? false }, async () => {
    if (skip !== undefined) return
    const ground = await open()
    const bot = await startBot()
    const world = await startNodes(ground, 3, {
      bot: bot.url,
      botSettings: { app: ada },
      // The clock of the second is ahead of the others'.
      aheadMs: [0, 30_000, 0],
    })
    const [a, b, c] = world.nodes
    after(async () => {
      await world[Symbol.asyncDispose]()
      await bot[Symbol.asyncDispose]()
      await ground[Symbol.asyncDispose]()
    })

    test('a revoked token is refused by the others, and its sockets there are closed; others go on', async () => {
      const [chat, spared] = [await startChat(a, { id: 'u1' }), await startChat(b, { id: 'u2' })]
      using socket = await socketAt(b, chat)
      using sparedSocket = await socketAt(b, spared)
      await done(a, 'POST', '/tokens/revoke', { token: chat.token })
      assert.deepEqual(await closedIn(socket), revoked)
      for (const node of world.nodes) assertRefused(await untilStatus(node, chat, 403), 403, 'BadArgument')
      await say(at(c, spared), 'still here')
      await sparedSocket.untilText('still here')
    })

    test('what was issued before a revocation is refused, also by a node whose clock is ahead; what comes after is not', async () => {
      const chat = await startChat(b, { id: 'u1' })
      for (let times = 0; times < 2; times += 1) {
        const fresh = await call(`${b.base}/tokens/generate`, {
          bearer: b.secret,
          json: { conversationId: chat.conversation },
        })
        const later = { ...chat, token: String(fresh.body.token) }
        assert.equal((await getPage(at(a, later))).status, 200)
        await done(a, 'POST', `/conversations/${chat.conversation}/revoke`)
        for (const node of world.nodes) {
          await untilStatus(node, chat, 403)
          await untilStatus(node, later, 403)
        }
      }
      const { body } = await call(`${b.base}/tokens/generate`, {
        bearer: b.secret,
        json: { conversationId: chat.conversation },
      })
      for (const node of world.nodes)
        assert.equal((await getPage({ ...at(node, chat), token: String(body.token) })).status, 200)
    })

    test('a new secret opens every node, the old one none, and sockets it has opened are closed', async () => {
      const chat = await startChat(a, { id: 'u1' })
      const old = String((await done(b, 'POST', '/sites/default/secrets/2/reveal'))['secret'])
      using socket = await socketAt(c, { ...chat, token: old })
      const { secret } = await done(a, 'POST', '/sites/default/secrets/2/regenerate')
      assert.deepEqual(await closedIn(socket), revoked)
      for (const node of world.nodes) {
        await untilStatus(node, { ...chat, token: old }, 403)
        await untilStatus(node, { ...chat, token: String(secret) }, 200)
        assert.equal((await done(node, 'POST', '/sites/default/secrets/2/reveal'))['secret'], secret)
      }
    })

    test('a site that is switched off is refused by the others until it is switched on again', async () => {
      const chat = await startChat(a, { id: 'u1' })
      using socket = await socketAt(b, chat)
      await done(a, 'PATCH', '/sites/default', { enabled: false })
      assert.deepEqual(await closedIn(socket), revoked)
      await untilStatus(b, chat, 403)
      await done(c, 'PATCH', '/sites/default', { enabled: true })
      for (const node of world.nodes) await untilStatus(node, chat, 200)
    })

    test('a bot that is added, changed and removed on different nodes is there, changed and gone on all', async () => {
      await using own = await startBot({ onActivity: (activity, it) => it.reply(activity, message('hi', 'own')) })
      assert.equal((await ask(a, 'POST', '/bots', { id: 'own', endpoint: 'http://127.0.0.1:9/x' })).status, 201)
      const { secret } = await done(a, 'POST', '/sites/own.own/secrets/1/reveal')
      for (const node of world.nodes)
        await heeded(
          'the bot',
          () => call(`${node.base}/conversations`, { method: 'POST', bearer: String(secret) }),
          ({ status }) => status === 201,
        )
      assert.equal((await ask(b, 'PATCH', '/bots/own', { endpoint: own.url })).status, 200)
      // No need to wait: whoever steers is shown what is kept.
      for (const node of world.nodes) assert.equal((await done(node, 'GET', '/bots/own'))['endpoint'], own.url)
      const chat = await startChat({ base: b.base, secret: String(secret) }, { id: 'u1' })
      using socket = await socketAt(a, chat)
      await say(at(c, chat), 'hello')
      await socket.untilText('hi')
      assert.equal((await ask(b, 'DELETE', '/bots/own')).status, 204)
      assert.deepEqual(await closedIn(socket), revoked)
      for (const node of world.nodes) await untilStatus(node, chat, 403)
    })

    test('a conversation that is deleted is gone everywhere, and its sockets are told', async () => {
      const chat = await startChat(a, { id: 'u1' })
      await say(chat, 'soon gone')
      using socket = await socketAt(b, chat)
      await socket.untilText('soon gone')
      assert.equal((await ask(a, 'DELETE', `/conversations/${chat.conversation}`)).status, 204)
      assert.deepEqual(await closedIn(socket), { code: 1000, reason: 'conversation deleted' })
      for (const node of world.nodes) {
        assertRefused(await untilStatus(node, chat, 404), 404, 'BadArgument')
        const again = await call(`${node.base}/conversations`, { method: 'POST', bearer: chat.token })
        assertRefused(again, 404, 'BadArgument')
      }
    })

    test('a session begun on one is good on the others, and ended on all', async () => {
      const { headers } = await call(`${a.origin}/admin/v1/login`, { json: { key: a.adminKey } })
      const cookie = String(headers['set-cookie']).split(';')[0] ?? ''
      const bots = (node: Node) => () => call(`${node.origin}/admin/v1/bots`, { headers: { cookie } })
      for (const node of world.nodes) assert.equal((await bots(node)()).status, 200)
      const left = await call(`${b.origin}/admin/v1/logout`, { method: 'POST', headers: { cookie, origin: b.origin } })
      assert.equal(left.status, 204)
      for (const node of world.nodes) await heeded('the end', bots(node), ({ status }) => status === 401)
    })

    test('keys that are changed at once are published by all', async () => {
      const [before] = await publishedKeys(a.origin)
      assert.equal((await ask(b, 'POST', '/keys/rotate', { how: 'at once' })).status, 204)
      const [made] = await publishedKeys(b.origin)
      assert.notEqual(made?.['kid'], before?.['kid'])
      for (const node of world.nodes)
        await heeded(
          'the key',
          () => publishedKeys(node.origin),
          keys => keys[0]?.['kid'] === made?.['kid'] && !keys[1],
        )
    })

    test('of changes made on all nodes at once none is lost', async () => {
      const chats = await Promise.all(Array.from({ length: 12 }, (_, n) => startChat(a, { id: `u${n}` })))
      const each = <Item>(items: readonly Item[], change: (node: Node, item: Item) => Promise<unknown>) =>
        Promise.all(items.map((item, n) => change(world.nodes[n % 3] ?? a, item)))
      const ids = Array.from({ length: 9 }, (_, n) => `at-once-${n}`)
      const endpoint = 'http://127.0.0.1:9/api/messages'
      await Promise.all([
        each(chats, (node, { token }) => done(node, 'POST', '/tokens/revoke', { token })),
        each(ids, async (node, id) => assert.equal((await ask(node, 'POST', '/bots', { id, endpoint })).status, 201)),
        each(['v1', 'uploads', 'v3'], (node, off) => done(node, 'PATCH', '/sites/default', { [off]: false })),
        each([1, 2], (node, which) => done(node, 'POST', `/sites/default/secrets/${which}/regenerate`)),
      ])
      await each([{ echo: 'after' }, { name: 'Other' }, { timeoutMs: 7_000 }], (node, change) =>
        done(node, 'PATCH', '/bots/at-once-0', change),
      )
      // One that comes later has read nothing but what is kept.
      const late = await startNode(ground, 'http://127.0.0.1:9', { bot: bot.url, botSettings: { app: ada } })
      try {
        for (const node of [...world.nodes, late]) {
          for (const chat of chats) await untilStatus(node, chat, 403)
          for (const id of ids)
            await heeded(
              id,
              () => ask(node, 'GET', `/bots/${id}`),
              ({ status }) => status === 200,
            )
          const isOff = (site: WireBody) => ['v1', 'uploads', 'v3'].every(api => site[api] === false)
          await heeded('the switches', () => siteAt(node), isOff)
          const changed = (body: Record<string, unknown>) =>
            body['echo'] === 'after' && body['name'] === 'Other' && body['timeoutMs'] === 7_000
          await heeded('the bot', () => done(node, 'GET', '/bots/at-once-0'), changed)
        }
        const secrets = async (node: Node) =>
          Promise.all([1, 2].map(async n => (await done(node, 'POST', `/sites/default/secrets/${n}/reveal`))['secret']))
        for (const node of world.nodes) assert.deepEqual(await secrets(node), await secrets(late))
      } finally {
        await late.stop()
      }
      for (const off of ['v1', 'uploads', 'v3']) await done(a, 'PATCH', '/sites/default', { [off]: true })
    })

    test('of bots of one id added on two nodes at once there is one', async () => {
      const add = (node: Node) => ask(node, 'POST', '/bots', { id: 'same', endpoint: 'http://127.0.0.1:9/api' })
      const answers = await Promise.all(world.nodes.map(add))
      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409])
    })

    test('nothing that went wrong was said', () => {
      for (const { events } of world.nodes)
        assert.deepEqual(
          events.filter(({ event }) => event === 'fault'),
          [],
        )
    })
  })
}
