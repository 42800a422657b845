/**
 * Conversations in the admin API: the list, one of them, and what is done in one.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Access } from '../../domain/access.ts'
import type { Looking } from '../../domain/looking.ts'
import type { Begun, Steering } from '../../domain/steering.ts'
import { parseActivity } from '../../protocol/activity.ts'
import type { SentBody, StartedBody } from '../../protocol/admin-conversations.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { type JsonObject, parseOptionalObject } from '../../protocol/fields.ts'
import { activityBytesMax, idCharactersMax } from '../../protocol/limits.ts'
import { bodyText } from '../bodies.ts'
import { type Handler, mount, type Origins } from '../paths.ts'
import { json, parameter } from '../requests.ts'
import { type Audit, base, router } from './audit.ts'
import { knownFields } from './bodies.ts'
import { type LiveDoor, type LivePorts, liveRoute } from './live.ts'
import { readListQuery } from './queries.ts'
import { type RecordsPorts, recordRoutes } from './records.ts'
import { type SeriesPorts, seriesRoutes } from './series.ts'
import { type TailDoor, type TailPorts, tailRoute } from './tail.ts'

/** What the routes need of the inside. */
export type ConversationPorts = RecordsPorts &
  SeriesPorts &
  LivePorts &
  TailPorts & {
    readonly looking: Looking
    readonly steering: Steering
    readonly access: Access
    /** How whoever asks reaches us. */
    readonly seenFrom: Origins
  }

/** What the routes are given by those who let people in. */
export type Doorkeeper = LiveDoor & TailDoor & { readonly audit: Audit }

/** Mounts everything about conversations, and what happens now. */
export function conversationRoutes(app: FastifyInstance, ports: ConversationPorts, door: Doorkeeper): void {
  const { looking, steering, access, seenFrom } = ports
  const { audit } = door
  const nameIn = (request: FastifyRequest) => parameter(request, 'conversation')
  const startedBody = (request: FastifyRequest, { conversation, token, user }: Begun): StartedBody => ({
    conversationId: conversation,
    token,
    user,
    domain: `${seenFrom.of(request.raw, request.originalUrl)}/v3/directline`,
  })

  const list: Handler = async (request, reply) => json(reply, await looking.list(readListQuery(request)))
  const start: Handler = async (request, reply) => {
    const { bot, site, user } = parseStart(request)
    const begun = await steering.begin(bot, site, user)
    audit(request, 'tokenIssued', `new conversation ${begun.conversation}`)
    return json(reply.code(201), startedBody(request, begun))
  }
  const show: Handler = async (request, reply) => {
    const body = await looking.show(nameIn(request))
    if (body.token !== '') audit(request, 'tokenIssued', `conversation ${body.id}`)
    return json(reply, body)
  }
  const forget: Handler = async (request, reply) => {
    const name = nameIn(request)
    await access.forget(name)
    audit(request, 'conversationDeleted', name)
    return reply.code(204).send()
  }
  const send: Handler = async (request, reply) => {
    const { activity, as } = parseSend(request)
    const name = nameIn(request)
    const turn = await (as === 'user' ? steering.sendAsUser(name, activity) : steering.sendAsChannel(name, activity))
    audit(request, 'activitySent', `conversation ${name} as ${as}`)
    return json(reply, sentBody(turn))
  }
  const restart: Handler = async (request, reply) => {
    const begun = await steering.restart(nameIn(request), parseRestart(request))
    audit(request, 'tokenIssued', `new conversation ${begun.conversation}`)
    return json(reply.code(201), startedBody(request, begun))
  }
  const again: Handler = async (request, reply) => {
    const seq = parameter(request, 'seq')
    if (!/^[1-9]\d{0,8}$/.test(seq))
      throw new ProtocolError('UnknownActivity', 'The conversation has no such activity.')
    const name = nameIn(request)
    const turn = await steering.again(name, Number(seq))
    audit(request, 'activitySent', `conversation ${name} record ${seq} again`)
    return json(reply, sentBody(turn))
  }

  const route = router(app)
  route('/conversations', { GET: list, POST: start })
  route('/conversations/:conversation', { GET: show, DELETE: forget })
  mount(app, `${base}/conversations/:conversation/send`, { POST: send }, activityBytesMax)
  route('/conversations/:conversation/restart', { POST: restart })
  route('/conversations/:conversation/records/:seq/again', { POST: again })
  recordRoutes(route, ports)
  seriesRoutes(route, ports)
  tailRoute(app, ports, door)
  liveRoute(app, ports, door)
}

const sentBody = (turn: string | undefined): SentBody => (turn === undefined ? {} : { turn })

function parseStart(request: FastifyRequest) {
  const body = fieldsOf(request, ['bot', 'site', 'user', 'trace'])
  if (body['trace'] !== undefined && body['trace'] !== false)
    throw new ProtocolError('Unacceptable', "This service has no trace mode: 'trace' can only be false.")
  const bot = textIn(body, 'bot')
  if (bot === undefined) throw new ProtocolError('MissingProperty', "'bot' is missing.")
  return { bot, site: textIn(body, 'site'), user: textIn(body, 'user') }
}

function parseSend(request: FastifyRequest) {
  const { activity, as } = fieldsOf(request, ['activity', 'as'])
  if (as !== undefined && as !== 'user' && as !== 'channel')
    throw new ProtocolError('Unacceptable', `'as' must be "user" or "channel".`)
  if (activity === undefined) throw new ProtocolError('MissingProperty', "'activity' is missing.")
  return { activity: parseActivity(activity), as: as ?? 'user' } as const
}

function parseRestart(request: FastifyRequest): 'same' | 'new' {
  const { user } = fieldsOf(request, ['user'])
  if (user !== undefined && user !== 'same' && user !== 'new')
    throw new ProtocolError('Unacceptable', `'user' must be "same" or "new".`)
  return user ?? 'same'
}

const fieldsOf = (request: FastifyRequest, names: readonly string[]): JsonObject =>
  knownFields(parseOptionalObject(bodyText(request, 'MalformedBody')), names)

function textIn(body: JsonObject, name: string): string | undefined {
  const value = body[name]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string' || value === '' || value.length > idCharactersMax)
    throw new ProtocolError('MalformedBody', `'${name}' must be a text of at most ${idCharactersMax} characters.`)
  return value
}
