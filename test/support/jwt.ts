/**
 * JWTs made by hand, so that a test can make wrong ones, and read without any library.
 */
import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'

type Json = Readonly<Record<string, unknown>>

const part = (value: Json): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** An RSA key nobody else has. */
export const makeRsaKey = () => generateKeyPairSync('rsa', { modulusLength: 2048 })

/** A JWT with any header and claims, signed under RS256 whatever the header says. */
export function signedJwt(header: Json, claims: Json, key: KeyObject): string {
  const text = `${part(header)}.${part(claims)}`
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`
}

/** A JWT whose signature is an HMAC: with a public key as the secret, the oldest forgery of all. */
export function hmacJwt(header: Json, claims: Json, secret: string | Buffer): string {
  const text = `${part(header)}.${part(claims)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

/** A JWT without a signature. */
export const unsignedJwt = (header: Json, claims: Json): string => `${part(header)}.${part(claims)}.`

/** The header and the claims of a JWT. */
export function readJwt(token: string): { readonly header: Json; readonly claims: Json } {
  const [header, claims] = token
    .split('.')
    .slice(0, 2)
    .map(text => JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Json)
  return { header: header ?? {}, claims: claims ?? {} }
}

/** A published key as Node takes it. */
export const publicKeyOf = (jwk: Json): KeyObject =>
  createPublicKey({ key: { kty: jwk['kty'], n: jwk['n'], e: jwk['e'] } as JsonWebKey, format: 'jwk' })

/** Whether a published key has signed a token. */
export function isSignedBy(token: string, jwk: Json): boolean {
  const end = token.lastIndexOf('.')
  const signature = Buffer.from(token.slice(end + 1), 'base64url')
  return verify('sha256', Buffer.from(token.slice(0, end)), publicKeyOf(jwk), signature)
}

/** The same token with another claim, or another header, under the signature it had. */
export function altered(token: string, change: { readonly header?: Json; readonly claims?: Json }): string {
  const { header, claims } = readJwt(token)
  return `${part({ ...header, ...change.header })}.${part({ ...claims, ...change.claims })}.${token.split('.')[2]}`
}
