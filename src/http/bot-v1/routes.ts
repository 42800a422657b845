/**
 * What v1 bots call: messages by their own initiative, and the data they keep with the channel.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { BagKey, BagStore } from '../../domain/bag-port.ts'
import { keepBags } from '../../domain/bags.ts'
import { botGrant } from '../../domain/grant.ts'
import type { Replies } from '../../domain/replies.ts'
import type { Bot, Sites } from '../../domain/sites.ts'
import { refuseLong } from '../../protocol/activity.ts'
import { keptMessageOf } from '../../protocol/bot-message.ts'
import { readBotReply } from '../../protocol/bot-reply.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { parseOptionalObject } from '../../protocol/fields.ts'
import { readConversationId, userId } from '../../protocol/ids.ts'
import { activityBytesMax, bagCharactersMax } from '../../protocol/limits.ts'
import { answerBag, takeBag } from '../bag-answer.ts'
import { bodyText } from '../bodies.ts'
import { mount } from '../paths.ts'
import { json, parameter, repeatKey } from '../requests.ts'
import type { Throttle } from '../throttle.ts'
import type { WrongCredentials } from '../wrong-credentials.ts'
import { authorizeOldBot } from './bot-authorization.ts'

/** What the routes need of the inside. */
export type OldBotPorts = {
  readonly sites: Sites
  readonly replies: Replies
  readonly bags: BagStore
  readonly throttle: Throttle
  readonly wrongCredentials: WrongCredentials
}

const base = '/bot/v1.0'

/** Mounts the API. */
export function oldBots(ports: OldBotPorts): (app: FastifyInstance) => void {
  const post = async (request: FastifyRequest, reply: FastifyReply) => {
    const bot = admitOldBot(ports, request)
    const text = bodyText(request, 'MalformedBody')
    const body = parseOptionalObject(text)
    const said = readBotReply(body, undefined)
    if (said.activity !== undefined) refuseLong(said.activity, text)
    if (said.conversation === undefined) {
      throw new ProtocolError(
        'MissingProperty',
        "A message needs the 'conversationId' of a conversation with a client.",
      )
    }
    const conversation = readConversationId(said.conversation)
    if (conversation === undefined) throw new ProtocolError('UnknownConversation', 'Unknown conversation.')
    const grant = botGrant(conversation, bot)
    await ports.replies.find(grant)
    const user = await ports.replies.addressee(grant, { to: said.user, repliesTo: said.repliesTo })
    await keepBags(ports.bags, { bot: bot.id, conversation, user: user?.id }, said.bags)
    if (said.activity === undefined) return json(reply, {})
    const key = repeatKey(request, 'idempotency-key')
    const id = await ports.replies.reply(grant, said.activity, undefined, key, request.arrivedMs)
    const kept = await ports.replies.textOf(grant, id)
    return json(reply, (kept === undefined ? undefined : keptMessageOf(kept, user)) ?? {})
  }
  const read = (keyOf: KeyOf) => (request: FastifyRequest, reply: FastifyReply) =>
    answerBag(ports.bags, keyOf(ownBot(ports, request), request), reply)
  const put = (keyOf: KeyOf) => (request: FastifyRequest, reply: FastifyReply) =>
    takeBag(ports.bags, keyOf(ownBot(ports, request), request), request, reply, bagCharactersMax)
  return app => {
    mount(app, `${base}/messages`, { POST: post }, activityBytesMax)
    for (const [path, keyOf] of bagPaths)
      mount(app, base + path, { GET: read(keyOf), POST: put(keyOf) }, activityBytesMax)
  }
}

type KeyOf = (bot: Bot, request: FastifyRequest) => BagKey

const bagPaths: readonly (readonly [string, KeyOf])[] = [
  ['/bots/:bot/users/:user', (bot, request) => ({ bot: bot.id, user: userOf(request), conversation: undefined })],
  [
    '/bots/:bot/conversations/:conversation',
    (bot, request) => ({ bot: bot.id, user: undefined, conversation: conversationOf(request) }),
  ],
  [
    '/bots/:bot/conversations/:conversation/users/:user',
    (bot, request) => ({ bot: bot.id, user: userOf(request), conversation: conversationOf(request) }),
  ],
]

const userOf = (request: FastifyRequest) => userId(parameter(request, 'user'))

function conversationOf(request: FastifyRequest) {
  const conversation = readConversationId(parameter(request, 'conversation'))
  if (conversation === undefined) throw new ProtocolError('UnknownConversation', 'Unknown conversation.')
  return conversation
}

/** The bot that calls, held to its rate. @throws ProtocolError as `authorizeOldBot`; `TooManyRequests` */
function admitOldBot({ sites, throttle, wrongCredentials }: OldBotPorts, request: FastifyRequest): Bot {
  const bot = wrongCredentials.check(request.raw, () => authorizeOldBot(sites, request))
  throttle.botCall(bot.id)
  return bot
}

/** The bot in the path is the one that calls, by its id here or by its app id. @throws ProtocolError `Forbidden` */
function ownBot(ports: OldBotPorts, request: FastifyRequest): Bot {
  const bot = admitOldBot(ports, request)
  const named = parameter(request, 'bot')
  if (named !== bot.id && named !== bot.app?.id)
    throw new ProtocolError('Forbidden', 'This is the data of another bot.')
  return bot
}
