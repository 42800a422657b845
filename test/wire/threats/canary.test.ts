/**
 * A listener that nobody has a reason to call: whatever address of it is written into whatever field, header, token or
 * answer, by client or bot, the service opens no connection to it.
 */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { after, test } from 'node:test'
import { call } from '../../support/http.ts'
import { hmacJwt, signedJwt } from '../../support/jwt.ts'
import { botSays } from '../../support/talk.ts'
import { activityPart, filePart, formOf, upload } from '../direct-line-v3/form.ts'
import { doors } from './doors.ts'
import { startGround } from './ground.ts'
import { isNoFault, knock } from './knock.ts'

let visits = 0
const canary = createServer(socket => {
  visits += 1
  socket.destroy()
})
canary.listen(0, '127.0.0.1')
await once(canary, 'listening')
const { port } = canary.address() as AddressInfo
const url = `http://127.0.0.1:${port}/picture.png`
const asWritten = [
  url,
  `//127.0.0.1:${port}/x`,
  `http://localhost:${port}/x`,
  `http://2130706433:${port}/`,
  `HTTP://127.1:${port}`,
]

/** What the bots answer to a message: a way elsewhere, or replies full of addresses. */
let answer: { status: number; headers?: Record<string, string>; body?: string } = { status: 200 }
const bot = {
  answer: ({ type }: { readonly type?: string }) => (type === 'message' || type === 'Message' ? answer : 200),
}
const ground = await startGround({ bot, oldBot: bot, expectReplies: true })
after(async () => {
  await ground[Symbol.asyncDispose]()
  canary.close()
})
const { app, open, ada, old } = ground

/** An activity with an address in every field that could name one. */
const full = (address: string) => ({
  type: 'message',
  text: `<img src="${address}"> ![x](${address}) ${address}`,
  speak: `<speak><audio src="${address}"/></speak>`,
  serviceUrl: address,
  attachments: [
    { contentType: 'image/png', contentUrl: address, thumbnailUrl: address, name: address },
    {
      contentType: 'application/vnd.microsoft.card.hero',
      content: {
        images: [{ url: address }],
        tap: { type: 'openUrl', value: address },
        buttons: [{ type: 'openUrl', value: address, image: address }],
      },
    },
    {
      contentType: 'application/vnd.microsoft.card.adaptive',
      content: {
        type: 'AdaptiveCard',
        $schema: address,
        body: [{ type: 'Image', url: address }],
        backgroundImage: address,
      },
    },
    {
      contentType: 'application/vnd.microsoft.card.oauth',
      content: {
        connectionName: 'x',
        tokenExchangeResource: { uri: address },
        buttons: [{ type: 'signin', value: address }],
      },
    },
    {
      contentType: 'application/vnd.microsoft.card.audio',
      content: { media: [{ url: address }], image: { url: address } },
    },
  ],
  entities: [{ type: 'x', '@context': address, url: address }],
  channelData: { url: address, callbackUrl: address, webhook: address, notification: { href: address } },
  value: { $ref: address },
  relatesTo: { serviceUrl: address, conversation: { id: 'x' } },
  suggestedActions: { actions: [{ type: 'openUrl', title: 'x', value: address, image: address }] },
  semanticAction: { id: address, entities: { a: { url: address } } },
})

test('not for what clients write into activities, messages and forms', async () => {
  for (const address of asWritten) {
    for (const { talk } of [open, ada, old]) {
      const { status, text } = await call(`${talk.address}/activities`, { bearer: talk.token, json: full(address) })
      assert.ok(status === 200, text)
      const form = formOf([activityPart(full(address)), filePart('a.txt', address), filePart(address, 'A')])
      assert.equal((await upload(talk, form)).status, 200)
      const message = { text: address, images: [address], attachments: [{ url: address, contentType: 'image/png' }] }
      const posted = await call(`${talk.address.replace('/v3/directline/', '/api/')}/messages`, {
        bearer: talk.token,
        json: message,
      })
      assert.equal(posted.status, 204, posted.text)
    }
  }
})

test('not for what bots write, whichever way', async () => {
  for (const address of asWritten) {
    await botSays(open.talk, full(address))
    const said = await call(`${ada.talk.connector}/activities`, { bearer: ground.botToken, json: full(address) })
    assert.equal(said.status, 200, said.text)
    const posted = await call(`${app.origin}/bot/v1.0/messages`, {
      headers: { authorization: ground.oldBasic },
      json: {
        conversationId: old.talk.conversation,
        text: address,
        attachments: [{ contentType: 'image/png', contentUrl: address, thumbnailUrl: address, titleLink: address }],
      },
    })
    assert.equal(posted.status, 200, posted.text)
    answer = {
      status: 200,
      headers: { 'content-type': 'application/json', location: address, link: `<${address}>; rel=preload` },
      body: JSON.stringify({ activities: [full(address)], text: address }),
    }
    for (const { talk } of [ada, old]) {
      const { status, text } = await call(`${talk.address}/activities`, {
        bearer: talk.token,
        json: { type: 'message', text: 'x' },
      })
      assert.equal(status, 200, text)
    }
    answer = { status: 200 }
  }
})

test('not when a bot sends the service elsewhere, with whatever status', async () => {
  for (const status of [201, 300, 301, 302, 303, 304, 305, 307, 308, 401, 407, 426]) {
    answer = {
      status,
      headers: {
        location: url,
        'content-location': url,
        refresh: `0; url=${url}`,
        'www-authenticate': `Bearer realm="${url}"`,
        'alt-svc': `h2="127.0.0.1:${port}"`,
      },
    }
    for (const { talk } of [open, ada, old]) {
      const posted = await call(`${talk.address}/activities`, {
        bearer: talk.token,
        json: { type: 'message', text: 'x' },
      })
      assert.ok(status === 201 ? posted.status === 200 || posted.status === 502 : posted.status === 502, posted.text)
    }
  }
  answer = { status: 200 }
})

test('not for where a token says that its key is, at any door', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const header = { typ: 'JWT', kid: url, jku: url, x5u: url, jwk: { kty: 'oct', k: 'YQ' }, x5c: [url] }
  const claims = {
    iss: url,
    aud: 'https://api.botframework.com',
    appid: 'aaaaaaaa-0000-4000-8000-00000000000a',
    serviceurl: url,
    exp: Math.floor(Date.now() / 1000) + 600,
  }
  const tokens = [
    signedJwt({ ...header, alg: 'RS256' }, claims, privateKey),
    hmacJwt({ ...header, alg: 'HS256' }, claims, 'key'),
  ]
  for (const door of doors) {
    for (const token of tokens) {
      const { status } = await knock(door, ground, { key: null, headers: { authorization: `Bearer ${token}` } })
      assert.ok(isNoFault(status), door.route)
    }
  }
})

test('not for what headers and queries say', async () => {
  const host = `127.0.0.1:${port}`
  const headers = {
    ...{
      host,
      origin: `http://${host}`,
      referer: url,
      forwarded: `host=${host}`,
      'x-forwarded-host': host,
      'x-forwarded-for': host,
    },
    ...{
      'x-original-url': url,
      'x-rewrite-url': url,
      'x-ms-service-url': url,
      destination: url,
      callback: url,
      link: `<${url}>`,
    },
  }
  for (const door of doors) {
    // The order of doors that spoil the ground does not matter here: nothing may come of any.
    const { path } = door.request(ground)
    const query = ['url', 'uri', 'src', 'callback', 'redirect_uri', 'serviceUrl', 'domain', 'next', 'webhook']
      .map(name => `${name}=${encodeURIComponent(url)}`)
      .join('&')
    const { status } = await knock(door, ground, { headers, path: `${path}${path.includes('?') ? '&' : '?'}${query}` })
    assert.ok(isNoFault(status), `${door.route}: ${status}`)
  }
})

test('nobody has called', async () => {
  // Whatever is done in the background has been asked for by now: what comes after it is done too.
  assert.equal((await call(`${app.origin}/health`)).status, 200)
  assert.equal(visits, 0)
})
