/**
 * The Bot Connector API as bots call it: conversations, activities and members. What this channel can't offer is
 * answered as the hosted one does.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Members, Participant } from '../../domain/members.ts'
import type { Replies } from '../../domain/replies.ts'
import { parseActivityText } from '../../protocol/activity.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { activityBytesMax, connectorBytesMax, jsonBytesMax } from '../../protocol/limits.ts'
import { bodyText } from '../bodies.ts'
import { type Handler, mount } from '../paths.ts'
import { json, parameter, query, repeatKey } from '../requests.ts'
import { type AdmissionPorts, admitBot, admitCaller } from './admission.ts'
import { type AttachmentPorts, connectorAttachments } from './attachments.ts'
import { botState, type StatePorts } from './state.ts'
import { noUserTokens } from './user-tokens.ts'

/** What the routes need of the inside. */
export type ConnectorPorts = AdmissionPorts &
  AttachmentPorts &
  StatePorts & { readonly replies: Replies; readonly members: Members }

/** Where a bot finds us: below its `serviceUrl`. The bare path is what bots with credentials of their own call. */
const bases = ['/connector/:opened/:mark', '']

/** Mounts the API. */
export function connector(ports: ConnectorPorts): (app: FastifyInstance) => void {
  return app => {
    for (const base of bases) {
      mountBelow(app, `${base}/v3`, ports)
      noUserTokens(app, base)
    }
  }
}

function mountBelow(app: FastifyInstance, base: string, ports: ConnectorPorts): void {
  const { replies, members } = ports
  const conversation = `${base}/conversations/:conversation`
  const granted = (request: FastifyRequest) => admitBot(ports, request)
  const refused: Handler = async request => {
    await admitCaller(ports, request)
    throw new ProtocolError('NotOffered', 'This channel does not support this operation.')
  }

  mount(
    app,
    `${base}/conversations`,
    {
      POST: refused,
      GET: async (request, reply) => {
        const { bot, grant } = await admitCaller(ports, request)
        if (grant === undefined) {
          const page = await members.conversations(bot, query(request, 'continuationToken') || undefined)
          return json(reply, page)
        }
        return json(reply, { conversations: [{ id: grant.conversation, members: await members.list(grant) }] })
      },
    },
    activityBytesMax,
  )

  mount(
    app,
    `${conversation}/activities`,
    {
      POST: async (request, reply) => {
        const grant = await granted(request)
        const { arrivedMs } = request
        const id = await replies.reply(grant, activityOf(request), undefined, requestId(request), arrivedMs)
        return json(reply, { id })
      },
    },
    activityBytesMax,
  )

  mount(app, `${conversation}/activities/history`, { POST: refused }, activityBytesMax)

  mount(
    app,
    `${conversation}/activities/:activity`,
    {
      POST: async (request, reply) => {
        const grant = await granted(request)
        const { arrivedMs } = request
        const to = parameter(request, 'activity')
        return json(reply, { id: await replies.reply(grant, activityOf(request), to, requestId(request), arrivedMs) })
      },
      PUT: async (request, reply) => {
        const grant = await granted(request)
        return json(reply, {
          id: await replies.update(grant, parameter(request, 'activity'), activityOf(request), requestId(request)),
        })
      },
      DELETE: async (request, reply) => {
        await replies.delete(await granted(request), parameter(request, 'activity'), requestId(request))
        return reply.code(200).send()
      },
    },
    activityBytesMax,
  )

  mount(
    app,
    `${conversation}/activities/:activity/members`,
    {
      GET: async (request, reply) =>
        json(reply, accounts(await members.ofActivity(await granted(request), parameter(request, 'activity')))),
    },
    jsonBytesMax,
  )

  mount(
    app,
    `${conversation}/members`,
    {
      GET: async (request, reply) => json(reply, accounts(await members.list(await granted(request)))),
    },
    jsonBytesMax,
  )

  mount(
    app,
    `${conversation}/members/:member`,
    {
      GET: async (request, reply) =>
        json(reply, account(await members.member(await granted(request), parameter(request, 'member')))),
      DELETE: async (request, reply) => {
        await members.leave(await granted(request), parameter(request, 'member'))
        return reply.code(200).send()
      },
    },
    jsonBytesMax,
  )

  mount(
    app,
    `${conversation}/pagedmembers`,
    {
      GET: async (request, reply) => {
        const page = await members.page(
          await granted(request),
          readPageSize(query(request, 'pageSize')),
          query(request, 'continuationToken') || undefined,
        )
        return json(reply, { members: accounts(page.members), continuationToken: page.continuationToken })
      },
    },
    jsonBytesMax,
  )

  connectorAttachments(app, base, ports, connectorBytesMax)
  botState(app, base, ports)
}

const activityOf = (request: FastifyRequest) => parseActivityText(bodyText(request, 'UnreadableActivity'))

const account = (member: Participant) => ({ id: member.id, name: member.name })
const accounts = (members: readonly Participant[]) => members.map(account)

/** What botbuilder repeats on every try of one call; `Idempotency-Key` from anyone. */
const requestId = (request: FastifyRequest) => repeatKey(request, 'x-ms-client-request-id', 'idempotency-key')

/** @throws ProtocolError `Unacceptable` for anything but a number from 1 */
function readPageSize(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  const size = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (size < 1) throw new ProtocolError('Unacceptable', "'pageSize' must be a whole number from 1.")
  return size
}
