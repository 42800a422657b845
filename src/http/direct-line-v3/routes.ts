/**
 * Direct Line 3.0: every operation but the stream.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Agents } from '../../domain/agents.ts'
import type { Attachments } from '../../domain/attachments.ts'
import type { Conversations } from '../../domain/conversations.ts'
import type { Credentials } from '../../domain/credentials.ts'
import { frameOf } from '../../domain/cursor.ts'
import { type ConversationGrant, grantFor, refuseFiles } from '../../domain/grant.ts'
import type { Inspection } from '../../domain/inspection.ts'
import type { Opened, Opening, Ticketed } from '../../domain/opening.ts'
import type { Bot } from '../../domain/sites.ts'
import { parseActivityText } from '../../protocol/activity.ts'
import { readMediaType } from '../../protocol/attachment.ts'
import { failures, ProtocolError } from '../../protocol/errors.ts'
import { activityBytesMax, jsonBytesMax, uploadBytesMax } from '../../protocol/limits.ts'
import { parseTokenParameters } from '../../protocol/token-parameters.ts'
import { writeWatermark } from '../../protocol/watermark.ts'
import { agentOf } from '../agent.ts'
import { authenticator } from '../authorization.ts'
import { bodyBytes, bodyText } from '../bodies.ts'
import { beginTurn, told } from '../marks.ts'
import { mount, type Origins } from '../paths.ts'
import { json, jsonType, parameter, query, repeatKey } from '../requests.ts'
import type { Throttle } from '../throttle.ts'
import { isJsonNamed, partText, type ReadActivityPart, readUpload } from '../upload.ts'
import type { WrongCredentials } from '../wrong-credentials.ts'
import { answerSession } from './session.ts'

/** What the routes need of the inside. */
export type DirectLinePorts = {
  readonly credentials: Credentials
  readonly opening: Opening
  readonly conversations: Conversations
  readonly agents: Agents
  readonly attachments: Attachments
  readonly origins: Origins
  readonly throttle: Throttle
  readonly wrongCredentials: WrongCredentials
  /** Undefined: nobody watches turns. */
  readonly inspection?: Inspection | undefined
  /** Whether new work is refused because the service is stopping. */
  readonly isStopping: () => boolean
  /** A UUID for a bot, the same each time. */
  readonly grammarIdOf: (bot: string) => string
}

const base = '/v3/directline'

/** Mounts the API. */
export function directLine(ports: DirectLinePorts): (app: FastifyInstance) => void {
  const { credentials, opening, conversations, attachments, origins, throttle } = ports

  const authenticate = authenticator(credentials, ports.wrongCredentials, 'v3')
  const granted = (request: FastifyRequest): ConversationGrant =>
    grantFor(authenticate(request), parameter(request, 'conversation'))
  const refuseWhenStopping = () => {
    if (ports.isStopping()) throw new ProtocolError('Unavailable', 'The service is stopping.')
  }
  /** That a conversation is not there is said before what is wrong with what was sent to it: clients end at that. */
  const unlessGone = async <Result>(grant: ConversationGrant, take: () => Promise<Result>): Promise<Result> => {
    try {
      return await take()
    } catch (error) {
      if (error instanceof ProtocolError && bodyFaults.has(failures[error.failure].status))
        await conversations.find(grant)
      throw error
    }
  }
  const opened = (request: FastifyRequest, reply: FastifyReply, { bot }: { bot: Bot }, result: Opened) => {
    const agent = agentOf(request)
    if (agent !== undefined) ports.agents.note(result.conversation, agent)
    const watermark = result.watermark === 'all' ? '-' : writeWatermark(result.watermark)
    const stream = origins.of(request.raw, request.originalUrl).replace(/^http/, 'ws')
    return json(reply, {
      ...ticketed(result),
      streamUrl: `${stream}${base}/conversations/${result.conversation}/stream?watermark=${watermark}&t=${result.ticket}`,
      referenceGrammarId: ports.grammarIdOf(bot.id),
    })
  }

  return app => {
    mount(
      app,
      `${base}/tokens/generate`,
      {
        POST: async (request, reply) => {
          const grant = authenticate(request)
          refuseWhenStopping()
          throttle.open(grant)
          const parameters = parseTokenParameters(bodyText(request, 'MalformedBody'))
          return json(reply, ticketed(await opening.generate(grant, parameters)))
        },
      },
      jsonBytesMax,
    )

    mount(
      app,
      `${base}/tokens/refresh`,
      {
        POST: async (request, reply) => json(reply, ticketed(await opening.refresh(authenticate(request)))),
      },
      jsonBytesMax,
    )

    mount(
      app,
      `${base}/conversations`,
      {
        POST: async (request, reply) => {
          const grant = authenticate(request)
          refuseWhenStopping()
          throttle.open(grant)
          const result = await opening.start(
            grant,
            parseTokenParameters(bodyText(request, 'MalformedBody')),
            isDirectLineJs(request),
          )
          reply.code(result.started ? 201 : 200)
          return opened(request, reply, grant.site, result)
        },
      },
      jsonBytesMax,
    )

    mount(
      app,
      `${base}/conversations/:conversation`,
      {
        GET: async (request, reply) => {
          const grant = granted(request)
          throttle.reconnect(grant)
          return opened(
            request,
            reply,
            grant,
            await opening.reconnect(grant, query(request, 'watermark'), isDirectLineJs(request)),
          )
        },
      },
      jsonBytesMax,
    )

    mount(
      app,
      `${base}/conversations/:conversation/activities`,
      {
        GET: async (request, reply) => {
          const grant = granted(request)
          const watermark = query(request, 'watermark')
          const page = await throttle.poll(grant, watermark, () => conversations.read(grant, watermark))
          return reply.type(jsonType).send(frameOf(page.entries, page.watermark))
        },
        POST: async (request, reply) => {
          const grant = granted(request)
          refuseWhenStopping()
          throttle.send(grant)
          const id = await unlessGone(grant, async () => {
            const activity = parseActivityText(bodyText(request, 'UnreadableActivity'))
            refuseFiles(grant.site, activity)
            const marks = beginTurn(ports.inspection, request, grant)
            return conversations.post(grant, activity, undefined, repeatKey(request, 'idempotency-key'), marks)
          })
          return told(request, json(reply, { id }))
        },
      },
      activityBytesMax,
    )

    mount(
      app,
      `${base}/conversations/:conversation/upload`,
      {
        POST: async (request, reply) => {
          const grant = granted(request)
          refuseWhenStopping()
          throttle.send(grant)
          refuseFiles(grant.site)
          const userId = query(request, 'userId')
          const upload = await unlessGone(grant, async () =>
            readUpload(
              bodyBytes(request),
              request.sentContentType,
              request.headers['content-disposition'],
              readActivityPart,
            ),
          )
          await conversations.mayPost(grant, upload.activity, userId)
          const activity = await attachments.stored(
            grant.conversation,
            upload,
            origins.of(request.raw, request.originalUrl),
          )
          const marks = beginTurn(ports.inspection, request, grant)
          const key = repeatKey(request, 'idempotency-key')
          return told(request, json(reply, { id: await conversations.post(grant, activity, userId, key, marks) }))
        },
      },
      uploadBytesMax,
    )

    mount(
      app,
      `${base}/session/getsessionid`,
      { GET: (request, reply) => answerSession(authenticate(request), request, reply) },
      jsonBytesMax,
    )
  }
}

/** What says that a body is at fault. */
const bodyFaults: ReadonlySet<number> = new Set([400, 413])

const activityTypes = new Set(['application/vnd.microsoft.activity', 'application/vnd.microsoft.bot.message'])

/** By its type, or by its name if it is JSON. DirectLineJS sets both. */
const readActivityPart: ReadActivityPart = (part, name) => {
  const isActivity =
    activityTypes.has(readMediaType(part.headers.get('content-type'))) || isJsonNamed(part, name, ['activity'])
  return isActivity ? parseActivityText(partText(part)) : undefined
}

const ticketed = (result: Ticketed) => ({
  conversationId: result.conversation,
  token: result.token,
  expires_in: result.expiresInSeconds,
})

/** DirectLineJS misses what comes between a start and its first set, unless it is told a watermark at once. */
const isDirectLineJs = (request: FastifyRequest): boolean =>
  /directlinejs/i.test(String(request.headers['x-ms-bot-agent'] ?? ''))
