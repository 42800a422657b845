/**
 * Every call of a bot comes in here: it shows who it is, and is held to its rate.
 */
import type { FastifyRequest } from 'fastify'
import type { BotGrant } from '../../domain/grant.ts'
import type { Throttle } from '../throttle.ts'
import type { WrongCredentials } from '../wrong-credentials.ts'
import { authorizeBot, authorizeCaller, type BotAuthorizationPorts, type BotCaller } from './bot-authorization.ts'

/** What it takes to let a bot in. */
export type AdmissionPorts = BotAuthorizationPorts & {
  readonly throttle: Throttle
  readonly wrongCredentials: WrongCredentials
}

/** The right a bot shows. @throws ProtocolError as `authorizeBot`; `TooManyRequests` */
export async function admitBot(ports: AdmissionPorts, request: FastifyRequest): Promise<BotGrant> {
  const grant = await ports.wrongCredentials.checked(request.raw, () => authorizeBot(ports, request))
  ports.throttle.botCall(grant.bot.id)
  return grant
}

/** The same where the address may name no conversation. @throws ProtocolError as `authorizeCaller`; `TooManyRequests` */
export async function admitCaller(ports: AdmissionPorts, request: FastifyRequest): Promise<BotCaller> {
  const caller = await ports.wrongCredentials.checked(request.raw, () => authorizeCaller(ports, request))
  ports.throttle.botCall(caller.bot.id)
  return caller
}
