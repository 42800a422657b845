/**
 * What Entra publishes about one tenant: its id, and the keys that sign its tokens.
 */
import { createLocalJWKSet, type JSONWebKeySet } from 'jose'
import { isObject } from '../../protocol/fields.ts'
import { ask, NoAnswerError } from './requests.ts'

/** How long keys are good without being fetched again: milliseconds. */
const keptMs = 24 * 60 * 60 * 1000

/** The least time from one try to fetch to the next: milliseconds. */
const cooldownMs = 30_000

/** What is known of a tenant. */
export type Published = {
  /** Its id, in lower case. */
  readonly id: string
  /** Finds the key for a header. @throws JOSEError if there is none */
  readonly keyFor: ReturnType<typeof createLocalJWKSet>
  readonly kids: ReadonlySet<unknown>
}

/** Fetches and keeps what is published. */
export class Tenant {
  readonly #origin: string
  readonly #metadataUrl: string
  readonly #monotonicMs: () => number
  #published: (Published & { readonly atMs: number }) | undefined
  #fetching: Promise<Published> | undefined
  #triedMs = Number.NEGATIVE_INFINITY

  /** @param entraUrl an absolute URL without a slash at its end */
  constructor(entraUrl: string, name: string, monotonicMs: () => number) {
    this.#origin = new URL(entraUrl).origin
    this.#metadataUrl = `${entraUrl}/${encodeURIComponent(name)}/v2.0/.well-known/openid-configuration`
    this.#monotonicMs = monotonicMs
  }

  /**
   * What is known, fetched anew if it is a day old or does not have the key. Should that fail, what was known before
   * is good as long as it has the key.
   *
   * @throws NoAnswerError
   */
  async published(kid: string): Promise<Published> {
    const known = this.#published
    const nowMs = this.#monotonicMs()
    const hasKey = known?.kids.has(kid) === true
    if (known !== undefined && hasKey && nowMs - known.atMs < keptMs) return known
    if (this.#fetching === undefined && nowMs - this.#triedMs < cooldownMs) {
      if (known === undefined) throw new NoAnswerError('it could not be asked a moment ago')
      return known
    }
    try {
      return await this.#fetch()
    } catch (error) {
      if (known === undefined || !hasKey) throw error
      return known
    }
  }

  #fetch(): Promise<Published> {
    this.#triedMs = this.#monotonicMs()
    this.#fetching ??= this.#read().finally(() => {
      this.#fetching = undefined
    })
    return this.#fetching
  }

  async #read(): Promise<Published> {
    const { issuer, jwks_uri: keysUrl } = await good(this.#metadataUrl)
    const id = /\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/v2\.0$/i.exec(String(issuer))?.[1]
    if (id === undefined) throw new NoAnswerError('it does not say which tenant that is')
    if (typeof keysUrl !== 'string' || !URL.canParse(keysUrl) || new URL(keysUrl).origin !== this.#origin)
      throw new NoAnswerError('its keys are said to be somewhere else')
    const document = await good(keysUrl)
    const keys: unknown = document['keys']
    if (!Array.isArray(keys) || !keys.every(isObject)) throw new NoAnswerError('it published no keys')
    const signing = keys.filter(key => key['kty'] === 'RSA' && typeof key['kid'] === 'string')
    this.#published = {
      id: id.toLowerCase(),
      keyFor: createLocalJWKSet({ keys: signing } as unknown as JSONWebKeySet),
      kids: new Set(signing.map(key => key['kid'])),
      atMs: this.#monotonicMs(),
    }
    return this.#published
  }
}

async function good(url: string) {
  const { status, body } = await ask(url)
  if (status !== 200) throw new NoAnswerError(`it answered ${status}`)
  return body
}
