/**
 * Every call of a bot comes in here: it shows who it is, and is held to its rate.
 */
import type { FastifyRequest } from 'fastify'
import type { BotGrant } from '../../domain/grant.ts'
import type { Inspection } from '../../domain/inspection.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { Throttle } from '../throttle.ts'
import type { WrongCredentials } from '../wrong-credentials.ts'
import { authorizeBot, authorizeCaller, type BotAuthorizationPorts, type BotCaller } from './bot-authorization.ts'

/** What it takes to let a bot in. */
export type AdmissionPorts = BotAuthorizationPorts & {
  readonly throttle: Throttle
  readonly wrongCredentials: WrongCredentials
  /** Undefined: nobody watches turns. */
  readonly inspection?: Inspection | undefined
}

/** The right a bot shows. @throws ProtocolError as `authorizeBot`; `TooManyRequests` */
export async function admitBot(ports: AdmissionPorts, request: FastifyRequest): Promise<BotGrant> {
  try {
    const grant = await ports.wrongCredentials.checked(request.raw, () => authorizeBot(ports, request))
    ports.throttle.botCall(grant.bot.id)
    return grant
  } catch (error) {
    throw noted(ports, request, error)
  }
}

/** The same where the address may name no conversation. @throws ProtocolError as `authorizeCaller`; `TooManyRequests` */
export async function admitCaller(ports: AdmissionPorts, request: FastifyRequest): Promise<BotCaller> {
  try {
    const caller = await ports.wrongCredentials.checked(request.raw, () => authorizeCaller(ports, request))
    ports.throttle.botCall(caller.bot.id)
    return caller
  } catch (error) {
    throw noted(ports, request, error)
  }
}

/** A bot whose answers are refused is told of on the page of its problems. Gives what to throw. */
function noted({ inspection }: AdmissionPorts, request: FastifyRequest, error: unknown): unknown {
  if (error instanceof ProtocolError) {
    const { opened, conversation } = request.params as Record<string, string | undefined>
    inspection?.answerRefused(conversation ?? opened, error.failure)
  }
  return error
}
