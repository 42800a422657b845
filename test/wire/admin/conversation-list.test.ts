/**
 * The list of conversations in the admin API, and one of them.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { ConversationBody, ConversationsBody } from '../../../src/protocol/admin-conversations.ts'
import { ask, assertAdminRefused, done } from '../../support/admin.ts'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { getPage, post, readLog, say, startChat } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { openSocket } from '../../support/socket.ts'
import { patienceMs } from '../../support/until.ts'

const bot = await startBot({ answer: ({ text }) => (text === 'crash' ? 500 : 200) })
const folder = await makeFolder()
const app = await startApp({ bot: bot.url, dir: folder.path })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

const list = async (query = '', service = app) =>
  (await done(service, 'GET', `/conversations${query}`)) as unknown as ConversationsBody
const idsOf = ({ items }: ConversationsBody) => items.map(({ id }) => id)

/** Conversations with something said by somebody of their own; the newest first. */
async function three() {
  const chats = []
  for (const [user, text] of [
    ['dl_ann', 'the first word'],
    ['dl_bob', 'Ein zweites Wort, größer'],
    ['dl_cy', 'the third'],
  ] as const) {
    const chat = await startChat(app, { id: user })
    await say(chat, text, user)
    chats.unshift(chat)
  }
  return chats
}

test('conversations are listed by their newest activity, with whose they are and what was said last', async () => {
  const [third, second, first] = await three()
  assert.ok(third !== undefined && second !== undefined && first !== undefined)
  assert.deepEqual(idsOf(await list('?limit=3')), [third.conversation, second.conversation, first.conversation])
  await say(first, 'and again', 'dl_ann')
  const { items, total } = await list('?limit=2')
  const [row] = items
  assert.ok(total !== undefined && total >= 3)
  assert.ok(row !== undefined)
  assert.match(row.started, /^\d{4}-.*Z$/)
  assert.ok(row.started < row.last)
  assert.deepEqual(
    { ...row, started: '', last: '' },
    {
      ...{ id: first.conversation, bot: 'bot', site: 'default', user: 'dl_ann', started: '', last: '', count: 2 },
      ...{ sockets: 0, failed: 0, state: 'idle', trace: false, preview: 'and again' },
    },
  )
})

test('the list is read in parts to its end, and its last part can be asked for at once', async () => {
  await three()
  const all = await list('?limit=200')
  assert.equal(all.next, undefined)
  const parts: string[] = []
  let cursor = ''
  for (;;) {
    const part = await list(`?limit=2${cursor}`)
    parts.push(...idsOf(part))
    if (part.next === undefined) break
    assert.equal(part.items.length, 2)
    cursor = `&cursor=${encodeURIComponent(part.next)}`
  }
  assert.deepEqual(parts, idsOf(all))
  const last = await list(`?limit=2&offset=${(all.total ?? 0) - 1}`)
  assert.deepEqual(idsOf(last), idsOf(all).slice(-1))
})

test('the list is filtered by bot, user, time and state', async () => {
  const [third, second] = await three()
  assert.ok(third !== undefined && second !== undefined)
  assert.deepEqual(idsOf(await list('?user=dl_bob&limit=1')), [second.conversation])
  assert.deepEqual(idsOf(await list('?user=dl_bo')), [])
  assert.deepEqual(idsOf(await list('?bot=another')), [])
  const { last } = (await list('?bot=bot&limit=1')).items[0] ?? assert.fail('none')
  assert.deepEqual(idsOf(await list(`?since=${last}`)), [third.conversation])
  assert.ok(!idsOf(await list(`?until=${Date.parse(last)}`)).includes(third.conversation))

  using socket = await openSocket(second.streamUrl)
  assert.ok(socket.ws)
  assert.deepEqual(idsOf(await list('?state=live')), [second.conversation])
  assert.deepEqual(
    (await list('?state=live')).items.map(({ sockets, state }) => [sockets, state]),
    [[1, 'live']],
  )
  assert.ok(!idsOf(await list('?state=idle')).includes(second.conversation))
  assert.ok(idsOf(await list('?state=idle')).includes(third.conversation))
  const bye = { type: 'endOfConversation', from: { id: 'dl_cy' } }
  assert.equal((await post(third, bye)).status, 200)
  assert.deepEqual(idsOf(await list('?state=ended')), [third.conversation])
  assert.equal((await list('?state=ended')).items[0]?.state, 'ended')
  assert.ok(!idsOf(await list('?state=idle')).includes(third.conversation))
  assert.deepEqual(idsOf(await list('?state=imported')), [])
})

test('the list is filtered by turns that failed, after a restart too', async () => {
  await using own = await makeFolder()
  const chat = await (async () => {
    await using first = await startApp({ bot: bot.url, dir: own.path })
    await startChat(first, { id: 'u1' })
    const failing = await startChat(first, { id: 'u1' })
    await post(failing, { type: 'message', text: 'crash' })
    // What came of a turn is kept a moment after it.
    for (const untilMs = performance.now() + patienceMs; (await list('?failed=true', first)).items.length === 0; )
      assert.ok(performance.now() < untilMs, 'the failed turn is not counted')
    return failing
  })()
  await using again = await startApp({ bot: bot.url, dir: own.path })
  for (const query of ['?failed=true', '?problem=any', '?problem=BotThrew']) {
    const { items, total } = await list(query, again)
    assert.deepEqual(
      items.map(({ id, failed }) => [id, failed]),
      [[chat.conversation, 1]],
      query,
    )
    assert.equal(total, 1)
  }
  assert.deepEqual(idsOf(await list('?problem=NobodyListens', again)), [])
  assert.equal((await list('', again)).total, 2)
})

test('a search finds ids, users and texts, and says how many it has looked at', async () => {
  const [third, second, first] = await three()
  assert.ok(third !== undefined && second !== undefined && first !== undefined)
  const total = (await list()).total
  for (const [q, expected] of [
    [first.conversation.slice(0, 9), first.conversation],
    ['DL_BOB', second.conversation],
    ['GRÖSSER', undefined],
    ['größer', second.conversation],
    ['the third', third.conversation],
  ] as const) {
    const found = await list(`?q=${encodeURIComponent(q)}&limit=200`)
    assert.equal(found.searched, total, q)
    assert.equal(found.total, undefined)
    if (expected === undefined) assert.deepEqual(idsOf(found), [])
    else assert.equal(idsOf(found)[0], expected, q)
  }
})

test('what is asked of the list in a way nobody understands is refused', async () => {
  for (const query of [
    '?limit=0',
    '?limit=x',
    '?cursor=x',
    '?cursor=1.2',
    '?offset=-1',
    '?state=open',
    '?since=yesterday',
    '?problem=Nothing',
    `?q=${'x'.repeat(201)}`,
  ])
    assertAdminRefused(await ask(app, 'GET', `/conversations${query}`), 400, 'BadArgument')
})

test('one conversation comes with a token for its user and the place 50 activities before its end', async () => {
  const chat = await startChat(app, { id: 'dl_ann' })
  const show = async () =>
    (await done(app, 'GET', `/conversations/${chat.conversation}`)) as unknown as ConversationBody
  assert.equal((await show()).watermark50, undefined)
  for (let at = 1; at <= 60; at += 1) await say(chat, `t${at}`, 'dl_ann')
  const { token, watermark50, ...row } = await show()
  assert.deepEqual([row.id, row.count, row.user], [chat.conversation, 60, 'dl_ann'])
  const page = await getPage({ ...chat, token }, watermark50)
  assert.equal(page.body.activities?.length, 50)
  await say({ ...chat, token }, 'by the token', 'somebody else')
  assert.equal((await readLog(chat)).at(-1)?.from?.id, 'dl_ann')
  assert.ok(app.events.some(event => event.event === 'audit' && event.subject === `conversation ${chat.conversation}`))
})

test('a row says what its newest client says it is', async () => {
  for (const [headers, expected] of [
    [{ 'x-ms-bot-agent': 'DirectLine/3.0 (directlinejs 0.15.8)' }, 'DirectLineJS 0.15.8'],
    [
      { 'x-ms-bot-agent': 'DirectLine/3.0 (directlinejs; WebChat/4.18.1 (Full) 0.15.8)', 'user-agent': 'Mozilla/5.0' },
      'DirectLineJS 0.15.8, WebChat/4.18.1 (Full)',
    ],
    [{ 'user-agent': 'curl/8.5.0' }, 'curl/8.5.0'],
    [{ 'user-agent': 'Mozilla/5.0 (X11)' }, undefined],
    [{}, undefined],
    [{ 'x-ms-bot-agent': 'y'.repeat(500) }, 'y'.repeat(120)],
  ] as const) {
    const chat = await startChat(app, { id: 'u1' }, { headers })
    const { items } = await list('?limit=1')
    assert.deepEqual([items[0]?.id, items[0]?.agent], [chat.conversation, expected])
  }
})

test('a conversation whose site is switched off can be looked at, but not joined', async () => {
  await using own = await startApp({ bot: bot.url })
  const chat = await startChat(own, { id: 'u1' })
  await done(own, 'PATCH', '/sites/default', { enabled: false })
  const body = (await done(own, 'GET', `/conversations/${chat.conversation}`)) as unknown as ConversationBody
  assert.deepEqual([body.id, body.token], [chat.conversation, ''])
})

test('a conversation that is not there is unknown', async () => {
  for (const name of ['nothing-of-this-name', '..%2Fx']) {
    assertAdminRefused(await ask(app, 'GET', `/conversations/${name}`), 404, 'BadArgument')
    assertAdminRefused(await ask(app, 'GET', `/conversations/${name}/records`), 404, 'BadArgument')
  }
})
