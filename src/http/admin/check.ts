/**
 * The admin API's look at a bot: how far the way to it leads, and what it makes of an event if it may be sent one.
 */
import type { FastifyInstance } from 'fastify'
import type { BotCheck } from '../../domain/bot-check.ts'
import type { Sites } from '../../domain/sites.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { parseOptionalObject } from '../../protocol/fields.ts'
import { botId } from '../../protocol/ids.ts'
import { jsonBytesMax } from '../../protocol/limits.ts'
import { bodyText } from '../bodies.ts'
import { type Handler, mount } from '../paths.ts'
import { json, parameter } from '../requests.ts'

/** What the check needs of the inside. */
export type CheckPorts = { readonly sites: Pick<Sites, 'bot'>; readonly botCheck: BotCheck }

/** Mounts `POST /admin/v1/bots/{bot}/check`. Whoever calls this guards the path. */
export function checkRoutes(app: FastifyInstance, { sites, botCheck }: CheckPorts): void {
  const check: Handler = async (request, reply) => {
    const bot = sites.bot(botId(parameter(request, 'bot')))
    if (bot === undefined) throw new ProtocolError('UnknownBot', 'There is no such bot.')
    return json(reply, await botCheck.check(bot, parseSend(bodyText(request, 'MalformedBody'))))
  }
  mount(app, '/admin/v1/bots/:bot/check', { POST: check }, jsonBytesMax)
}

/** `{send}`: nothing is sent unless it is said. @throws ProtocolError `MalformedBody`, `Unacceptable` */
function parseSend(text: string): boolean {
  const { send = false, ...others } = parseOptionalObject(text)
  const [other] = Object.keys(others)
  if (other !== undefined) throw new ProtocolError('Unacceptable', `There is no '${other}' here.`)
  if (typeof send !== 'boolean') throw new ProtocolError('MalformedBody', "'send' must be true or false.")
  return send
}
