/**
 * What a signer promises: tokens anybody can verify who has the published key, and nothing passes for one that is none.
 */
import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { describe, it } from 'node:test'
import { openSigner } from '../../src/adapters/authority/signer.ts'
import { tokenCharactersMax } from '../../src/protocol/limits.ts'
import {
  altered,
  hmacJwt,
  isSignedBy,
  makeRsaKey,
  publicKeyOf,
  readJwt,
  signedJwt,
  unsignedJwt,
} from '../support/jwt.ts'

const signer = openSigner()
const pair = await signer.makePair()
const other = await signer.makePair()
const jwk = signer.published(pair)
const claims = { iss: 'https://bots.example.org/landline/v2.0', aud: 'an app', note: 'Zoë ✓', exp: 1_800_000_000 }
const token = await signer.sign(pair, claims)
const header = { alg: 'RS256', typ: 'JWT', kid: pair.id }

describe('signer: keys', () => {
  it('publishes the public half and nothing of the other', () => {
    const { n, e, ...rest } = jwk
    assert.deepEqual(rest, {
      kty: 'RSA',
      use: 'sig',
      alg: 'RS256',
      kid: pair.id,
      x5t: pair.id,
      endorsements: ['directline', 'webchat'],
    })
    assert.match(String(n), /^[\w-]{342}$/)
    assert.equal(e, 'AQAB')
    assert.match(pair.id, /^[\w-]{43}$/)
  })

  it('makes another pair each time', () => {
    assert.notEqual(pair.id, other.id)
    assert.notEqual(pair.secret, other.secret)
  })

  it('knows a pair again that has been kept as text', async () => {
    const kept = JSON.parse(JSON.stringify(pair)) as typeof pair
    const restarted = openSigner()
    assert.deepEqual(restarted.published(kept), jwk)
    assert.deepEqual(await restarted.verified(token, [kept]), claims)
    assert.deepEqual(await signer.verified(await restarted.sign(kept, claims), [pair]), claims)
  })
})

describe('signer: tokens', () => {
  it('signs exactly the claims, under a header of three members', () => {
    assert.deepEqual(readJwt(token), { header, claims })
    assert.ok(isSignedBy(token, jwk))
    assert.ok(!isSignedBy(token, signer.published(other)))
  })

  it('gives back what a token of any of the pairs says', async () => {
    assert.deepEqual(await signer.verified(token, [other, pair]), claims)
    assert.deepEqual(await signer.verified(await signer.sign(other, {}), [other, pair]), {})
  })

  it('knows no token of a pair that is not among them', async () => {
    assert.equal(await signer.verified(token, [other]), undefined)
    assert.equal(await signer.verified(token, []), undefined)
  })

  it('refuses what another key has signed under the same kid', async () => {
    assert.equal(await signer.verified(signedJwt(header, claims, makeRsaKey().privateKey), [pair]), undefined)
  })

  it('refuses other algorithms, whatever the signature', async () => {
    const pem = publicKeyOf(jwk).export({ type: 'spki', format: 'pem' })
    for (const forged of [
      unsignedJwt({ ...header, alg: 'none' }, claims),
      unsignedJwt({ ...header, alg: 'None' }, claims),
      hmacJwt({ ...header, alg: 'HS256' }, claims, pem),
      hmacJwt({ ...header, alg: 'HS256' }, claims, String(jwk['n'])),
      hmacJwt(header, claims, pem),
      unsignedJwt(header, claims),
      altered(token, { header: { alg: 'RS512' } }),
      altered(token, { header: { alg: 'PS256' } }),
    ]) {
      assert.equal(await signer.verified(forged, [pair]), undefined, forged.slice(0, 60))
    }
  })

  it('refuses a header that says more or less, even where our own key has signed it', async () => {
    const key = createPrivateKey({ key: JSON.parse(pair.secret), format: 'jwk' })
    assert.deepEqual(await signer.verified(signedJwt(header, claims, key), [pair]), claims)
    for (const more of [
      { crit: ['exp'] },
      { crit: ['b64'], b64: false },
      { b64: true },
      { jwk: { kty: jwk['kty'], n: jwk['n'], e: jwk['e'] } },
      { jku: 'http://127.0.0.1:9/keys' },
      { x5u: 'http://127.0.0.1:9/chain' },
      { x5c: ['AAAA'] },
      { zip: 'DEF' },
      { cty: 'JWT' },
      { typ: 'at+jwt' },
      { typ: undefined },
      { kid: undefined },
      { kid: ['x'] },
      { kid: '../../etc/passwd' },
      { kid: other.id },
    ]) {
      const forged = signedJwt({ ...header, ...more }, claims, key)
      assert.equal(await signer.verified(forged, [pair, other]), undefined, JSON.stringify(more))
    }
  })

  it('refuses a token of which a claim has been changed', async () => {
    assert.equal(await signer.verified(altered(token, { claims: { aud: 'another' } }), [pair]), undefined)
  })

  it('refuses what is not a token, and what is too long to be one', async () => {
    const [head, body, signature] = token.split('.')
    const long = await signer.sign(pair, { text: 'x'.repeat(tokenCharactersMax) })
    for (const text of ['', '.', '..', 'x', `${head}.${body}`, `${token}.x`, `${token}\0`, ` ${token}`, long])
      assert.equal(await signer.verified(text, [pair]), undefined, text.slice(0, 40))
    for (const broken of [`.${body}.${signature}`, `${head}..${signature}`, `e30.${body}.${signature}`])
      assert.equal(await signer.verified(broken, [pair]), undefined, broken.slice(0, 40))
  })
})
