/**
 * A token names who speaks. Whatever its holder writes, in whatever spelling and on whatever road, nobody else speaks,
 * nothing that is the service's is chosen, and nothing is said that only others may say.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { assertRefused, type Chat, claimsOf, readLog, reconnect, startChat } from '../../support/direct-line.ts'
import { type Answer, call, type WireActivity } from '../../support/http.ts'
import { startOldChat } from '../../support/old-direct-line.ts'
import { openSocket } from '../../support/socket.ts'
import { activityType, filePart, formOf, upload } from '../direct-line-v3/form.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

/** A client's activity as text, sent on one of the roads there are; undefined: nobody is answered on it. */
type Road = (chat: Chat, activity: string) => Promise<Answer | undefined>

const posted: Road = (chat, activity) => call(`${chat.address}/activities`, { bearer: chat.token, raw: activity })

const uploaded: Road = (chat, activity) => {
  const part = { headers: [`Content-Type: ${activityType}`], bytes: activity }
  return upload(chat, formOf([part, filePart('a.txt', 'A')]), '?userId=eve')
}

const streamed: Road = async (chat, activity) => {
  const { body } = await reconnect(chat)
  using socket = await openSocket(String(body.streamUrl).replace('/stream?', '/stream/multimodal?'))
  socket.send(activity)
  await socket.close()
  return undefined
}

const oldUploaded: Road = (chat, activity) =>
  call(`${chat.address.replace('/v3/directline/', '/api/')}/upload?userId=eve`, {
    bearer: chat.token,
    ...formOf([{ headers: [`Content-Type: ${activityType}`], bytes: activity }, filePart('a.txt', 'A')]),
  })

const roads: Readonly<Record<string, Road>> = {
  'a post': posted,
  'an upload': uploaded,
  'a frame': streamed,
  'an upload of 1.1': oldUploaded,
}

/** What the bot was told, and what clients see, of the newest activity. */
async function newestOf(chat: Chat): Promise<readonly WireActivity[]> {
  const told = await bot.until('the message', ({ of }) => of(chat.conversation, 'message').at(-1))
  return [told, (await readLog(chat)).at(-1) ?? {}]
}

const forged: readonly string[] = [
  '{"type":"message","from":{"id":"eve"}}',
  '{"type":"message","from":{"id":"u1"},"from":{"id":"eve"}}',
  '{"type":"message","From":{"id":"eve"},"FROM":{"id":"eve"},"fROM":{"Id":"eve"}}',
  '{"type":"message","from":{"id":"u1","Id":"eve","ID":"eve"}}',
  '{"type":"message","\\u0066rom":{"\\u0069d":"eve"}}',
  '{"type":"message","from":{"id":"u1"},"\\u0046rom":{"id":"eve","role":"bot"}}',
  '{"type":"message","from":{"id":null,"ID":"eve"}}',
  '{"type":"message","from":null,"From":{"id":"eve"}}',
  '{"type":"message","from":{"id":"eve","role":"bot","Role":"bot","ROLE":"skill","name":"Eve"}}',
  '{"type":"message","from":{"id":"eve"},"user":{"id":"eve"},"sender":"eve"}',
  '{"Type":"message","TYPE":"message","from":{"id":"eve"}}',
  '{"type":"message","fro\\u006d":{"id":"eve"},"recipient":{"id":"eve"},"Recipient":{"id":"eve"}}',
  '{"type":"message","from":{"id":"eve"},"membersAdded":[{"id":"eve"},{"Id":"eve"}],"membersRemoved":[{"ID":"eve"}]}',
]

for (const [name, road] of Object.entries(roads)) {
  test(`the token’s user speaks, whoever ${name} says it is`, async () => {
    for (const activity of forged) {
      const chat = await startChat(app, { id: 'u1', name: 'Uma' })
      const answer = await road(chat, activity)
      if (answer !== undefined) assert.ok(answer.status < 300, `${activity}: ${answer.text}`)
      for (const shown of await newestOf(chat)) {
        assert.equal(shown.from?.id, 'u1', activity)
        assert.equal(shown.from?.role, 'user', activity)
        assert.equal(shown.from?.name, 'Uma', activity)
        const { user: _user, ['sender']: _sender, ...known } = shown
        assert.doesNotMatch(JSON.stringify(known), /"eve"/i)
        const names = Object.keys(shown).map(member => member.toLowerCase())
        assert.equal(new Set(names).size, names.length, 'each name stands once')
      }
    }
  })

  test(`what is the service’s stays the service’s, whatever ${name} says`, async () => {
    const chat = await startChat(app, { id: 'u1' })
    await road(
      chat,
      '{"type":"message","id":"mine","Id":"mine","\\u0069D":"mine","timestamp":"1999-01-01T00:00:00Z","TimeStamp":"1999-01-01T00:00:00Z",' +
        '"serviceUrl":"http://mine.example/","ServiceUrl":"http://mine.example/","channelId":"mine","CHANNELID":"mine",' +
        '"conversation":{"id":"mine","Id":"mine"},"Conversation":{"id":"mine"},"recipient":{"id":"mine"},"callerId":"mine",' +
        '"CallerId":"mine","eTag":"mine","relatesTo":{"serviceUrl":"http://mine.example/","SERVICEURL":"http://mine.example/"}}',
    )
    for (const shown of await newestOf(chat)) {
      assert.doesNotMatch(JSON.stringify(shown), /"mine"|mine\.example|1999-01-01/)
      assert.equal(shown.channelId, 'directline')
      assert.deepEqual(shown.conversation, { id: chat.conversation })
    }
  })

  test(`${name} says nothing that only a channel or a token service may say, in no spelling`, async () => {
    const chat = await startChat(app, { id: 'u1' })
    for (const activity of [
      '{"type":"contactRelationUpdate","action":"add"}',
      '{"type":"ContactRelationUpdate","action":"add"}',
      '{"type":"CONTACTRELATIONUPDATE","action":"add"}',
      '{"type":"event","name":"tokens/response","value":{"token":"x"}}',
      '{"type":"Event","name":"tokens/response","value":{"token":"x"}}',
      '{"type":"event","name":"Tokens/Response","value":{"token":"x"}}',
      '{"type":"message","name":"x","Name":"tokens/response","TYPE":"event","type":"event","name":"tokens/response"}',
    ]) {
      const answer = await road(chat, activity)
      if (answer !== undefined) assert.equal(answer.status, 400, `${activity}: ${answer.text}`)
    }
    assert.deepEqual(await readLog(chat), [])
    await posted(chat, '{"type":"message","text":"after"}')
    await newestOf(chat)
    const types = bot.of(chat.conversation).map(({ type }) => type)
    assert.deepEqual(types, ['conversationUpdate', 'message'])
  })
}

test('names that only look like a known one are nobody’s, and pass as they are', async () => {
  for (const name of ['fr\u043em', 'ｆｒｏｍ', 'from\u200b', ' from', 'from\u0000', 'f\u0440om']) {
    const chat = await startChat(app, { id: 'u1' })
    const answer = await posted(chat, JSON.stringify({ type: 'message', [name]: { id: 'eve', role: 'bot' } }))
    assert.equal(answer?.status, 200, answer?.text)
    for (const shown of await newestOf(chat)) {
      assert.deepEqual(shown.from, { id: 'u1', role: 'user' })
      assert.deepEqual(shown[name], { id: 'eve', role: 'bot' })
    }
  }
})

test('userId is nobody where the token names one, however it is written', async () => {
  for (const query of [
    '?userId=eve',
    '?userId=eve&userId=mallory',
    '?userid=eve',
    '?USERID=eve',
    '?userId[]=eve',
    '?userId=eve%00',
    '?userId=u1%26userId%3Deve',
    '?user=eve&from=eve',
  ]) {
    const chat = await startChat(app, { id: 'u1' })
    for (const address of [chat.address, chat.address.replace('/v3/directline/', '/api/')]) {
      const { status, text } = await call(`${address}/upload${query}`, { bearer: chat.token, raw: 'A' })
      assert.ok(status < 300, text)
    }
    for (const shown of await readLog(chat)) assert.deepEqual(shown.from, { id: 'u1', role: 'user' }, query)
  }
})

test('a message of 1.1 is the token’s user’s, whatever it says of its sender', async () => {
  for (const raw of [
    '{"text":"x","from":"eve"}',
    '{"text":"x","from":"u1","From":"eve","FROM":"eve"}',
    '{"text":"x","from":{"id":"eve"}}',
    '{"text":"x","from":"u1","from":"eve"}',
    '{"text":"x","id":"mine","conversationId":"mine","created":"1999-01-01T00:00:00Z","eTag":"mine","from":"eve"}',
  ]) {
    const chat = await startOldChat(app, { id: 'u1' })
    const { status, text } = await call(`${chat.old}/messages`, { bearer: chat.token, raw })
    assert.equal(status, 204, text)
    const [shown = {}] = await readLog(chat)
    assert.deepEqual(shown.from, { id: 'u1', role: 'user' })
    assert.doesNotMatch(JSON.stringify(shown), /eve|mine|1999/)
  }
})

test('no body makes a token another’s: at the start, at a refresh, or on the way back', async () => {
  const chat = await startChat(app, { id: 'u1' })
  const forgery =
    '{"user":{"id":"eve"},"User":{"Id":"eve"},"USER":{"ID":"eve"},"from":{"id":"eve"},"conversationId":"x","token":"x"}'
  for (const [method, url] of [
    ['POST', `${app.base}/conversations`],
    ['POST', `${app.base}/tokens/refresh`],
    ['GET', `${chat.address}?userId=eve&user=eve`],
  ] as const) {
    const { status, body, text } = await call(url, {
      method,
      bearer: chat.token,
      ...(method === 'POST' ? { raw: forgery } : {}),
    })
    assert.equal(status, 200, text)
    assert.equal(body.conversationId, chat.conversation)
    assert.equal(claimsOf(body.token)['user'], 'u1')
    assert.doesNotMatch(JSON.stringify(claimsOf(body.token)), /"eve"/)
  }
})

test('the bot’s id is nobody’s: not in a token, not in an activity, not in a query', async () => {
  for (const json of [{ user: { id: 'bot' } }, { User: { ID: 'bot' } }]) {
    for (const path of ['/tokens/generate', '/conversations'])
      assertRefused(await call(`${app.base}${path}`, { bearer: app.secret, json }), 400, 'BadArgument')
  }
  const chat = await startChat(app)
  for (const raw of ['{"type":"message","from":{"id":"bot"}}', '{"type":"message","From":{"ID":"bot"}}'])
    assertRefused(await call(`${chat.address}/activities`, { bearer: app.secret, raw }), 400, 'BadArgument')
  assertRefused(await upload(chat, { raw: 'A' }, '?userId=bot'), 400, 'BadArgument')
  assert.deepEqual(await readLog(chat), [])
})
