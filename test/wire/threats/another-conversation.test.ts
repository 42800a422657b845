/**
 * Whoever holds a key to one conversation is told nothing of another, not even whether it is there: whatever operation
 * is tried, the answer is the same to the letter.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { generateToken, readLog } from '../../support/direct-line.ts'
import type { Answer } from '../../support/http.ts'
import { refusedHandshake } from '../../support/socket.ts'
import { doors } from './doors.ts'
import { startGround } from './ground.ts'
import { knock } from './knock.ts'

const ground = await startGround()
after(() => ground[Symbol.asyncDispose]())
const { app, open, other, ada } = ground

/** Conversations that are not the attacker's: there, said but never started, of another bot, and never heard of. */
const unstarted = (await generateToken({ base: app.base, secret: open.talk.secret })).conversation
const foreign: readonly string[] = [
  other.talk.conversation,
  unstarted,
  ada.talk.conversation,
  'neverHeardOf0000000001',
  open.talk.conversation.toLowerCase().replace(/^./, letter => (letter === 'x' ? 'y' : 'x')),
]

const clientDoors = doors.filter(
  ({ route, keys }) => route.includes(':conversation') && keys.includes('token') && !route.includes('/stream'),
)

/** Everything in an answer but what differs from one to the next by nature. */
const told = ({ status, headers, text }: Answer) => {
  const { date: _date, 'x-ms-request-id': _id, ...rest } = headers
  return { status, headers: rest, text }
}

test('a token is refused with 403 at every operation on another conversation, the same whether that is there or not', async () => {
  assert.ok(clientDoors.length >= 8)
  for (const door of clientDoors) {
    const { path } = door.request(ground)
    const answers = []
    for (const conversation of foreign) {
      const answer = await knock(door, ground, {
        key: 'token',
        path: path.replace(open.talk.conversation, conversation),
      })
      assert.equal(answer.status, 403, `${door.route}: ${answer.text}`)
      answers.push(told(answer))
    }
    for (const answer of answers) assert.deepEqual(answer, answers[0], door.route)
  }
})

test('a ticket opens no stream but its own, and says the same of every other', async () => {
  const answers = []
  for (const conversation of foreign) {
    for (const end of ['', '/multimodal']) {
      const url = `${app.base.replace('http', 'ws')}/conversations/${conversation}/stream${end}?t=${open.ticket}`
      const answer = await refusedHandshake(url)
      assert.equal(answer.status, 403, answer.text)
      answers.push(told(answer))
    }
  }
  for (const answer of answers) assert.deepEqual(answer, answers[0])
})

test('a secret of another bot is answered 404 at every operation, the same whether the conversation is there or not', async () => {
  const headers = { authorization: `Bearer ${ada.talk.secret}` }
  for (const door of clientDoors.filter(({ keys }) => keys.includes('secret'))) {
    const { path } = door.request(ground)
    const answers = []
    for (const conversation of [open.talk.conversation, other.talk.conversation, 'neverHeardOf0000000001']) {
      const answer = await knock(door, ground, {
        key: null,
        headers,
        path: path.replace(open.talk.conversation, conversation),
      })
      assert.equal(answer.status, 404, `${door.route}: ${answer.text}`)
      answers.push(told(answer))
    }
    for (const answer of answers) assert.deepEqual(answer, answers[0], door.route)
  }
})

test('nothing of all this has reached anybody', async () => {
  for (const { talk } of [open, other, ada]) {
    const texts = (await readLog(talk)).map(({ text }) => text)
    assert.equal(texts.includes('hello'), false)
  }
})
