/**
 * Streamed answers: chunks are typing activities that need ids and order and are never kept; the end is a message.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readLog, say } from '../../support/direct-line.ts'
import { call, type WireActivity } from '../../support/http.ts'
import { assertTaken, botSays, openTalk, startTalk, type Talk, watch } from '../../support/talk.ts'

type Step = { streamType: string; streamSequence?: number; streamId?: string }

/** The two places where SDKs keep the fields of a stream. */
const carriers: Readonly<Record<string, (step: Step) => WireActivity>> = {
  channelData: step => ({ channelData: step }),
  'an entity': step => ({ entities: [{ type: 'streaminfo', ...step }] }),
}

/** Streams an answer as SDKs do: each call waits for the one before, the first one's id names the stream. */
async function stream(talk: Talk, to: string, carry: (step: Step) => WireActivity, words: readonly string[]) {
  const send = async (activity: WireActivity) =>
    assertTaken(await call(`${talk.connector}/activities/${encodeURIComponent(to)}`, { json: activity }))
  const ids: string[] = []
  for (const [at] of words.entries()) {
    const step = { streamType: 'streaming', streamSequence: at + 1, ...(at === 0 ? {} : { streamId: ids[0] ?? '' }) }
    ids.push(await send({ type: 'typing', text: words.slice(0, at + 1).join(' '), ...carry(step) }))
  }
  ids.push(
    await send({ type: 'message', text: words.join(' '), ...carry({ streamType: 'final', streamId: ids[0] ?? '' }) }),
  )
  return ids
}

const words = ['It', 'is', 'open', 'from', 'nine', 'to', 'five.']

for (const [where, carry] of Object.entries(carriers)) {
  test(`shows the chunks in order under ids of their own, and keeps the end alone: fields in ${where}`, async () => {
    await using talk = await startTalk()
    using socket = await watch(talk)
    const question = await say(talk, 'Is it open?')
    const ids = await stream(talk, question, carry, words)
    assert.equal(new Set(ids).size, words.length + 1)
    await socket.untilId(ids.at(-1))
    assert.deepEqual(
      socket.activities.map(({ id }) => id),
      [question, ...ids],
    )
    for (const [at, chunk] of socket.activities.slice(1, -1).entries()) {
      assert.equal(chunk.type, 'typing')
      assert.equal(chunk.text, words.slice(0, at + 1).join(' '))
      assert.equal(chunk.replyToId, question)
      assert.deepEqual(
        { channelData: chunk.channelData, entities: chunk['entities'] },
        {
          channelData: undefined,
          entities: undefined,
          ...carry({
            streamType: 'streaming',
            streamSequence: at + 1,
            ...(at === 0 ? {} : { streamId: ids[0] ?? '' }),
          }),
        },
      )
    }
    const log = await readLog(talk)
    assert.deepEqual(
      log.map(({ id }) => id),
      [question, ids.at(-1)],
    )
    assert.equal(log[1]?.text, words.join(' '))
    using late = await watch(talk)
    await late.untilId(ids.at(-1))
    assert.deepEqual(late.activities, log)
  })
}

test('gives chunks ids and times that sort between what was said before and what is said after', async () => {
  await using talk = await startTalk()
  using socket = await watch(talk)
  const question = await say(talk, 'Is it open?')
  const ids = await stream(talk, question, carriers['channelData'] ?? (() => ({})), words)
  await socket.untilId(ids.at(-1))
  const shownIds = socket.activities.map(({ id }) => id ?? '')
  assert.deepEqual([...shownIds].sort(), shownIds)
  const times = socket.activities.slice(1, -1).map(({ timestamp }) => Date.parse(timestamp ?? ''))
  assert.ok(times.every(time => time > Date.parse(socket.activities[0]?.timestamp ?? '')))
})

test('shows status lines, and a stream that is withdrawn without a message', async () => {
  await using talk = await startTalk()
  using socket = await watch(talk)
  const first = await botSays(talk, {
    type: 'typing',
    text: 'Looking it up…',
    channelData: { streamType: 'informative', streamSequence: 1 },
  })
  const end = await botSays(talk, { type: 'typing', channelData: { streamType: 'final', streamId: first } })
  await socket.untilId(end)
  assert.deepEqual(
    socket.activities.map(({ id }) => id),
    [first, end],
  )
  assert.deepEqual(await readLog(talk), [])
})

test('keeps two streams of one conversation, and streams of two, apart and in order', async () => {
  await using talk = await startTalk()
  const other = await openTalk(talk.app, talk.bot, { id: 'u2' })
  using socket = await watch(talk)
  using foreign = await watch(other)
  const carry = carriers['channelData'] ?? (() => ({}))
  const [one, two, three] = await Promise.all([
    stream(talk, 'made-up', carry, words),
    stream(talk, 'made-up', carry, words),
    stream(other, 'made-up', carry, words),
  ])
  await socket.until('both streams', ({ activities }) => activities.length === one.length + two.length)
  await foreign.until('the other stream', ({ activities }) => activities.length === three.length)
  const seen = socket.activities.map(({ id }) => id ?? '')
  assert.deepEqual(
    seen.filter(id => one.includes(id)),
    one,
  )
  assert.deepEqual(
    seen.filter(id => two.includes(id)),
    two,
  )
  assert.deepEqual(
    foreign.activities.map(({ id }) => id),
    three,
  )
})

test('takes chunks when nobody listens', async () => {
  await using talk = await startTalk()
  const ids = await stream(talk, 'made-up', carriers['channelData'] ?? (() => ({})), words)
  assert.deepEqual(
    (await readLog(talk)).map(({ id }) => id),
    [ids.at(-1)],
  )
})
