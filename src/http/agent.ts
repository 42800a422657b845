/**
 * What a client says it is.
 */
import type { FastifyRequest } from 'fastify'

/** What is shown of it: characters. */
const agentCharactersMax = 120

/** As DirectLineJS writes it, with what its page says of itself in between: `DirectLine/3.0 (directlinejs; Page 1 0.15.8)`. */
const directLineJs = /^DirectLine\/3\.0 \(directlinejs(?:; (.*))? (\S+)\)$/i

/** The name and version of a client; undefined if it does not tell, or is only known to be a browser. */
export function agentOf({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  const told = headers['x-ms-bot-agent']
  const said = (typeof told === 'string' && told !== '' ? told : ownName(headers['user-agent'])) ?? ''
  const [, page, version] = directLineJs.exec(said) ?? []
  const agent = version === undefined ? said : `DirectLineJS ${version}${page === undefined ? '' : `, ${page}`}`
  return agent === '' ? undefined : agent.replace(/[^\x20-\x7e]/g, '').slice(0, agentCharactersMax)
}

/** The first product of a `User-Agent`. Every browser says Mozilla, and means nothing by it. */
function ownName(userAgent: string | undefined): string | undefined {
  const product = userAgent?.split(' ', 1)[0]
  return product === undefined || product.startsWith('Mozilla/') ? undefined : product
}
