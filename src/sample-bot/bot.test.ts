/**
 * The sample bot against a connector that writes down what it is sent: a server of its own on a free port.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { test } from 'node:test'
import { type SampleBot, startSampleBot } from './bot.ts'
import { drawPicture } from './picture.ts'

type Sent = { readonly method: string; readonly path: string; readonly body: Body }
type Body = {
  readonly type?: string
  readonly name?: string
  readonly text: string
  readonly value?: unknown
  readonly attachments: readonly { readonly contentType: string; readonly name?: string }[]
  readonly suggestedActions: { readonly actions: readonly { readonly value: string }[] }
  readonly originalBase64: string
}

/** A connector: answers like one, with an id for everything, and holds one file. */
async function startConnector(statuses: { [path: string]: number } = {}) {
  const sent: Sent[] = []
  const server = createServer(async (request, response) => {
    const path = request.url ?? ''
    if (request.method === 'GET') {
      response.writeHead(path === '/files/note.txt' ? 200 : 404).end('a note')
      return
    }
    sent.push({ method: request.method ?? '', path, body: (await json(request)) as Body })
    response.writeHead(statuses[path] ?? 200, { 'content-type': 'application/json' }).end(`{"id":"${sent.length}"}`)
    server.emit('sent')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    origin,
    sent,
    /** The first `count` things sent. */
    async first(count: number): Promise<readonly Sent[]> {
      const signal = AbortSignal.timeout(5_000)
      while (sent.length < count) await once(server, 'sent', { signal })
      return sent.slice(0, count)
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

const bot = { id: 'bot', name: 'Bot' }
const user = { id: 'u1', name: 'Uma' }

async function post(to: SampleBot, serviceUrl: string, activity: object): Promise<number> {
  const response = await fetch(to.endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      id: 'c1|0000001',
      conversation: { id: 'c1' },
      from: user,
      recipient: bot,
      serviceUrl: `${serviceUrl}/`,
      ...activity,
    }),
  })
  return response.status
}

test('greets who joins, and does not greet itself', async () => {
  await using connector = await startConnector()
  await using sample = await startSampleBot()
  assert.equal(await post(sample, connector.origin, { type: 'conversationUpdate', membersAdded: [bot] }), 200)
  assert.equal(await post(sample, connector.origin, { type: 'conversationUpdate', membersAdded: [bot, user] }), 200)
  const [greeting] = await connector.first(1)
  assert.equal(greeting?.path, '/v3/conversations/c1/activities')
  assert.match(greeting?.body.text ?? '', /^Hello!/)
  assert.deepEqual(
    greeting?.body.suggestedActions.actions.map(action => action.value),
    ['card', 'suggest', 'type', 'picture'],
  )
  assert.equal(connector.sent.length, 1)
})

test('repeats what is said, as an answer from the bot to the user', async () => {
  await using connector = await startConnector()
  await using sample = await startSampleBot()
  await post(sample, connector.origin, { type: 'message', text: 'constructor', locale: 'de' })
  const [echo] = await connector.first(1)
  assert.deepEqual(echo, {
    method: 'POST',
    path: '/v3/conversations/c1/activities/c1%7C0000001',
    body: {
      type: 'message',
      text: 'You said: constructor',
      inputHint: 'acceptingInput',
      textFormat: 'plain',
      from: bot,
      recipient: user,
      conversation: { id: 'c1' },
      replyToId: 'c1|0000001',
      locale: 'de',
    },
  })
})

test('sends cards, suggestions, events and what a card was filled in with', async () => {
  await using connector = await startConnector()
  await using sample = await startSampleBot()
  await post(sample, connector.origin, { type: 'message', text: ' Card ' })
  await post(sample, connector.origin, { type: 'message', text: 'suggest' })
  await post(sample, connector.origin, { type: 'event', name: 'ping', value: { deep: [1] } })
  await post(sample, connector.origin, { type: 'message', value: { note: 'x' } })
  const [cards, suggestions, event, submitted] = await connector.first(4)
  assert.deepEqual(
    cards?.body.attachments.map(attachment => attachment.contentType),
    ['application/vnd.microsoft.card.adaptive', 'application/vnd.microsoft.card.hero'],
  )
  assert.equal(suggestions?.body.suggestedActions.actions.length, 3)
  assert.deepEqual([event?.body.type, event?.body.name, event?.body.value], ['event', 'ping', { deep: [1] }])
  assert.equal(submitted?.body.text, 'You submitted: {"note":"x"}')
})

test('types before it speaks, and keeps what comes meanwhile for later', async () => {
  await using connector = await startConnector()
  await using sample = await startSampleBot()
  await post(sample, connector.origin, { type: 'message', text: 'type' })
  await post(sample, connector.origin, { type: 'message', text: 'next' })
  const [typing, typed, next] = await connector.first(3)
  assert.equal(typing?.body.type, 'typing')
  assert.match(typed?.body.text ?? '', /second to type/)
  assert.equal(next?.body.text, 'You said: next')
})

test('uploads a picture that it has drawn and points to it', async () => {
  await using connector = await startConnector()
  await using sample = await startSampleBot()
  await post(sample, connector.origin, { type: 'message', text: 'picture' })
  const [upload, message] = await connector.first(2)
  assert.equal(upload?.path, '/v3/conversations/c1/attachments')
  assert.deepEqual(Buffer.from(upload?.body.originalBase64 ?? '', 'base64'), Buffer.from(drawPicture()))
  assert.deepEqual(message?.body.attachments, [
    {
      contentType: 'image/png',
      contentUrl: `${connector.origin}/v3/attachments/1/views/original`,
      name: 'picture.png',
    },
  ])
})

test('reports the files it is sent, and opens none that is kept elsewhere', async () => {
  await using connector = await startConnector()
  await using elsewhere = await startConnector()
  await using sample = await startSampleBot()
  const attachments = [
    { contentType: 'text/plain', contentUrl: `${connector.origin}/files/note.txt`, name: 'note.txt' },
    { contentType: 'text/plain', contentUrl: `${elsewhere.origin}/files/note.txt`, name: 'secret.txt' },
    { contentType: 'image/png', contentUrl: 'data:image/png;base64,AAAA', name: 'dot.png' },
    { contentType: 'application/vnd.microsoft.card.hero', content: {} },
  ]
  await post(sample, connector.origin, { type: 'message', attachments })
  const [report] = await connector.first(1)
  assert.equal(
    report?.body.text,
    'You sent: note.txt, text/plain, 6 bytes\nsecret.txt, text/plain, not kept here\n' +
      'dot.png, image/png, 3 bytes\na file without a name, application/vnd.microsoft.card.hero, not kept here',
  )
  assert.deepEqual(
    report?.body.attachments.map(attachment => attachment.name),
    ['dot.png'],
  )
})

test('goes on when the connector refuses it or is not there, and says so to whoever started it', async () => {
  const faults: string[] = []
  const both = Promise.withResolvers<void>()
  const onFault = (error: unknown) => {
    if (faults.push(String(error)) === 2) both.resolve()
  }
  await using connector = await startConnector({ '/v3/conversations/bad/activities': 500 })
  await using sample = await startSampleBot({ onFault })
  assert.equal(
    await post(sample, connector.origin, { type: 'message', text: 'a', id: undefined, conversation: { id: 'bad' } }),
    200,
  )
  assert.equal(await post(sample, 'http://127.0.0.1:9', { type: 'message', text: 'b' }), 200)
  await post(sample, connector.origin, { type: 'message', text: 'c' })
  const [, echo] = await connector.first(2)
  assert.equal(echo?.body.text, 'You said: c')
  await both.promise
  assert.match(faults.join(), /\/v3\/conversations\/bad\/activities was answered 500/)
})

test('refuses what is no turn, and answers an invoke as a bot that knows none', async () => {
  await using connector = await startConnector()
  await using sample = await startSampleBot()
  const status = async (url: string, init: RequestInit) => (await fetch(url, init)).status
  assert.equal(await post(sample, connector.origin, { type: 'invoke', name: 'x' }), 501)
  assert.equal(await post(sample, 'file:///etc', { type: 'message', text: 'a' }), 400)
  assert.equal(await post(sample, connector.origin, { type: 'message', text: 'a', conversation: null }), 400)
  assert.equal(await status(sample.endpoint, { method: 'POST', body: '{' }), 400)
  assert.equal(await status(sample.endpoint, { method: 'POST', body: 'x'.repeat(2_000_000) }), 413)
  assert.equal(await status(sample.endpoint, {}), 404)
  const guessed = new URL('/api/messages', sample.endpoint).href
  assert.equal(await status(guessed, { method: 'POST', body: '{}' }), 404)
  assert.deepEqual(connector.sent, [])
})

test('stops at once, even while it types', { timeout: 900 }, async () => {
  await using connector = await startConnector()
  const faults: unknown[] = []
  {
    await using sample = await startSampleBot({ onFault: error => faults.push(error) })
    await post(sample, connector.origin, { type: 'message', text: 'type' })
    await connector.first(1)
  }
  assert.deepEqual(faults, [])
})
