/**
 * One socket of a stream: what is sent to it, and what it may send.
 */
import type { Socket } from 'node:net'
import { type RawData, WebSocket } from 'ws'
import type { Conversations } from '../../domain/conversations.ts'
import type { Credentials } from '../../domain/credentials.ts'
import type { Listener } from '../../domain/cursor.ts'
import type { Events } from '../../domain/events.ts'
import { type ConversationGrant, refuseFiles } from '../../domain/grant.ts'
import type { Cursor } from '../../domain/hub.ts'
import type { Inspection } from '../../domain/inspection.ts'
import type { Clock } from '../../domain/ports.ts'
import { freeAtAfter, waitMs } from '../../domain/rates.ts'
import { parseActivityText } from '../../protocol/activity.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { UserId } from '../../protocol/ids.ts'
import { type Rate, unsentBytesMax } from '../../protocol/limits.ts'
import type { Throttle } from '../throttle.ts'
import type { SocketCaller } from './socket-count.ts'
import { textFrame } from './text-frame.ts'

/** What a socket needs of the inside. */
export type SocketPorts = {
  readonly credentials: Credentials
  readonly conversations: Conversations
  readonly clock: Clock
  readonly events: Events
  readonly throttle: Throttle
  /** Undefined: nobody watches turns. */
  readonly inspection?: Inspection | undefined
  /** How often a socket may send frames; undefined: as often as it likes. */
  readonly frameRate: Rate | undefined
}

/** A socket with what belongs to it: handlers are shared by all sockets, and find their way by this. */
export class StreamSocket extends WebSocket {
  stream: Stream | undefined
}

/** One socket as a listener. */
export class Stream implements Listener {
  readonly socket: StreamSocket
  readonly grant: ConversationGrant
  readonly caller: SocketCaller
  readonly #tcp: Socket
  /** Whether frames from the client are activities. */
  readonly #posts: boolean
  readonly #ports: SocketPorts
  #cursor: Cursor | undefined
  #isOver = false
  /** Once the client has sent too much, nothing more is heard from it. */
  #isDeaf = false
  /** The one number of the frames' rate. */
  #framesFreeAtMs = 0
  heardMs: number

  constructor(
    socket: StreamSocket,
    tcp: Socket,
    grant: ConversationGrant,
    caller: SocketCaller,
    posts: boolean,
    ports: SocketPorts,
  ) {
    this.socket = socket
    this.#tcp = tcp
    this.grant = grant
    this.caller = caller
    this.#posts = posts
    this.#ports = ports
    this.heardMs = ports.clock.monotonicMs()
  }

  /** Listens to the client. Handlers are shared by all sockets. */
  begin(): void {
    this.socket.stream = this
    this.socket.on('message', onMessage).on('ping', onPing).on('pong', onPong).on('error', ignore)
  }

  get user(): UserId | undefined {
    return this.grant.user?.id
  }

  send(frame: string): boolean {
    // Nothing may follow the frame that closes.
    if (this.socket.readyState !== WebSocket.OPEN) return true
    this.#tcp.write(frameOf(frame))
    if (this.#tcp.writableLength <= unsentBytesMax || !this.#tcp.writableNeedDrain) return true
    this.#tcp.once('drain', () => this.#cursor?.resume())
    return false
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason)
  }

  follow(cursor: Cursor): void {
    this.#cursor = cursor
    if (this.#isOver) cursor.end()
    else if (!this.#tcp.writableNeedDrain) cursor.resume()
  }

  ended(): void {
    this.#isOver = true
    this.#cursor?.end()
  }

  /** A pong says that the client is there, whether or not it was asked. */
  alive(): void {
    this.#takesFrame()
  }

  /** On `/stream` clients send only empty frames, to keep the line open; on `/multimodal` every other frame is an activity. */
  hear(data: RawData, isBinary: boolean): void {
    if (!this.#takesFrame() || !this.#posts || isBinary) return
    const text = data.toString()
    if (text !== '') this.#post(text)
  }

  /** A ping is answered unless the client reads too little already: answers must not pile up. */
  answer(ping: Buffer): void {
    if (this.#takesFrame() && this.#tcp.writableLength <= unsentBytesMax) this.socket.pong(ping)
  }

  #takesFrame(): boolean {
    if (this.#isDeaf) return false
    this.heardMs = this.#ports.clock.monotonicMs()
    const { frameRate } = this.#ports
    if (frameRate === undefined) return true
    if (waitMs(this.#framesFreeAtMs, this.heardMs, frameRate) > 0) {
      this.#stopHearing('too many frames')
      return false
    }
    this.#framesFreeAtMs = freeAtAfter(this.#framesFreeAtMs, this.heardMs, frameRate)
    return true
  }

  #stopHearing(reason: string, code = 1008): void {
    this.#isDeaf = true
    this.close(code, reason)
  }

  #post(text: string): void {
    const { credentials, conversations, throttle, events, inspection } = this.#ports
    // A client whose socket has been told to close can still send.
    const grant = credentials.current(this.grant)
    if (grant === undefined) return
    try {
      throttle.send(this.grant)
    } catch (error) {
      // Nobody is answered on a socket: its end tells the sender that this was not taken, nor anything after it.
      if (error instanceof ProtocolError && error.failure === 'Unavailable')
        this.#stopHearing('the service has too much to do', 1013)
      else this.#stopHearing('too many activities')
      return
    }
    const posted = new Promise(resolve => {
      const activity = parseActivityText(text)
      refuseFiles(grant.site, activity)
      const marks = inspection?.begin(grant.conversation, grant.bot, this.heardMs)
      resolve(conversations.post(grant, activity, undefined, undefined, marks))
    })
    posted.catch((error: unknown) => {
      // Nobody is answered on a socket; the bot's failures have been noted where they happened.
      if (!(error instanceof ProtocolError))
        events({ event: 'fault', during: 'taking an activity from a stream', error })
    })
  }
}

function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
  if (this instanceof StreamSocket) this.stream?.hear(data, isBinary)
}

function onPing(this: WebSocket, data: Buffer): void {
  if (this instanceof StreamSocket) this.stream?.answer(data)
}

function onPong(this: WebSocket): void {
  if (this instanceof StreamSocket) this.stream?.alive()
}

/** A broken socket closes, and closing is heard. */
const ignore = () => undefined

/** The last frame: a room's sockets are sent the same one, one after another. */
let last = { text: '', frame: textFrame('') }

function frameOf(text: string): Buffer {
  if (last.text !== text) last = { text, frame: textFrame(text) }
  return last.frame
}
