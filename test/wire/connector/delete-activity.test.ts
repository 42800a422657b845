/**
 * `DELETE /v3/conversations/{id}/activities/{activity}`: a text is taken back, and every window is told.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { getPage, readLog, say } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { call } from '../../support/http.ts'
import { assertConnectorRefused, botSays, openTalk, startTalk, type Talk, watch } from '../../support/talk.ts'

const remove = (talk: Talk, id: string, headers: Readonly<Record<string, string>> = {}) =>
  call(`${talk.connector}/activities/${encodeURIComponent(id)}`, { method: 'DELETE', headers })

test('answers 200 without a body', async () => {
  await using talk = await startTalk()
  const answer = await remove(talk, await botSays(talk, 'a slip'))
  assert.equal(answer.status, 200)
  assert.equal(answer.text, '')
  assert.equal(answer.headers['content-length'], '0')
})

test('leaves a messageDelete of the old id and time, from the bot, and nothing of the text', async () => {
  await using talk = await startTalk()
  const id = await botSays(talk, { type: 'message', text: 'a slip', channelData: { secret: 'a slip' } })
  const [before] = await readLog(talk)
  await remove(talk, id)
  assert.deepEqual(await readLog(talk), [
    {
      id,
      timestamp: before?.timestamp,
      type: 'messageDelete',
      channelId: 'directline',
      conversation: { id: talk.conversation },
      from: { id: 'bot', name: 'Bot', role: 'bot' },
    },
  ])
  assert.equal((await getPage(talk)).body.watermark, '2')
})

test('reaches open sockets, polls and later replays', async () => {
  await using talk = await startTalk()
  using socket = await watch(talk)
  const id = await botSays(talk, 'a slip')
  await say(talk, 'what was that?')
  const { watermark } = (await getPage(talk)).body
  await remove(talk, id)
  const pushed = await socket.until('the deletion', ({ activities }) =>
    activities.find(({ type }) => type === 'messageDelete'),
  )
  assert.equal(pushed.id, id)
  assert.deepEqual((await getPage(talk, watermark)).body.activities, [pushed])
  using late = await watch(talk)
  await late.untilId(id)
  assert.deepEqual(
    late.activities.map(({ type }) => type),
    ['message', 'messageDelete'],
  )
  assert.equal(JSON.stringify(late.frames).includes('a slip'), false)
})

test('answers 403 to a bot that would take back what a person has said, and erases nothing of it', async () => {
  await using talk = await startTalk()
  const id = await say(talk, 'my own words')
  const before = await readLog(talk)
  assertConnectorRefused(await remove(talk, id), 403, 'Forbidden')
  assert.deepEqual(await readLog(talk), before)
})

test('takes back every version of what has been updated', async () => {
  await using talk = await startTalk()
  const id = await botSays(talk, 'first slip')
  const json = { type: 'message', text: 'second slip' }
  await call(`${talk.connector}/activities/${id}`, { method: 'PUT', json })
  assert.equal((await remove(talk, id)).status, 200)
  const { text } = await getPage(talk)
  assert.equal(text.includes('slip'), false)
})

test('erases the text on disk', async () => {
  await using folder = await makeFolder()
  const dir = folder.path
  {
    await using talk = await startTalk({ app: { dir } })
    await say(talk, 'something to stay 5c1f')
    // Long texts lie in pages of their own, which nothing else comes to overwrite.
    const long = 'something to go 9d2e '.repeat(2_000)
    const slip = await botSays(talk, `first ${long}`)
    const json = { type: 'message', text: `second ${long}` }
    await call(`${talk.connector}/activities/${slip}`, { method: 'PUT', json })
    assert.equal((await remove(talk, slip)).status, 200)
  }
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map(name => join(dir, name))
    .filter(file => statSync(file).isFile())
  const holding = (text: string) => files.filter(file => readFileSync(file).includes(text))
  assert.equal(holding('something to stay 5c1f').length, 1, 'texts can be found in the file at all')
  assert.deepEqual(holding('something to go 9d2e'), [])
})

test('answers 404 ActivityNotFoundInConversation to what is not there, or no longer', async () => {
  await using talk = await startTalk()
  const other = await openTalk(talk.app, talk.bot, { id: 'u2' })
  const foreign = await botSays(other, 'elsewhere')
  const gone = await botSays(talk, 'gone')
  await remove(talk, gone)
  const typing = await botSays(talk, { type: 'typing' })
  for (const id of ['made-up', foreign, typing, gone, `${talk.conversation}|0000002`, `${talk.conversation}|0000077`]) {
    assertConnectorRefused(await remove(talk, id), 404, 'ActivityNotFoundInConversation')
  }
  assert.deepEqual(
    (await readLog(other)).map(({ text }) => text),
    ['elsewhere'],
  )
})

test('answers 405 BadArgument where updates are off', async () => {
  await using talk = await startTalk({ app: { botSettings: { updates: false } } })
  const id = await botSays(talk, 'stays')
  assertConnectorRefused(await remove(talk, id), 405, 'BadArgument')
  assert.deepEqual(
    (await readLog(talk)).map(({ text }) => text),
    ['stays'],
  )
})

test('sent again with the same request id, it is answered as the first time', async () => {
  await using talk = await startTalk()
  const id = await botSays(talk, 'a slip')
  const headers = { 'x-ms-client-request-id': '5d0b6a3e-0000-4000-8000-000000000002' }
  const answers = await Promise.all([1, 2, 3].map(() => remove(talk, id, headers)))
  answers.push(await remove(talk, id, headers))
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 200],
  )
  assert.equal((await getPage(talk)).body.watermark, '2')
})
