/**
 * Who calls as a v1 bot: its app id and password, in either of the two headers of the time.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Bot, Sites } from '../../domain/sites.ts'
import { ProtocolError } from '../../protocol/errors.ts'

/**
 * The bot that calls: by `Authorization: Basic`, by `Ocp-Apim-Subscription-Key`, or by both if they agree.
 *
 * @throws ProtocolError `Unauthenticated` with neither, `Forbidden` if they are no bot's
 */
export function authorizeOldBot(sites: Sites, request: FastifyRequest): Bot {
  const basic = readBasic(request.headers.authorization)
  const key = request.headers['ocp-apim-subscription-key']
  if (basic === undefined && typeof key !== 'string')
    throw new ProtocolError('Unauthenticated', 'The app id and password are missing.')
  // All are compared, so that it takes the same time whichever it is.
  const [bot] = sites.speaking('v1').filter(({ app }) => {
    if (app === undefined) return false
    const basicFits = basic === undefined || areEqual(basic, `${app.id}:${app.password}`)
    const keyFits = typeof key !== 'string' || areEqual(key, app.password)
    return basicFits && keyFits
  })
  if (bot === undefined) throw new ProtocolError('Forbidden', "The app id and password are no bot's here.")
  return bot
}

/** The value of an Authorization header. */
export const writeBasic = (app: { readonly id: string; readonly password: string }): string =>
  `Basic ${Buffer.from(`${app.id}:${app.password}`).toString('base64')}`

function readBasic(header: string | undefined): string | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(header ?? '')?.[1]
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8')
}

function areEqual(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
