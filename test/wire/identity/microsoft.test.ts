/**
 * Bots that stay registered with Microsoft: what they are shown comes from Entra, and so does what they show.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { ada, askToken, ben, shownTo } from '../../support/bot-tokens.ts'
import { message, post, readLog, say } from '../../support/direct-line.ts'
import { startEntra, type TestEntra, tenantId } from '../../support/entra.ts'
import { call } from '../../support/http.ts'
import { altered, makeRsaKey, readJwt, signedJwt } from '../../support/jwt.ts'
import { assertConnectorRefused, assertTaken, openTalk, type Talk } from '../../support/talk.ts'

const json = { type: 'message', text: 'from the bot' }

/** A talk with a bot that is registered at an Entra of the test's own. */
async function startRegistered(): Promise<Talk & { readonly entra: TestEntra } & AsyncDisposable> {
  const entra = await startEntra(ada)
  const bot = await startBot()
  const app = await startApp({
    bot: bot.url,
    botSettings: { app: ada, authority: 'microsoft', tenant: 'contoso.example' },
    settings: { entraUrl: entra.url },
  })
  const talk = await openTalk(app, bot)
  return {
    ...talk,
    entra,
    async [Symbol.asyncDispose]() {
      await bot[Symbol.asyncDispose]()
      await app[Symbol.asyncDispose]()
      await entra[Symbol.asyncDispose]()
    },
  }
}

test('shows a token that Entra has issued to the bot’s app for itself, and asks for it once', async () => {
  await using talk = await startRegistered()
  await Promise.all([say(talk, 'one'), say(talk, 'two'), say(talk, 'three')])
  const shown = new Set(talk.bot.requests.map(({ headers }) => headers.authorization))
  assert.equal(shown.size, 1)
  assert.equal(readJwt(shownTo(talk.bot).slice(7)).claims['aud'], ada.id)
  assert.equal(talk.entra.forms.length, 1)
  assert.equal(talk.entra.forms[0]?.get('scope'), `${ada.id}/.default`)
  assert.equal(talk.serviceUrl, `${talk.app.origin}/`)
})

test('has a new one before the old one ends, and lives on the old one while Entra is down', async () => {
  await using talk = await startRegistered()
  const ofSecret = { ...talk, token: talk.secret }
  const first = shownTo(talk.bot)
  talk.entra.fail(503)
  talk.app.advanceClock(56 * 60_000)
  await say(ofSecret, 'hello')
  assert.equal(shownTo(talk.bot), first)
  talk.entra.fail(undefined)
  // Asked for anew in the background, and no more often than once a second.
  for (let tried = 0; shownTo(talk.bot) === first; tried += 1) {
    assert.ok(tried < 50, 'the bot is shown a new token at last')
    talk.app.advanceClock(1_000)
    await say(ofSecret, 'hello again')
  }
  assert.equal(talk.entra.forms.length, 2)
})

test('fails a turn that it has no token for, in words, keeps the message, and recovers', async () => {
  await using talk = await startRegistered()
  talk.entra.fail(503)
  talk.app.advanceClock(2 * 60 * 60_000)
  const ofSecret = { ...talk, token: talk.secret }
  const { status, body } = await post(ofSecret, message('hello'))
  assert.equal(status, 502)
  assert.equal(body.error?.code, 'BotError')
  assert.equal(
    body.error?.message,
    'Failed to send activity: there is no credential to show the bot (Entra answered 503 (temporarily_unavailable)).',
  )
  assert.deepEqual(talk.bot.of(talk.conversation, 'message'), [])
  assert.ok(talk.app.events.some(({ event }) => event === 'turnFailed'))
  talk.entra.fail(undefined)
  talk.app.advanceClock(2_000)
  await say(ofSecret, 'hello again')
  assert.deepEqual(
    (await readLog(ofSecret)).map(({ text }) => text),
    ['hello', 'hello again'],
  )
})

test('takes the bot’s calls with Entra’s tokens, of either version and for either audience', async () => {
  await using talk = await startRegistered()
  const { entra } = talk
  const v2 = { iss: `${entra.url}/${tenantId}/v2.0`, ver: '2.0', appid: undefined }
  for (const change of [{}, { aud: ada.id }, { ...v2, azp: ada.id }, { ...v2, azp: ada.id, aud: ada.id }]) {
    const bearer = entra.sign(entra.claims(ada.id, change))
    assertTaken(await call(`${talk.connector}/activities`, { json, bearer }))
  }
})

test('refuses every other token, of Entra or not', async () => {
  await using talk = await startRegistered()
  const { entra } = talk
  const genuine = entra.sign(entra.claims(ada.id))
  assertTaken(await call(`${talk.connector}/activities`, { json, bearer: genuine }))
  const foreign = '99999999-2222-3333-4444-555555555555'
  const past = Math.floor(Date.now() / 1000) - 120
  const forged: Readonly<Record<string, string>> = {
    'of another app': entra.sign(entra.claims(ben.id)),
    'of another app for this one': entra.sign(entra.claims(ben.id, { aud: ada.id })),
    'for another audience': entra.sign(entra.claims(ada.id, { aud: 'https://graph.microsoft.com' })),
    'for a list of audiences': entra.sign(entra.claims(ada.id, { aud: [ada.id] })),
    'of another tenant': entra.sign(entra.claims(ada.id, { tid: foreign, iss: `https://sts.windows.net/${foreign}/` })),
    'of a person who signed in to the app': entra.sign(entra.claims(ada.id, { scp: 'user_impersonation' })),
    'of version 2 with the app in the wrong place': entra.sign(entra.claims(ada.id, { ver: '2.0' })),
    expired: entra.sign(entra.claims(ada.id, { exp: past })),
    'without an end': entra.sign(entra.claims(ada.id, { exp: undefined })),
    'of the future': entra.sign(entra.claims(ada.id, { nbf: past + 600 })),
    'changed since': altered(genuine, { claims: { exp: past + 9_999 } }),
    'signed by another key': signedJwt(readJwt(genuine).header, entra.claims(ada.id), makeRsaKey().privateKey),
    "a client's": talk.token,
  }
  for (const [what, bearer] of Object.entries(forged)) {
    const answer = await call(`${talk.connector}/activities`, { json, bearer })
    assert.equal(answer.status, 401, `${what}: ${answer.text}`)
  }
  assertConnectorRefused(await call(`${talk.connector}/activities`, { json }), 401, 'Unauthorized')
})

test('answers 503 to a bot whose token it can’t verify now, and asks Entra nothing about strangers’', async () => {
  await using talk = await startRegistered()
  const { entra } = talk
  const asked = entra.asked.length
  for (const bearer of [entra.sign(entra.claims(ben.id)), talk.token, 'x'])
    assert.equal((await call(`${talk.connector}/members`, { bearer })).status, 401)
  assert.equal(entra.asked.length, asked)
  entra.fail(500)
  const { status, headers } = await call(`${talk.connector}/members`, { bearer: entra.sign(entra.claims(ada.id)) })
  assert.equal(status, 503)
  assert.ok(headers['retry-after'])
})

test('issues no token of its own to such a bot, and takes none', async () => {
  await using talk = await startRegistered()
  assert.equal((await askToken(talk.app.origin, ada)).status, 401)
  assert.equal(await talk.app.store.setting('signing keys'), undefined)
})

test('does not start with an Entra that could be overheard', async () => {
  const botSettings = { app: ada, authority: 'microsoft' } as const
  await assert.rejects(startApp({ botSettings, settings: { entraUrl: 'http://login.example.org' } }), /https/)
  await using app = await startApp({ settings: { entraUrl: 'http://login.example.org' } })
  assert.ok(app.origin)
})
