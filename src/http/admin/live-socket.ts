/**
 * One live socket: its subscriptions, and what it is sent.
 */
import { type RawData, WebSocket } from 'ws'
import type { Events } from '../../domain/events.ts'
import type { Following, Live } from '../../domain/live.ts'
import type { LiveMessage, LiveTopic } from '../../protocol/admin-live.ts'
import { failures, ProtocolError } from '../../protocol/errors.ts'
import { isObject, type JsonObject, parseJson } from '../../protocol/fields.ts'
import { idCharactersMax } from '../../protocol/limits.ts'
import type { Session } from './session.ts'

/** Subscriptions of one socket. */
const subscriptionsMax = 32

/** Bytes that may lie unsent; beyond it nothing is sent, and what does not wait is counted. */
const unsentBytesMax = 256 * 1024

const topics: readonly LiveTopic[] = ['stats', 'records', 'turns', 'conversations', 'problems']

/** Somebody who looks in. */
export class LiveSocket {
  /** Who has opened it, if it was not the key itself. */
  readonly session: Session | undefined
  readonly #socket: WebSocket
  readonly #ports: { readonly live: Live; readonly events: Events }
  /** What ends each subscription; undefined while it begins. */
  readonly #subscriptions = new Map<string, { end: (() => void) | undefined; isOver: boolean }>()
  #isAlive = true

  constructor(
    socket: WebSocket,
    ports: { readonly live: Live; readonly events: Events },
    session: Session | undefined,
  ) {
    this.session = session
    this.#socket = socket
    this.#ports = ports
    socket.on('message', (data, isBinary) => this.#hear(data, isBinary))
    socket.on('pong', () => {
      this.#isAlive = true
    })
    // A broken socket closes, and closing is heard.
    socket.on('error', () => undefined)
  }

  /** Pings it; ends it if the last ping was not answered. */
  ping(): void {
    if (this.#isAlive) this.#socket.ping()
    else this.#socket.terminate()
    this.#isAlive = false
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason)
  }

  /** It has been closed. */
  ended(): void {
    for (const id of [...this.#subscriptions.keys()]) this.#unsubscribe(id)
  }

  #hear(data: RawData, isBinary: boolean): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return
    try {
      const { op, id, following } = readRequest(isBinary ? '' : data.toString())
      this.#unsubscribe(id)
      if (op === 'sub') this.#subscribe(id, following)
    } catch (error) {
      this.#refuse(error)
    }
  }

  #subscribe(id: string, following: Following): void {
    if (this.#subscriptions.size >= subscriptionsMax)
      throw new ProtocolError('Unacceptable', `A socket may have ${subscriptionsMax} subscriptions.`)
    const subscription: { end: (() => void) | undefined; isOver: boolean } = { end: undefined, isOver: false }
    this.#subscriptions.set(id, subscription)
    const sink = {
      isReady: () => this.#socket.bufferedAmount <= unsentBytesMax,
      take: (events: LiveMessage['events'], dropped: number) => {
        if (!subscription.isOver) this.#socket.send(JSON.stringify({ id, events, dropped } satisfies LiveMessage))
      },
    }
    this.#ports.live.follow(following, sink).then(
      end => {
        if (subscription.isOver) end()
        else subscription.end = end
      },
      (error: unknown) => {
        if (!subscription.isOver) this.#tellMissing(id, error)
      },
    )
  }

  #unsubscribe(id: string): void {
    const subscription = this.#subscriptions.get(id)
    if (subscription === undefined) return
    this.#subscriptions.delete(id)
    subscription.isOver = true
    subscription.end?.()
  }

  /** What nobody can understand ends the socket. */
  #refuse(error: unknown): void {
    const reason = error instanceof ProtocolError ? error.message : 'the service has failed'
    if (!(error instanceof ProtocolError)) this.#fault(error)
    this.close(error instanceof ProtocolError ? 1008 : 1011, reason)
  }

  /** There is nothing of that name to follow: a page that asks for several things goes on with the others. */
  #tellMissing(id: string, error: unknown): void {
    if (!(error instanceof ProtocolError)) {
      this.#refuse(error)
      return
    }
    const refused = { code: failures[error.failure].code, message: error.message }
    this.#socket.send(JSON.stringify({ id, events: [], dropped: 0, error: refused } satisfies LiveMessage))
  }

  #fault(error: unknown): void {
    this.#ports.events({ event: 'fault', during: 'following for who looks in', error })
  }
}

type Request = { readonly op: 'sub' | 'unsub'; readonly id: string; readonly following: Following }

/** @throws ProtocolError `Unacceptable` */
function readRequest(text: string): Request {
  const request = readObject(text)
  const { op, topic, after } = request
  const id = textIn(request, 'id')
  if (id === undefined) throw unacceptable("'id' is missing.")
  if (op !== 'sub' && op !== 'unsub') throw unacceptable(`'op' is "sub" or "unsub".`)
  const known = topics.find(one => one === topic)
  if (op === 'sub' && known === undefined) throw unacceptable(`'topic' is one of ${topics.join(', ')}.`)
  if (after !== undefined && !(Number.isSafeInteger(after) && Number(after) >= 0))
    throw unacceptable("'after' is the seq of a record.")
  const following = {
    topic: known ?? 'stats',
    bot: textIn(request, 'bot'),
    conversation: textIn(request, 'conversation'),
    after: after === undefined ? undefined : Number(after),
  }
  return { op, id, following }
}

function readObject(text: string): JsonObject {
  let value: unknown
  try {
    value = parseJson(text)
  } catch (cause) {
    throw new ProtocolError('Unacceptable', 'A frame is JSON text.', { cause })
  }
  if (!isObject(value)) throw unacceptable('A frame is a JSON object.')
  return value
}

function textIn(request: JsonObject, name: string): string | undefined {
  const value = request[name]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string' || value.length > idCharactersMax) throw unacceptable(`'${name}' is a short text.`)
  return value
}

const unacceptable = (message: string) => new ProtocolError('Unacceptable', message)
