/**
 * Entra as far as bots' tokens go: a real HTTP server that issues tokens for one app, publishes its keys, and signs
 * whatever a test wants.
 */
import type { KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { makeRsaKey, signedJwt } from './jwt.ts'

type Json = Readonly<Record<string, unknown>>

/** The id of the tenant that `contoso.example` is at this Entra. */
export const tenantId = '11111111-2222-3333-4444-555555555555'

/** What a test may say of its Entra. */
export type EntraOptions = {
  /** The metadata's `jwks_uri`; the true one if not given. */
  readonly keysUrl?: string
  /** The answer to each request for a token in place of the usual one. */
  readonly onToken?: (
    form: URLSearchParams,
  ) => { readonly status: number; readonly body: string; readonly location?: string } | undefined
}

/** A running Entra. */
export type TestEntra = AsyncDisposable & {
  readonly url: string
  /** The paths it was asked for, in order. */
  readonly asked: readonly string[]
  /** The forms posted for tokens. */
  readonly forms: readonly URLSearchParams[]
  /** Claims as it would make them for an app of the tenant: version 1, good for an hour. */
  claims(appId: string, change?: Json): Json
  /** A token of these claims under the key it publishes now. */
  sign(claims: Json, header?: Json): string
  /** Publishes another key in place of the one before. */
  changeKey(): void
  /** Answers everything with this status until it is undefined again. */
  fail(status: number | undefined): void
}

/** Starts an Entra on 127.0.0.1 that knows one app and its password. */
export async function startEntra(
  app: { readonly id: string; readonly password: string },
  options: EntraOptions = {},
): Promise<TestEntra> {
  const asked: string[] = []
  const forms: URLSearchParams[] = []
  let failure: number | undefined
  let key = newKey()
  const issued = (form: URLSearchParams): { status: number; body: string; location?: string } => {
    forms.push(form)
    const special = options.onToken?.(form)
    if (special !== undefined) return special
    const isRight = form.get('client_id') === app.id && form.get('client_secret') === app.password
    if (!isRight)
      return { status: 401, body: JSON.stringify({ error: 'invalid_client', error_description: 'secrets!' }) }
    const access_token = entra.sign(entra.claims(app.id, { aud: app.id }))
    return { status: 200, body: JSON.stringify({ token_type: 'Bearer', expires_in: 3599, access_token }) }
  }
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? ''
    asked.push(path)
    const text = await read(request)
    const answer = (status: number, body: string) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(body)
    if (failure !== undefined) return answer(failure, '{"error":"temporarily_unavailable"}')
    if (path.endsWith('/oauth2/v2.0/token')) {
      const { status, body, location } = issued(new URLSearchParams(text))
      if (location !== undefined) response.setHeader('location', location)
      return answer(status, body)
    }
    if (path.endsWith('/v2.0/.well-known/openid-configuration')) {
      const jwks_uri = options.keysUrl ?? `${entra.url}/contoso.example/discovery/v2.0/keys`
      return answer(200, JSON.stringify({ issuer: `${entra.url}/${tenantId}/v2.0`, jwks_uri }))
    }
    if (path.endsWith('/discovery/v2.0/keys')) return answer(200, JSON.stringify({ keys: [key.jwk] }))
    return answer(404, '{}')
  }
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const entra: TestEntra = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    forms,
    claims: (appId, change = {}) => {
      const now = Math.floor(Date.now() / 1000)
      return {
        aud: 'https://api.botframework.com',
        iss: `https://sts.windows.net/${tenantId}/`,
        appid: appId,
        tid: tenantId,
        ver: '1.0',
        uti: `${forms.length}`,
        iat: now,
        nbf: now,
        exp: now + 3600,
        ...change,
      }
    },
    sign: (claims, header = {}) =>
      signedJwt(
        { typ: 'JWT', alg: 'RS256', kid: key.jwk['kid'], x5t: key.jwk['kid'], ...header },
        claims,
        key.privateKey,
      ),
    changeKey: () => {
      key = newKey()
    },
    fail: status => {
      failure = status
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
  return entra
}

let keysMade = 0

function newKey(): { readonly privateKey: KeyObject; readonly jwk: Json } {
  const { publicKey, privateKey } = makeRsaKey()
  keysMade += 1
  return { privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), use: 'sig', kid: `key-${keysMade}` } }
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
