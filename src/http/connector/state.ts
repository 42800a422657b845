/**
 * The Bot State API (`/v3/botstate`) that bots of SDK 3 keep their data with. The hosted one was switched off in 2018.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { BagKey, BagStore } from '../../domain/bag-port.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { readConversationId, userId } from '../../protocol/ids.ts'
import { activityBytesMax, stateCharactersMax } from '../../protocol/limits.ts'
import { answerBag, takeBag } from '../bag-answer.ts'
import { mount } from '../paths.ts'
import { parameter } from '../requests.ts'
import { type AdmissionPorts, admitCaller } from './admission.ts'

/** What these routes need of the inside. */
export type StatePorts = AdmissionPorts & { readonly bags: BagStore }

/** Mounts the data of users, of conversations, and of users in conversations below a base path. */
export function botState(app: FastifyInstance, base: string, ports: StatePorts): void {
  const key = async (request: FastifyRequest): Promise<BagKey> => {
    const { bot } = await admitCaller(ports, request)
    if (parameter(request, 'channel') !== 'directline')
      throw new ProtocolError('UnknownPath', "The channel here is 'directline'.")
    const user = parameter(request, 'user')
    const conversation = parameter(request, 'conversation')
    return {
      bot: bot.id,
      user: user === '' ? undefined : userId(user),
      conversation: conversation === '' ? undefined : readConversationId(conversation),
    }
  }
  const read = async (request: FastifyRequest, reply: FastifyReply) => answerBag(ports.bags, await key(request), reply)
  const put = async (request: FastifyRequest, reply: FastifyReply) =>
    takeBag(ports.bags, await key(request), request, reply, stateCharactersMax)
  const drop = async (request: FastifyRequest, reply: FastifyReply) => {
    const { bot, user } = await key(request)
    if (user !== undefined) await ports.bags.dropBags(bot, user)
    return reply.code(204).send()
  }
  const channel = `${base}/botstate/:channel`
  mount(app, `${channel}/users/:user`, { GET: read, POST: put, DELETE: drop }, activityBytesMax)
  mount(app, `${channel}/conversations/:conversation`, { GET: read, POST: put }, activityBytesMax)
  mount(app, `${channel}/conversations/:conversation/users/:user`, { GET: read, POST: put }, activityBytesMax)
}
