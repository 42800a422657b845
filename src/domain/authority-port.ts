/**
 * The ports for the credentials of v3 bots: signatures of our own, and Microsoft's Entra for bots that stay registered
 * there.
 */
import type { JsonObject } from '../protocol/fields.ts'

/** What a token says, by the names of its claims. */
export type Claims = JsonObject

/** A pair of keys: what one half has signed, everybody who knows the other can verify. */
export type KeyPair = {
  /** The `kid`: made of the public half, so the same pair always has the same. */
  readonly id: string
  /** Both halves as text. Whoever reads it can sign: it leaves the process only sealed. */
  readonly secret: string
}

/** Signs tokens that others verify: compact JWTs under RS256, with `alg`, `typ` and `kid` in the header and nothing else. */
export interface Signer {
  /** Makes a new pair. May take a second; nothing else waits for it. */
  makePair(): Promise<KeyPair>

  /** The public half as a JSON Web Key for a document of keys: it says what it is for, and endorses our channels. */
  published(pair: KeyPair): JsonObject

  /** A token that says these claims. */
  sign(pair: KeyPair, claims: Claims): Promise<string>

  /**
   * What a token says that one of these pairs has signed; undefined for every other text. The token has no say in how
   * it is verified: another algorithm, a header with anything but the three members above, an unknown `kid` and a text
   * over 4096 characters are refused, and nothing is fetched. Expiry and everything else it says are not looked at.
   */
  verified(token: string, pairs: readonly KeyPair[]): Promise<Claims | undefined>
}

/** A bot as Entra knows it. */
export type EntraApp = { readonly tenant: string; readonly id: string; readonly password: string }

/** What came of asking for a token. The reason is for people and holds no secret. */
export type EntraToken =
  | { readonly outcome: 'issued'; readonly token: string; readonly expiresInSeconds: number }
  | { readonly outcome: 'refused'; readonly reason: string }

/** Microsoft's identity service. Every request is bounded in time and size and follows no redirect. */
export interface Entra {
  /** Asks for a token of a bot's app for itself, as the Bot Framework Emulator shows it. Never rejects. */
  token(app: EntraApp): Promise<EntraToken>

  /**
   * What a token says that Entra has signed for a tenant: `iss` and `tid` are those of that tenant, expiry and
   * everything else are not looked at. Undefined for every other text, also for one over 4096 characters.
   *
   * Keys are fetched when they are first needed, from where Entra publishes them and nowhere else, and kept for a day;
   * an unknown `kid` has them fetched again, but not more often than every half minute.
   *
   * @param tenantOf names the tenant that must have issued a token, by what it says before anything is verified;
   *   undefined refuses the token, and nothing is fetched for it
   * @returns rejects with a ProtocolError `Unavailable` if the keys can't be fetched
   */
  verified(token: string, tenantOf: (claims: Claims) => string | undefined): Promise<Claims | undefined>
}
