/**
 * Who asks for a token: a client id and its secret, in the form or in the Authorization header.
 */
import type { FastifyRequest } from 'fastify'

/** Somebody who asks. */
export type Client = {
  readonly id: string
  readonly secret: string
  /** Whether they stood in the Authorization header. */
  readonly isBasic: boolean
}

/** Why nobody gets a token: a code that OAuth's clients know, and a message for people. */
export class TokenRefusal extends Error {
  readonly code: 'invalid_request' | 'invalid_client' | 'invalid_scope' | 'invalid_resource' | 'unsupported_grant_type'
  /** Whether the client used the Authorization header, and is to be told of it. */
  readonly isBasic: boolean

  constructor(code: TokenRefusal['code'], message: string, isBasic = false) {
    super(message)
    this.code = code
    this.isBasic = isBasic
  }
}

/**
 * Reads who asks. What is missing is empty, and fits nobody.
 *
 * @throws TokenRefusal `invalid_request` for both ways at once
 */
export function readClient(request: FastifyRequest, form: URLSearchParams): Client {
  const { authorization } = request.headers
  const id = form.get('client_id') ?? ''
  const secret = form.get('client_secret')
  const basic = readBasic(authorization)
  if (basic === undefined) return { id, secret: secret ?? '', isBasic: authorization !== undefined }
  if (secret !== null || (id !== '' && id !== basic.id))
    throw new TokenRefusal('invalid_request', 'The client shows itself in two ways.')
  return basic
}

function readBasic(header: string | undefined): Client | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(header ?? '')?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon === -1) return undefined
  return { id: unescaped(text.slice(0, colon)), secret: unescaped(text.slice(colon + 1)), isBasic: true }
}

/** OAuth has both parts escaped as in a form. Some clients do not, and what can't be unescaped is taken as it is. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    // Nobody needs to hear of it: a secret that is wrong fits nobody.
    return text
  }
}
