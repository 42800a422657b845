/**
 * Tokens shown to a bot by somebody who is not the service, and what each SDK answers. Most carry the service's own
 * signature, so that it is what they say that is looked at; such a one comes from a bot or a service gone bad.
 */
import { createPrivateKey, createPublicKey, type JsonWebKey } from 'node:crypto'
import { hmacJwt, makeRsaKey, signedJwt, unsignedJwt } from '../../support/jwt.ts'

/** What is shown to the bot, and what botbuilder and the Agents SDK answer. */
export type Forgery = {
  readonly authorization: string | undefined
  /** Where the activity says that the bot is to answer. */
  readonly serviceUrl: string
  readonly botbuilder: number
  readonly agents: number
}

/** Whom a forger is after. */
export type Target = {
  /** The service's address, without a slash at its end. */
  readonly origin: string
  /** The bot's app id, and another bot's. */
  readonly app: string
  readonly other: string
  readonly kid: string
  /** The service's own key, private half included. */
  readonly jwk: Readonly<Record<string, unknown>>
}

/** Every forgery by its name, and among them what is none. */
export function forgeriesOf({ origin, app, other, kid, jwk }: Target): Readonly<Record<string, Forgery>> {
  const key = createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' })
  const stranger = makeRsaKey().privateKey
  const header = { alg: 'RS256', typ: 'JWT', kid }
  const now = Math.floor(Date.now() / 1000)
  const genuine = {
    iss: `${origin}/landline/v2.0`,
    aud: app,
    serviceurl: `${origin}/`,
    iat: now,
    nbf: now - 60,
    exp: now + 600,
  }
  const pem = createPublicKey(key).export({ type: 'spki', format: 'pem' })
  const shown = (token: string, botbuilder: number, agents: number, serviceUrl = `${origin}/`): Forgery => ({
    authorization: `Bearer ${token}`,
    serviceUrl,
    botbuilder,
    agents,
  })
  const saying = (change: Readonly<Record<string, unknown>>, botbuilder: number, agents: number): Forgery =>
    shown(signedJwt(header, { ...genuine, ...change }, key), botbuilder, agents)
  const plain = { serviceUrl: `${origin}/`, botbuilder: 401, agents: 401 }
  return {
    'genuine, after all': saying({}, 200, 200),
    'no token': { ...plain, authorization: undefined },
    'a password': { ...plain, authorization: `Basic ${Buffer.from(`${app}:password`).toString('base64')}` },
    'no JWT': shown('x', 401, 401),
    "signed by a stranger under the key's name": shown(signedJwt(header, genuine, stranger), 500, 401),
    'signed by a stranger under another name': shown(
      signedJwt({ ...header, kid: 'mine' }, genuine, stranger),
      401,
      401,
    ),
    'not signed': shown(unsignedJwt({ ...header, alg: 'none' }, genuine), 500, 401),
    'signed with the public key as a secret': shown(hmacJwt({ ...header, alg: 'HS256' }, genuine, pem), 500, 401),
    "another bot's": saying({ aud: other }, 401, 401),
    'what another bot calls the Connector with': saying(
      { aud: 'https://api.botframework.com', appid: other, ver: '1.0', serviceurl: undefined },
      401,
      401,
    ),
    'what the bot itself calls the Connector with': saying(
      { aud: 'https://api.botframework.com', appid: app, ver: '1.0', serviceurl: undefined },
      401,
      401,
    ),
    'of another issuer': saying({ iss: 'https://elsewhere.example/landline/v2.0' }, 401, 401),
    'of another tenant': saying({ iss: `${origin}/elsewhere/v2.0` }, 401, 401),
    'of an issuer with another path': saying({ iss: `${origin}/landline/v2.0/` }, 401, 401),
    'expired for ten minutes': saying({ exp: now - 600, nbf: now - 1200 }, 401, 401),
    'expired a moment ago': saying({ exp: now - 60, nbf: now - 1200 }, 200, 200),
    'of the future': saying({ nbf: now + 600, exp: now + 1200 }, 500, 401),
    'for another address': saying({ serviceurl: 'https://elsewhere.example/' }, 401, 400),
    'for no address': saying({ serviceurl: undefined }, 401, 200),
    'genuine, under a message that has the bot answer elsewhere': shown(
      signedJwt(header, genuine, key),
      401,
      400,
      'http://elsewhere.example/',
    ),
    'for a list of bots': saying({ aud: [app] }, 401, 200),
  }
}
