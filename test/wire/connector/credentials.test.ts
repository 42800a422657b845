/**
 * Bots with an app id: what they are shown, and that they reach their own conversations by a genuine token of theirs
 * and nobody else does, whatever he shows.
 */
import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openKeys } from '../../../src/adapters/system/keys.ts'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { ada, ben, publishedKeys, shownTo, startAdasTalk, startTwo, tokenOf } from '../../support/bot-tokens.ts'
import { message, post, readLog, say } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { type Call, call } from '../../support/http.ts'
import {
  altered,
  hmacJwt,
  isSignedBy,
  makeRsaKey,
  publicKeyOf,
  readJwt,
  signedJwt,
  unsignedJwt,
} from '../../support/jwt.ts'
import { assertConnectorRefused, assertTaken, openTalk, type Talk } from '../../support/talk.ts'

const json = { type: 'message', text: 'from the bot' }
const operations = (conversation: string, activity: string): readonly (readonly [string, Call])[] => [
  [`conversations/${conversation}/activities`, { json }],
  [`conversations/${conversation}/activities/${activity}`, { json }],
  [`conversations/${conversation}/activities/${activity}`, { method: 'PUT', json }],
  [`conversations/${conversation}/activities/${activity}`, { method: 'DELETE' }],
  [`conversations/${conversation}/activities/history`, { json: { activities: [json] } }],
  [`conversations/${conversation}/members`, {}],
  [`conversations/${conversation}/members/u1`, { method: 'DELETE' }],
  [`conversations/${conversation}/pagedmembers`, {}],
  [`conversations/${conversation}/attachments`, { json: { type: 'text/plain', originalBase64: 'YQ==' } }],
  [`botstate/directline/conversations/${conversation}`, {}],
]
const texts = async (talk: Talk) => (await readLog(talk)).map(({ text }) => text)

test('shows each turn a token of exactly the claims SDKs want, for exactly the serviceUrl it sends', async () => {
  await using talk = await startAdasTalk()
  await say(talk, 'hello')
  const [key] = await publishedKeys(talk.app.origin)
  assert.equal(talk.bot.requests.length, 2)
  for (const { headers, activity } of talk.bot.requests) {
    const token = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1] ?? ''
    assert.ok(isSignedBy(token, key ?? {}))
    const { header, claims } = readJwt(token)
    assert.deepEqual(header, { alg: 'RS256', typ: 'JWT', kid: key?.['kid'] })
    const { iat, nbf, exp, ...rest } = claims
    assert.deepEqual(rest, {
      iss: `${talk.app.origin}/landline/v2.0`,
      aud: ada.id,
      serviceurl: activity.serviceUrl,
    })
    assert.equal(Number(exp) - Number(iat), 600)
    assert.ok(Number(nbf) <= Number(iat))
    assert.equal(activity.serviceUrl, `${talk.app.origin}/`)
  }
})

test('shows the same token until a few minutes before its end, then another, and never one that is late', async () => {
  await using talk = await startAdasTalk()
  const ofSecret = { ...talk, token: talk.secret }
  const shown: string[] = []
  for (let minute = 0; minute < 40; minute += 1) {
    await say(ofSecret, `at ${minute}`)
    shown.push(shownTo(talk.bot))
    const { exp } = readJwt(shownTo(talk.bot).slice(7)).claims
    const leftMs = Number(exp) * 1000 - (Date.now() + minute * 60_000)
    assert.ok(leftMs > 55_000 && leftMs <= 601_000, `at ${minute}: ${leftMs} ms left`)
    talk.app.advanceClock(60_000)
  }
  assert.ok(new Set(shown).size <= 10, `${new Set(shown).size} tokens`)
  talk.app.advanceClock(60 * 60_000)
  await say(ofSecret, 'an hour later')
  assert.ok(!shown.includes(shownTo(talk.bot)))
})

test('says its tenant and the public address, whatever path that has', async () => {
  const settings = { publicUrl: 'http://localhost:1/line/' }
  await using talk = await startAdasTalk({ app: { settings }, bot: { tenant: 'shop-7' } })
  assert.equal(talk.serviceUrl, 'http://localhost:1/line/')
  const { claims } = readJwt(shownTo(talk.bot).slice(7))
  assert.equal(claims['serviceurl'], talk.serviceUrl)
  assert.equal(claims['iss'], 'http://localhost:1/line/shop-7/v2.0')
  const token = await tokenOf(talk.app.origin, ada)
  assert.equal(readJwt(token).claims['iss'], 'http://localhost:1/line/shop-7/v2.0')
  const members = `${talk.app.origin}/line/v3/conversations/${talk.conversation}/members`
  assert.equal((await call(members, { bearer: token })).status, 200)
})

test('shows nothing to a bot without an app id, or of no authority, and goes on by the unguessable address', async () => {
  for (const bot of [{ app: undefined }, { authority: 'none' as const }]) {
    await using talk = await startAdasTalk({ bot })
    await say(talk, 'hello')
    assert.deepEqual(
      talk.bot.requests.map(({ headers }) => headers.authorization),
      [undefined, undefined],
    )
    assert.match(talk.serviceUrl, /\/connector\/[\w-]+\/[\w-]{43}\/$/)
    assertTaken(await call(`${talk.connector}/activities`, { json }))
    const bare = `${talk.app.origin}/v3/conversations/${talk.conversation}/activities`
    assertConnectorRefused(await call(bare, { json }), 401, 'Unauthorized')
  }
})

test('lets a bot do everything with its token', async () => {
  await using talk = await startAdasTalk()
  const bearer = await tokenOf(talk.app.origin, ada)
  const id = assertTaken(await call(`${talk.connector}/activities`, { json, bearer }))
  for (const [path, what] of operations(talk.conversation, id)) {
    const { status, text } = await call(`${talk.app.origin}/v3/${path}`, { ...what, bearer })
    assert.equal(status, path.endsWith('history') ? 405 : 200, `${path}: ${text}`)
  }
  assert.equal((await call(`${talk.app.origin}/v3/conversations`, { json: {}, bearer })).status, 405)
})

test('answers 401 at either address to whoever shows no token', async () => {
  await using talk = await startAdasTalk()
  const genuine = await tokenOf(talk.app.origin, ada)
  for (const [path, what] of [
    ...operations(talk.conversation, `${talk.conversation}|0000001`),
    ['conversations', {}],
  ] as const)
    for (const authorization of [
      undefined,
      '',
      'Bearer',
      'Bearer ',
      `Basic ${btoa(`${ada.id}:${ada.password}`)}`,
      genuine,
    ]) {
      const headers = authorization === undefined ? {} : { authorization }
      assertConnectorRefused(await call(`${talk.app.origin}/v3/${path}`, { ...what, headers }), 401, 'Unauthorized')
    }
  assert.deepEqual(await readLog(talk), [])
})

/** Every token that is none of the bot's, and why. */
async function forgeries(talk: Talk): Promise<Readonly<Record<string, string>>> {
  const { origin } = talk.app
  const genuine = await tokenOf(origin, ada)
  const { header, claims } = readJwt(genuine)
  const [jwk] = await publishedKeys(origin)
  const pem = publicKeyOf(jwk ?? {}).export({ type: 'spki', format: 'pem' })
  const { privateKey, publicKey } = makeRsaKey()
  return {
    'signed by another key under the same kid': signedJwt(header, claims, privateKey),
    'signed by a key that came along': signedJwt(
      { ...header, jwk: publicKey.export({ format: 'jwk' }) },
      claims,
      privateKey,
    ),
    'signed by a key to be fetched': signedJwt(
      { ...header, jku: `${origin}/landline/discovery/keys` },
      claims,
      privateKey,
    ),
    'of an unknown kid': signedJwt({ ...header, kid: 'nobody' }, claims, privateKey),
    'without a signature': unsignedJwt({ ...header, alg: 'none' }, claims),
    'with its signature cut off': genuine.replace(/[^.]*$/, ''),
    'an HMAC with the public key': hmacJwt({ ...header, alg: 'HS256' }, claims, pem),
    'that says it lasts longer': altered(genuine, { claims: { exp: 4_000_000_000 } }),
    'what the bot itself was shown': shownTo(talk.bot).replace('Bearer ', ''),
    'what the bot itself was shown, with an app id': altered(shownTo(talk.bot).slice(7), { claims: { appid: ada.id } }),
    "a client's token": talk.token,
    "a client's secret": talk.secret,
    'the app password': ada.password,
    'far too long': `${genuine}${'A'.repeat(5_000)}`,
    'not a token': 'x',
  }
}

test('answers 401 to every token that is none of the bot’s', async () => {
  await using talk = await startAdasTalk()
  for (const [what, bearer] of Object.entries(await forgeries(talk))) {
    const answer = await call(`${talk.connector}/activities`, { json, bearer })
    assert.equal(answer.status, 401, `${what}: ${answer.text}`)
    assertConnectorRefused(answer, 401, 'Unauthorized')
  }
  assert.deepEqual(await readLog(talk), [])
})

/** Signs whatever a test wants with the key the service signs with: it lies sealed in the store of this folder. */
async function ownSigner(talk: Talk, dir: string): Promise<(claims: Readonly<Record<string, unknown>>) => string> {
  const master = Buffer.from(await readFile(join(dir, 'master.key'), 'utf8'), 'base64')
  const sealed = (await talk.app.store.setting('signing keys')) ?? ''
  const [{ id, secret }] = JSON.parse(openKeys(master).unseal(sealed) ?? '') as [{ id: string; secret: string }]
  const key = createPrivateKey({ key: JSON.parse(secret), format: 'jwk' })
  return claims => signedJwt({ alg: 'RS256', typ: 'JWT', kid: id }, claims, key)
}

test('answers 401 even to what its own key has signed, where that is not for this bot, for here and for now', async () => {
  await using folder = await makeFolder()
  await using talk = await startAdasTalk({ app: { dir: folder.path } })
  const { claims } = readJwt(await tokenOf(talk.app.origin, ada))
  const sign = await ownSigner(talk, folder.path)
  const now = Math.floor(Date.now() / 1000)
  const status = async (change: Readonly<Record<string, unknown>>) =>
    (await call(`${talk.connector}/members`, { bearer: sign({ ...claims, ...change }) })).status
  for (const change of [
    { iss: `${talk.app.origin}/adfs/v2.0` },
    { iss: `${talk.app.origin}/landline/v2.0/` },
    { iss: 'https://api.botframework.com' },
    { iss: undefined },
    { aud: 'https://graph.microsoft.com' },
    { aud: ben.id },
    { aud: [ada.id] },
    { aud: undefined },
    { appid: ben.id },
    { appid: undefined },
    { appid: undefined, azp: ada.id },
    { appid: [ada.id] },
    { exp: now - 70 },
    { exp: undefined },
    { exp: `${now + 600}` },
    { nbf: now + 70 },
    { nbf: 'now' },
  ])
    assert.equal(await status(change), 401, JSON.stringify(change))
  for (const change of [{}, { aud: ada.id }, { exp: now - 50 }, { nbf: now + 50 }, { nbf: undefined }, { ver: '2.0' }])
    assert.equal(await status(change), 200, JSON.stringify(change))
})

test('asks a bot that has got an app id since for its token beside the unguessable address it kept', async () => {
  await using folder = await makeFolder()
  await using bot = await startBot()
  const options = { dir: folder.path, bot: bot.url }
  const before = await startApp(options)
  const talk = await openTalk(before, bot)
  assertTaken(await call(`${talk.connector}/activities`, { json }))
  await before.stop()
  await using app = await startApp({ ...options, port: before.port, botSettings: { app: ada } })
  const bearer = await tokenOf(app.origin, ada)
  assertConnectorRefused(await call(`${talk.connector}/activities`, { json }), 401, 'Unauthorized')
  assertConnectorRefused(await call(`${talk.connector}/activities`, { json, bearer: talk.token }), 401, 'Unauthorized')
  assertTaken(await call(`${talk.connector}/activities`, { json, bearer }))
  const wrong = talk.connector.replace(talk.mark, 'x'.repeat(43))
  assertConnectorRefused(await call(`${wrong}/activities`, { json, bearer }), 403, 'Forbidden')
  assert.deepEqual(await texts(talk), ['from the bot', 'from the bot'])
})

test('takes a token until a minute after its end, also one it has seen before', async () => {
  await using talk = await startAdasTalk()
  const bearer = await tokenOf(talk.app.origin, ada)
  const read = async () => (await call(`${talk.connector}/members`, { bearer })).status
  assert.equal(await read(), 200)
  talk.app.advanceClock(3_600_000 + 50_000)
  assert.equal(await read(), 200)
  talk.app.advanceClock(20_000)
  assert.equal(await read(), 401)
})

test('answers 403 to a bot that names a conversation of another, and 404 where there is none', async () => {
  await using two = await startTwo()
  const { app, first, second } = two
  const bearer = await tokenOf(app.origin, ben)
  for (const [path, what] of operations(first.conversation, `${first.conversation}|0000001`)) {
    assertConnectorRefused(await call(`${app.origin}/v3/${path}`, { ...what, bearer }), 403, 'Forbidden')
  }
  for (const nowhere of ['A'.repeat(22), '%20', 'x'.repeat(60)]) {
    const answer = await call(`${app.origin}/v3/conversations/${nowhere}/activities`, { json, bearer })
    assertConnectorRefused(answer, 404, 'ConversationNotFound')
  }
  assertTaken(await call(`${second.connector}/activities`, { json, bearer }))
  assert.deepEqual([await texts(first), await texts(second)], [[], ['from the bot']])
})

test('keeps a bot with a token out of conversations of one without, and the other way round', async () => {
  await using two = await startTwo([{ app: ada }, {}])
  const { app, first, second } = two
  const bearer = await tokenOf(app.origin, ada)
  const bare = `${app.origin}/v3/conversations/${second.conversation}/activities`
  assertConnectorRefused(await call(bare, { json, bearer }), 403, 'Forbidden')
  const through = `${second.serviceUrl}v3/conversations/${first.conversation}/activities`
  assertConnectorRefused(await call(through, { json, bearer }), 403, 'Forbidden')
  const around = `${app.origin}/connector/${first.conversation}/${second.mark}/v3/conversations/${first.conversation}`
  assertConnectorRefused(await call(`${around}/activities`, { json, bearer }), 403, 'Forbidden')
  assertTaken(await call(`${second.connector}/activities`, { json, bearer: 'whatever' }))
})

test('two bots of one registration reach the conversations of either', async () => {
  await using two = await startTwo([{ app: ada }, { app: ada }])
  const bearer = await tokenOf(two.app.origin, ada)
  for (const talk of [two.first, two.second]) assertTaken(await call(`${talk.connector}/activities`, { json, bearer }))
})

test('a bot’s token for one tenant is none in another', async () => {
  await using two = await startTwo([
    { app: ada, tenant: 'one' },
    { app: ada, tenant: 'two' },
  ])
  const bearer = await tokenOf(two.app.origin, ada)
  assert.equal((await call(`${two.first.connector}/members`, { bearer })).status, 200)
  assert.equal((await call(`${two.second.connector}/members`, { bearer })).status, 403)
})

test('lists a bot’s conversations by its token alone, and no other’s', async () => {
  await using two = await startTwo()
  const { app, first, second } = two
  const more = await openTalk({ ...app, secret: first.secret }, first.bot, { id: 'u2' })
  const { body } = await call(`${app.origin}/v3/conversations`, { bearer: await tokenOf(app.origin, ada) })
  assert.deepEqual(
    (body['conversations'] as readonly { id: string }[]).map(({ id }) => id),
    [first.conversation, more.conversation].sort(),
  )
  assert.equal(body['continuationToken'], undefined)
  assert.ok(!JSON.stringify(body).includes(second.conversation))
  const wrong = await call(`${app.origin}/v3/conversations?continuationToken=%7C`, {
    bearer: await tokenOf(app.origin, ben),
  })
  assertConnectorRefused(wrong, 400, 'BadArgument')
})

test('keeps data about users for the bot its token names', async () => {
  await using two = await startTwo()
  const url = `${two.app.origin}/v3/botstate/directline/users/u1`
  const bearers = [await tokenOf(two.app.origin, ada), await tokenOf(two.app.origin, ben)] as const
  assert.equal((await call(url, { bearer: bearers[0], json: { data: { seen: 1 }, eTag: '*' } })).status, 200)
  assert.deepEqual((await call(url, { bearer: bearers[0] })).body['data'], { seen: 1 })
  assert.notDeepEqual((await call(url, { bearer: bearers[1] })).body['data'], { seen: 1 })
  assertConnectorRefused(await call(url), 401, 'Unauthorized')
})

test('shows clients a link to what a bot has uploaded and names by its serviceUrl', async () => {
  await using talk = await startAdasTalk()
  const bearer = await tokenOf(talk.app.origin, ada)
  const uploaded = await call(`${talk.connector}/attachments`, {
    bearer,
    json: { type: 'text/plain', name: 'note.txt', originalBase64: btoa('a note') },
  })
  const contentUrl = `${talk.serviceUrl}v3/attachments/${uploaded.body.id}/views/original`
  assert.equal((await call(contentUrl)).text, 'a note')
  const attachments = [{ contentType: 'text/plain', contentUrl }]
  assertTaken(await call(`${talk.connector}/activities`, { bearer, json: { ...json, attachments } }))
  const [said] = await readLog(talk)
  const shown = said?.attachments?.[0]?.contentUrl ?? ''
  assert.match(shown, /\/attachments\/[\w-]+\/[\w-]+\/original\?e=\d+&s=[\w-]{43}$/)
  assert.equal((await call(shown)).text, 'a note')
})

test('shows a token also where the bot answers in its turn', async () => {
  await using talk = await startAdasTalk({ bot: { expectReplies: true } })
  assert.equal((await post(talk, message('hello'))).status, 200)
  assert.match(shownTo(talk.bot), /^Bearer [\w-]+\.[\w-]+\.[\w-]+$/)
})
