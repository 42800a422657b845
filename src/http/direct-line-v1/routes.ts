/**
 * Direct Line 1.1: every operation. The same conversations, tokens and log as 3.0; messages are a rendering of what
 * the log holds.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Attachments } from '../../domain/attachments.ts'
import type { ClientPage, Conversations } from '../../domain/conversations.ts'
import type { Credentials } from '../../domain/credentials.ts'
import { type ConversationGrant, grantFor, refuseFiles } from '../../domain/grant.ts'
import type { Inspection } from '../../domain/inspection.ts'
import type { Opening } from '../../domain/opening.ts'
import type { Clock } from '../../domain/ports.ts'
import { type Activity, parseActivityText } from '../../protocol/activity.ts'
import { readMediaType } from '../../protocol/attachment.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { activityBytesMax, jsonBytesMax, uploadBytesMax } from '../../protocol/limits.ts'
import { activityOfMessage, type Message, messageOfActivity, parseMessageText } from '../../protocol/message.ts'
import { parseOldStart, parseOldTokenParameters } from '../../protocol/token-parameters.ts'
import { type Position, writeWatermark } from '../../protocol/watermark.ts'
import { authenticator } from '../authorization.ts'
import { bodyBytes, bodyText, looseText } from '../bodies.ts'
import { beginTurn, told } from '../marks.ts'
import { type Handler, mount, type Origins } from '../paths.ts'
import { json, parameter, query, repeatKey } from '../requests.ts'
import type { Throttle } from '../throttle.ts'
import { isJsonNamed, partText, type ReadActivityPart, readUpload } from '../upload.ts'
import type { WrongCredentials } from '../wrong-credentials.ts'

/** What the routes need of the inside. */
export type OldDirectLinePorts = {
  readonly credentials: Credentials
  readonly opening: Opening
  readonly conversations: Conversations
  readonly attachments: Attachments
  readonly origins: Origins
  readonly clock: Clock
  readonly throttle: Throttle
  readonly wrongCredentials: WrongCredentials
  /** Undefined: nobody watches turns. */
  readonly inspection?: Inspection | undefined
  /** Whether new work is refused because the service is stopping. */
  readonly isStopping: () => boolean
}

const base = '/api'

/** A client in the wild sends again in a tight loop while the answer is 502: none comes sooner than this, in milliseconds. */
const leastFailureMs = 100

/** Mounts the API. */
export function oldDirectLine(ports: OldDirectLinePorts): (app: FastifyInstance) => void {
  const { credentials, opening, conversations, attachments, origins, clock, throttle } = ports
  const authenticate = authenticator(credentials, ports.wrongCredentials, 'v1')
  const granted = (request: FastifyRequest): ConversationGrant =>
    grantFor(authenticate(request), parameter(request, 'conversation'))
  const originOf = (request: FastifyRequest) => origins.of(request.raw, request.originalUrl)
  const refuseWhenStopping = () => {
    if (ports.isStopping()) throw new ProtocolError('Unavailable', 'The service is stopping.')
  }

  const generate: Handler = async (request, reply) => {
    const grant = authenticate(request)
    refuseWhenStopping()
    throttle.open(grant)
    return json(reply, (await opening.generate(grant, parseOldTokenParameters(looseText(request)))).token)
  }
  const renew: Handler = async (request, reply) => {
    const grant = authenticate(request)
    grantFor(grant, parameter(request, 'conversation'))
    return json(reply, (await opening.refresh(grant)).token)
  }
  const start: Handler = async (request, reply) => {
    const grant = authenticate(request)
    refuseWhenStopping()
    throttle.open(grant)
    const opened = await opening.start(grant, parseOldStart(looseText(request)), false)
    return json(reply, {
      conversationId: opened.conversation,
      token: opened.token,
      expires_in: opened.expiresInSeconds,
    })
  }
  const read: Handler = async (request, reply) => {
    const grant = granted(request)
    const watermark = query(request, 'watermark')
    const first = await throttle.poll(grant, watermark, () => conversations.read(grant, watermark))
    const page = await messagesFrom(first, read => conversations.read(grant, read))
    return json(reply, { messages: page.messages, watermark: writeWatermark(page.watermark) })
  }
  const post: Handler = async (request, reply) => {
    const grant = granted(request)
    refuseWhenStopping()
    throttle.send(grant)
    const activity = activityOfMessage(parseMessageText(bodyText(request, 'UnreadableActivity')), originOf(request))
    refuseFiles(grant.site, activity)
    const marks = beginTurn(ports.inspection, request, grant)
    const key = repeatKey(request, 'idempotency-key')
    await unhurried(clock, conversations.post(grant, activity, conversations.unnamedUser(grant), key, marks))
    return told(request, reply.code(204).send())
  }
  const upload: Handler = async (request, reply) => {
    const grant = granted(request)
    refuseWhenStopping()
    throttle.send(grant)
    refuseFiles(grant.site)
    const { sentContentType, headers } = request
    const read = readUpload(
      bodyBytes(request),
      sentContentType,
      headers['content-disposition'],
      activityPartReader(originOf(request)),
    )
    if (read.files.length === 0 && read.activity !== undefined) refuseEmpty(read.activity)
    const user = query(request, 'userId') || conversations.unnamedUser(grant)
    await conversations.mayPost(grant, read.activity, user)
    const activity = await attachments.stored(grant.conversation, read, originOf(request))
    const marks = beginTurn(ports.inspection, request, grant)
    const key = repeatKey(request, 'idempotency-key')
    await unhurried(clock, conversations.post(grant, activity, user, key, marks))
    return told(request, reply.code(204).send())
  }

  return app => {
    for (const path of ['/tokens', '/tokens/conversation'])
      mount(app, base + path, { GET: generate, POST: generate }, jsonBytesMax)
    mount(app, `${base}/tokens/:conversation/renew`, { GET: renew, POST: renew }, jsonBytesMax)
    mount(app, `${base}/conversations`, { POST: start }, jsonBytesMax)
    mount(app, `${base}/conversations/:conversation/messages`, { GET: read, POST: post }, activityBytesMax)
    mount(app, `${base}/conversations/:conversation/upload`, { POST: upload }, uploadBytesMax)
  }
}

/**
 * The messages of a page. Most types of activities are no messages; clients read until a page is empty, so pages are
 * passed over until one shows something or the log ends.
 *
 * @param readAfter gives the page after a watermark
 */
async function messagesFrom(
  first: ClientPage,
  readAfter: (watermark: string) => Promise<ClientPage>,
): Promise<{ readonly messages: readonly Message[]; readonly watermark: Position }> {
  let page = first
  for (;;) {
    const messages = page.entries.map(entry => messageOfActivity(entry.text)).filter(message => message !== undefined)
    if (messages.length > 0 || page.entries.length === 0) return { messages, watermark: page.watermark }
    page = await readAfter(writeWatermark(page.watermark))
  }
}

/** Beside files a message may say nothing; alone it may not. */
function refuseEmpty({ text, attachments, channelData }: Activity): void {
  if (text === undefined && !attachments?.length && channelData === undefined) {
    throw new ProtocolError('MissingProperty', 'The upload holds neither a file nor a message that says something.')
  }
}

/** The message part of a form, by its type or by its name; it may be an activity too. */
function activityPartReader(origin: string): ReadActivityPart {
  return (part, name) => {
    const type = readMediaType(part.headers.get('content-type'))
    if (type === 'application/vnd.microsoft.activity' || isJsonNamed(part, name, ['activity']))
      return parseActivityText(partText(part))
    const isMessage = type === 'application/vnd.microsoft.bot.message' || isJsonNamed(part, name, ['message'])
    return isMessage ? activityOfMessage(parseMessageText(partText(part), { allowEmpty: true }), origin) : undefined
  }
}

/** Holds back a bot's failure to answer, for clients that send again as fast as they are told. */
async function unhurried(clock: Clock, sending: Promise<unknown>): Promise<void> {
  const startedMs = clock.monotonicMs()
  try {
    await sending
  } catch (error) {
    const leftMs = startedMs + leastFailureMs - clock.monotonicMs()
    const isBotDown = error instanceof ProtocolError && error.failure === 'BotFailed' && !error.botAnswered
    if (isBotDown && leftMs > 0) await new Promise<void>(resolve => clock.after(leftMs, resolve))
    throw error
  }
}
