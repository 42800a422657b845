/**
 * RSA signatures by jose. A token never chooses how it is verified: one algorithm, our own keys by their `kid`, and
 * nothing in the header beside what we write there.
 */
import {
  CompactSign,
  type CryptoKey,
  calculateJwkThumbprint,
  compactVerify,
  decodeJwt,
  errors,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
} from 'jose'
import type { Claims, KeyPair, Signer } from '../../domain/authority-port.ts'
import type { JsonObject } from '../../protocol/fields.ts'
import { tokenCharactersMax } from '../../protocol/limits.ts'

const alg = 'RS256'
const modulusLength = 2048

/** All that stands in a header of ours. */
const headerNames = new Set(['alg', 'typ', 'kid'])

/** The channels a key may speak for. A bot that finds another channel's activity under it refuses it. */
const endorsements = ['directline', 'webchat']

/** Makes a signer. It holds keys it has worked with as long as somebody else does. */
export const openSigner = (): Signer => new JoseSigner()

type Halves = { readonly privateKey: CryptoKey; readonly publicKey: CryptoKey }

class JoseSigner implements Signer {
  readonly #halves = new WeakMap<KeyPair, Promise<Halves>>()

  async makePair(): Promise<KeyPair> {
    const { privateKey } = await generateKeyPair(alg, { modulusLength, extractable: true })
    const jwk = await exportJWK(privateKey)
    return { id: await calculateJwkThumbprint(jwk, 'sha256'), secret: JSON.stringify(jwk) }
  }

  published(pair: KeyPair): JsonObject {
    const { kty, n, e } = readSecret(pair)
    return { kty, use: 'sig', alg, kid: pair.id, x5t: pair.id, n, e, endorsements }
  }

  async sign(pair: KeyPair, claims: Claims): Promise<string> {
    const { privateKey } = await this.#halvesOf(pair)
    return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
      .setProtectedHeader({ alg, typ: 'JWT', kid: pair.id })
      .sign(privateKey)
  }

  async verified(token: string, pairs: readonly KeyPair[]): Promise<Claims | undefined> {
    if (token.length > tokenCharactersMax) return undefined
    try {
      await compactVerify(token, header => this.#keyFor(header, pairs), { algorithms: [alg] })
      return decodeJwt(token)
    } catch (error) {
      // Not one of ours: the caller is told by `undefined`.
      if (error instanceof errors.JOSEError) return undefined
      throw error
    }
  }

  async #keyFor(header: JsonObject, pairs: readonly KeyPair[]): Promise<CryptoKey> {
    const pair = pairs.find(({ id }) => id === header['kid'])
    if (pair === undefined || header['typ'] !== 'JWT' || Object.keys(header).some(name => !headerNames.has(name)))
      throw new errors.JWSInvalid('The header is not one of ours.')
    return (await this.#halvesOf(pair)).publicKey
  }

  #halvesOf(pair: KeyPair): Promise<Halves> {
    const known = this.#halves.get(pair)
    if (known !== undefined) return known
    const halves = readHalves(readSecret(pair))
    this.#halves.set(pair, halves)
    return halves
  }
}

async function readHalves(jwk: JWK): Promise<Halves> {
  const { kty, n, e } = jwk
  const [privateKey, publicKey] = await Promise.all([importJWK(jwk, alg), importJWK({ kty, n, e } as JWK, alg)])
  return { privateKey, publicKey } as Halves
}

const readSecret = ({ secret }: KeyPair): JWK => JSON.parse(secret) as JWK
