/**
 * What the port to Entra promises, against a server that speaks as Entra does.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openEntra } from '../../src/adapters/entra/entra.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import type { Claims } from '../../src/domain/authority-port.ts'
import { ProtocolError } from '../../src/protocol/errors.ts'
import { type EntraOptions, startEntra, type TestEntra, tenantId } from '../support/entra.ts'
import { altered, hmacJwt, makeRsaKey, signedJwt, unsignedJwt } from '../support/jwt.ts'

const app = { tenant: 'contoso.example', id: 'aaaaaaaa-0000-4000-8000-000000000001', password: 'a-password' }

/** Entra, the port to it, and a clock that only a test moves. */
async function setUp(options: EntraOptions = {}) {
  const fake = await startEntra(app, options)
  let nowMs = 0
  const clock = { ...systemClock, monotonicMs: () => nowMs }
  return {
    fake,
    entra: openEntra(fake.url, clock),
    pass: (ms: number) => {
      nowMs += ms
    },
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  }
}

const anybody = () => 'contoso.example'
const isUnavailable = (error: unknown) => error instanceof ProtocolError && error.failure === 'Unavailable'
const keysAsked = (fake: TestEntra) => fake.asked.filter(path => path.endsWith('/keys')).length

describe('Entra: tokens for a bot’s app', () => {
  it('asks for a token of the app for itself, in its tenant', async () => {
    await using world = await setUp()
    const answer = await world.entra.token(app)
    assert.equal(answer.outcome, 'issued')
    assert.equal(answer.outcome === 'issued' && answer.expiresInSeconds, 3599)
    assert.deepEqual(world.fake.asked, ['/contoso.example/oauth2/v2.0/token'])
    assert.deepEqual(Object.fromEntries(world.fake.forms[0] ?? []), {
      grant_type: 'client_credentials',
      client_id: app.id,
      client_secret: app.password,
      scope: `${app.id}/.default`,
    })
  })

  it('says why there is none, and never with what Entra says beside its code', async () => {
    await using world = await setUp()
    const answer = await world.entra.token({ ...app, password: 'wrong' })
    assert.deepEqual(answer, { outcome: 'refused', reason: 'Entra answered 401 (invalid_client)' })
  })

  it('takes nothing for a token that is none', async () => {
    for (const body of ['{}', '[]', 'no', '', '{"access_token":"x"}', '{"access_token":1,"expires_in":60}', 'null']) {
      await using world = await setUp({ onToken: () => ({ status: 200, body }) })
      assert.equal((await world.entra.token(app)).outcome, 'refused', body)
    }
  })

  it('reads no answer without an end', async () => {
    await using world = await setUp({ onToken: () => ({ status: 200, body: `{"x":"${'x'.repeat(300_000)}"}` }) })
    assert.deepEqual(await world.entra.token(app), {
      outcome: 'refused',
      reason: 'Entra was asked in vain: its answer is too long',
    })
  })

  it('takes the password nowhere else, whatever Entra says of where to ask', async () => {
    await using elsewhere = await startEntra(app)
    const location = `${elsewhere.url}/contoso.example/oauth2/v2.0/token`
    for (const status of [302, 307, 308]) {
      await using world = await setUp({ onToken: () => ({ status, body: '{}', location }) })
      assert.equal((await world.entra.token(app)).outcome, 'refused')
    }
    assert.deepEqual(elsewhere.asked, [])
  })

  it('does not reject when nobody is there', async () => {
    const answer = await openEntra('http://127.0.0.1:9', systemClock).token(app)
    assert.equal(answer.outcome, 'refused')
  })

  it('is asked over https but on this machine', () => {
    for (const url of [
      'http://login.example.org',
      'http://127.0.0.1.example.org',
      'http://10.0.0.1',
      'ftp://localhost',
    ])
      assert.throws(() => openEntra(url, systemClock), /https/)
    for (const url of ['https://login.microsoftonline.com', 'http://localhost:1', 'http://[::1]:1'])
      openEntra(url, systemClock)
  })
})

describe('Entra: callbacks', () => {
  it('gives back what a token of either version says', async () => {
    await using world = await setUp()
    const { fake, entra } = world
    const first = fake.claims(app.id)
    assert.deepEqual(await entra.verified(fake.sign(first), anybody), first)
    const second = fake.claims(app.id, { iss: `${fake.url}/${tenantId}/v2.0`, ver: '2.0', azp: app.id })
    assert.deepEqual(await entra.verified(fake.sign(second), anybody), second)
  })

  it('fetches keys once, and again a day later', async () => {
    await using world = await setUp()
    const { fake, entra, pass } = world
    const verify = () => entra.verified(fake.sign(fake.claims(app.id)), anybody)
    await Promise.all([verify(), verify(), verify()])
    pass(23 * 60 * 60 * 1000)
    await verify()
    assert.equal(keysAsked(fake), 1)
    pass(2 * 60 * 60 * 1000)
    assert.ok(await verify())
    assert.equal(keysAsked(fake), 2)
  })

  it('finds a new key, and does not let unknown ones make it ask again and again', async () => {
    await using world = await setUp()
    const { fake, entra, pass } = world
    assert.ok(await entra.verified(fake.sign(fake.claims(app.id)), anybody))
    for (let n = 0; n < 20; n += 1)
      assert.equal(await entra.verified(fake.sign(fake.claims(app.id), { kid: `made-up-${n}` }), anybody), undefined)
    assert.equal(keysAsked(fake), 1)
    fake.changeKey()
    pass(30_000)
    assert.ok(await entra.verified(fake.sign(fake.claims(app.id)), anybody))
    assert.equal(keysAsked(fake), 2)
  })

  it('goes on with the keys it has while Entra is down, and says so when it has none', async () => {
    await using world = await setUp()
    const { fake, entra, pass } = world
    fake.fail(500)
    const token = fake.sign(fake.claims(app.id))
    await assert.rejects(entra.verified(token, anybody), isUnavailable)
    await assert.rejects(entra.verified(token, anybody), isUnavailable)
    assert.equal(fake.asked.length, 1)
    fake.fail(undefined)
    pass(30_000)
    assert.ok(await entra.verified(token, anybody))
    fake.fail(500)
    pass(48 * 60 * 60 * 1000)
    assert.ok(await entra.verified(token, anybody))
  })

  it('asks nobody about a token that no bot can have', async () => {
    await using world = await setUp()
    const seen: Claims[] = []
    const { fake, entra } = world
    const claims = fake.claims('another app')
    const nobody = (said: Claims) => {
      seen.push(said)
      return undefined
    }
    assert.equal(await entra.verified(fake.sign(claims), nobody), undefined)
    assert.deepEqual(seen, [claims])
    for (const text of ['', 'x', 'a.b.c', 'x'.repeat(5_000), unsignedJwt({ alg: 'none' }, claims)])
      assert.equal(await entra.verified(text, anybody), undefined)
    assert.deepEqual(fake.asked, [])
  })

  it('refuses other signatures, algorithms and headers', async () => {
    await using world = await setUp()
    const { fake, entra } = world
    const claims = fake.claims(app.id)
    const genuine = fake.sign(claims)
    assert.ok(await entra.verified(genuine, anybody))
    const header = {
      alg: 'RS256',
      typ: 'JWT',
      kid: JSON.parse(Buffer.from(genuine.split('.')[0] ?? '', 'base64').toString()).kid,
    }
    for (const forged of [
      signedJwt(header, claims, makeRsaKey().privateKey),
      hmacJwt({ ...header, alg: 'HS256' }, claims, 'anything'),
      altered(genuine, { claims: { appid: 'another' } }),
      fake.sign(claims, { crit: ['exp'] }),
      fake.sign(claims, { jku: fake.url }),
      fake.sign(claims, { kid: undefined }),
    ])
      assert.equal(await entra.verified(forged, anybody), undefined)
  })

  it('believes the bot’s tenant and no other, whatever signs there', async () => {
    await using world = await setUp()
    const { fake, entra } = world
    const foreign = '99999999-2222-3333-4444-555555555555'
    for (const change of [
      { tid: foreign, iss: `https://sts.windows.net/${foreign}/` },
      { tid: foreign, iss: `${fake.url}/${foreign}/v2.0` },
      { tid: foreign },
      { tid: undefined },
      { iss: `https://sts.windows.net/${foreign}/` },
      { iss: `https://sts.windows.net/${tenantId}` },
      { iss: `https://login.example.org/${tenantId}/v2.0` },
      { iss: undefined },
    ])
      assert.equal(
        await entra.verified(fake.sign(fake.claims(app.id, change)), anybody),
        undefined,
        JSON.stringify(change),
      )
  })

  it('knows both tenants of bots of many tenants', async () => {
    await using world = await setUp()
    const { fake, entra } = world
    const tid = 'd6d49420-f39b-4df7-a1dc-d59a935871db'
    const token = fake.sign(fake.claims(app.id, { tid, iss: `https://sts.windows.net/${tid}/` }))
    assert.ok(await entra.verified(token, () => 'botframework.com'))
    assert.equal(await entra.verified(token, anybody), undefined)
  })

  it('fetches keys from nowhere but where Entra is', async () => {
    await using elsewhere = await startEntra(app)
    await using world = await setUp({ keysUrl: `${elsewhere.url}/contoso.example/discovery/v2.0/keys` })
    const token = elsewhere.sign(world.fake.claims(app.id))
    await assert.rejects(world.entra.verified(token, anybody), isUnavailable)
    assert.deepEqual(elsewhere.asked, [])
  })
})
