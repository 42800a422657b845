/**
 * JSON that readers of JSON stumble over: it is kept to the letter from the client to the bot, to the log and back, or
 * refused, and never becomes part of anything.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { getPage, startChat } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { call } from '../../support/http.ts'
import { startOldChat } from '../../support/old-direct-line.ts'

const bot = await startBot()
after(() => bot[Symbol.asyncDispose]())

/** Texts of values, as they are to be found again. */
const values: readonly string[] = [
  '-0',
  '[-0,0,-0.0]',
  '{"a":-0}',
  '[1e400,-1e400,1e-400]',
  '[12345678901234567890,-9007199254740993,0.12345678901234567890]',
  `[${'9'.repeat(400)}]`,
  '{"constructor":{"prototype":{"polluted":1}}}',
  '{"toString":1,"hasOwnProperty":2,"valueOf":3,"isPrototypeOf":4,"__defineGetter__":5}',
  '{"0":"x","length":4294967296}',
  '{"then":1,"toJSON":"x","rawJSON":"1"}',
  '{"":{"":[]}}',
  '{"$ref":"#/","$type":"System.Object","@type":"x"}',
  '[[],{},null,true,false,""]',
  '"\\u0000\\u0001\\u001f"',
  '"\\ud800"',
  '["\\udc00\\ud800","\ud83d\ude00"]',
  '"\ufeff\u2028\u2029\u202e\uffff"',
]

/** The text of `channelData` in a JSON text, as it is written there. */
const dataIn = (text: string): string | undefined => {
  const start = text.lastIndexOf('"channelData":') + '"channelData":'.length
  for (let end = text.length; end > start; end -= 1) {
    if (values.includes(text.slice(start, end))) return text.slice(start, end)
  }
  return text.slice(start, start + 200)
}

for (const store of ['memory', 'SQLite']) {
  test(`values pass as they are written, with ${store}`, async () => {
    await using folder = await makeFolder()
    await using app = await startApp({ bot: bot.url, ...(store === 'SQLite' ? { dir: folder.path } : {}) })
    for (const value of values) {
      const chat = await startChat(app, { id: 'u1' })
      const { status, text } = await call(`${chat.address}/activities`, {
        bearer: chat.token,
        raw: `{"type":"message","channelData":${value}}`,
      })
      assert.equal(status, 200, `${value}: ${text}`)
      const told = await bot.until('the message', ({ requests }) =>
        requests.findLast(
          ({ activity }) => activity.conversation?.id === chat.conversation && activity.type === 'message',
        ),
      )
      assert.equal(dataIn(told.text), value)
      assert.equal(dataIn((await getPage(chat)).text), value)
      const old = chat.address.replace('/v3/directline/', '/api/')
      assert.equal(dataIn((await call(`${old}/messages`, { bearer: chat.token })).text), value)
    }
    const chat = await startOldChat(app, { id: 'u1' })
    for (const value of values) {
      const raw = `{"text":"x","channelData":${value}}`
      assert.equal((await call(`${chat.old}/messages`, { bearer: chat.token, raw })).status, 204, value)
      assert.equal(dataIn((await getPage(chat)).text), value)
    }
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
    assert.equal([].length, 0)
  })
}

test('what only looks like JSON is refused at every door that takes some', async () => {
  await using app = await startApp({ bot: bot.url })
  const chat = await startChat(app, { id: 'u1' })
  const bodies = [
    '{"a":01}',
    '{"a":+1}',
    '{"a":.5}',
    '{"a":1.}',
    '{"a":NaN}',
    '{"a":Infinity}',
    '{"a":0x1}',
    "{'a':1}",
    '{"a":1,}',
    '{"a"}',
    '{a:1}',
    '{"a":1}//',
    '{"a":"\n"}',
    '{"a":"\\x"}',
    '\u00a0{}',
    '{"a":\v1}',
    '{"a":1}\0',
  ]
  for (const raw of bodies) {
    for (const [bearer, url] of [
      [app.secret, `${app.base}/conversations`],
      [app.secret, `${app.base}/tokens/generate`],
      [chat.token, `${chat.address}/activities`],
      [chat.token, `${chat.address.replace('/v3/directline/', '/api/')}/messages`],
      [app.adminKey, `${app.origin}/admin/v1/tokens/revoke`],
    ] as const) {
      const { status, text } = await call(url, { bearer, raw })
      assert.equal(status, 400, `${url} ${raw}: ${text}`)
    }
  }
})
