/**
 * Microsoft's identity service over HTTP, for bots that stay registered there.
 */
import { compactVerify, decodeJwt, decodeProtectedHeader, errors } from 'jose'
import type { Claims, Entra, EntraApp, EntraToken } from '../../domain/authority-port.ts'
import type { Clock } from '../../domain/ports.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { JsonObject } from '../../protocol/fields.ts'
import { tokenCharactersMax } from '../../protocol/limits.ts'
import { ask, NoAnswerError } from './requests.ts'
import { Tenant } from './tenant.ts'

/** The tenant of bots of many tenants, and whose ids stand in their tokens beside its own: of two protocol versions. */
const multiTenant = 'botframework.com'
const multiTenantIds = ['d6d49420-f39b-4df7-a1dc-d59a935871db', 'f8cdef31-a31e-4b4a-93e4-5f571e91255a']

/** Members of a header that change what is signed or with what. */
const unwelcome = ['crit', 'jwk', 'jku', 'x5u', 'x5c', 'zip', 'b64']

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/**
 * Takes Entra at an address to work. Nothing is asked of it yet.
 *
 * @param url an absolute URL without a slash at its end
 * @throws Error for one that is neither https nor on this machine: secrets go there, and keys come from there
 */
export function openEntra(url: string, clock: Clock): Entra {
  const { protocol, hostname } = new URL(url)
  if (protocol !== 'https:' && !(protocol === 'http:' && loopback.test(hostname)))
    throw new Error(`Entra must be asked over https, not at ${url}.`)
  return new HttpEntra(url, clock)
}

class HttpEntra implements Entra {
  readonly #url: string
  readonly #clock: Clock
  readonly #tenants = new Map<string, Tenant>()

  constructor(url: string, clock: Clock) {
    this.#url = url
    this.#clock = clock
  }

  async token({ tenant, id, password }: EntraApp): Promise<EntraToken> {
    try {
      const { status, body } = await ask(`${this.#url}/${encodeURIComponent(tenant)}/oauth2/v2.0/token`, {
        grant_type: 'client_credentials',
        client_id: id,
        client_secret: password,
        scope: `${id}/.default`,
      })
      const { access_token: token, expires_in: expiresInSeconds } = body
      if (status === 200 && typeof token === 'string' && typeof expiresInSeconds === 'number' && expiresInSeconds > 0)
        return { outcome: 'issued', token, expiresInSeconds }
      return { outcome: 'refused', reason: `Entra answered ${status}${codeOf(body)}` }
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error
      return { outcome: 'refused', reason: `Entra was asked in vain: ${error.message}` }
    }
  }

  async verified(token: string, tenantOf: (claims: Claims) => string | undefined): Promise<Claims | undefined> {
    if (token.length > tokenCharactersMax) return undefined
    try {
      const name = tenantOf(decodeJwt(token))
      const kid = name === undefined ? undefined : keyIdOf(token)
      return name === undefined || kid === undefined ? undefined : await this.#verified(token, name, kid)
    } catch (error) {
      // Not one of Entra's: the caller is told by `undefined`.
      if (error instanceof errors.JOSEError) return undefined
      if (error instanceof NoAnswerError)
        throw new ProtocolError('Unavailable', 'Entra cannot be asked for its keys now.', { cause: error })
      throw error
    }
  }

  async #verified(token: string, name: string, kid: string): Promise<Claims | undefined> {
    const { id, keyFor } = await this.#tenant(name).published(kid)
    await compactVerify(token, keyFor, { algorithms: ['RS256'] })
    const claims: Claims = decodeJwt(token)
    const ids = name === multiTenant ? [id, ...multiTenantIds] : [id]
    return ids.some(issuer => this.#isIssuedBy(claims, issuer)) ? claims : undefined
  }

  /** Anybody can have a tenant, and give an app of another tenant a password there: so only one's own is believed. */
  #isIssuedBy({ iss, tid }: Claims, id: string): boolean {
    return tid === id && (iss === `https://sts.windows.net/${id}/` || iss === `${this.#url}/${id}/v2.0`)
  }

  #tenant(name: string): Tenant {
    const known = this.#tenants.get(name)
    if (known !== undefined) return known
    const tenant = new Tenant(this.#url, name, () => this.#clock.monotonicMs())
    this.#tenants.set(name, tenant)
    return tenant
  }
}

/** The `kid` of a header that promises nothing but a plain signature; undefined for every other. */
function keyIdOf(token: string): string | undefined {
  try {
    const header = decodeProtectedHeader(token)
    if (header.alg !== 'RS256' || unwelcome.some(member => Object.hasOwn(header, member))) return undefined
    return header.kid
  } catch {
    // A header that can't be read: the caller is told by `undefined`.
    return undefined
  }
}

/** The code of an error, such as `invalid_client`. What stands beside it names people and requests. */
function codeOf({ error }: JsonObject): string {
  return typeof error === 'string' && /^[a-z_]{1,60}$/.test(error) ? ` (${error})` : ''
}
