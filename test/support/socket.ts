/**
 * A WebSocket that keeps every frame it is sent, in order, and can be waited for.
 */
import { type ClientOptions, WebSocket } from 'ws'
import { type Answer, readAnswer, type WireActivity } from './http.ts'
import { Changes, inTime } from './until.ts'

/** One frame. */
export type Frame = { readonly text: string; readonly isBinary: boolean }

/** An activity set. */
export type ActivitySet = { readonly activities: readonly WireActivity[]; readonly watermark?: string }

/** An open socket. Disposing it cuts the line. */
export type TestSocket = Disposable & {
  readonly frames: readonly Frame[]
  /** The sets in the frames, empty frames left out. */
  readonly sets: readonly ActivitySet[]
  /** The activities in the sets. */
  readonly activities: readonly WireActivity[]
  /** The socket itself, for what only it can do. */
  readonly ws: WebSocket
  /** Resolves when it has been closed, by whichever side. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  /** Resolves when `look` answers something; it is asked again with every frame. */
  until<Found>(
    what: string,
    look: (socket: TestSocket) => Found | undefined | false,
    timeoutMs?: number,
  ): Promise<Found>
  /** Resolves when an activity of this id has come. */
  untilId(id: string | undefined): Promise<WireActivity>
  /** Resolves when a message of this text has come. */
  untilText(text: string): Promise<WireActivity>
  /** Sends a text frame, or a binary one. */
  send(data: string | Uint8Array): void
  /** Closes it as a client does, and resolves when it is closed. */
  close(): Promise<void>
}

/** Opens a socket. Rejects if the handshake is refused. */
export async function openSocket(url: string | undefined, options: ClientOptions = {}): Promise<TestSocket> {
  const ws = new WebSocket(url ?? 'ws://missing.invalid', { perMessageDeflate: false, ...options })
  const frames: Frame[] = []
  const sets: ActivitySet[] = []
  const changes = new Changes(() => JSON.stringify(frames.map(({ text }) => text)))
  // Frames may come in one packet with the answer to the handshake: this listens before that can be.
  ws.on('message', (data, isBinary) => {
    const text = data.toString()
    frames.push({ text, isBinary })
    if (text !== '') sets.push(JSON.parse(text) as ActivitySet)
    changes.tell()
  })
  const closed = new Promise<{ code: number; reason: string }>(resolve => {
    ws.once('close', (code, reason) => resolve({ code, reason: reason.toString() }))
  })
  await inTime(
    `the socket ${url} to open`,
    new Promise<void>((resolve, reject) => {
      ws.once('open', resolve).once('error', reject)
    }),
  )
  ws.on('error', () => undefined)
  const socket: TestSocket = {
    frames,
    sets,
    get activities() {
      return sets.flatMap(({ activities }) => activities)
    },
    ws,
    closed,
    until: (what, look, timeoutMs) => changes.until(what, () => look(socket), timeoutMs),
    untilId: id => socket.until(`the activity ${id}`, ({ activities }) => activities.find(found => found.id === id)),
    untilText: text =>
      socket.until(`the text ${text}`, ({ activities }) => activities.find(found => found.text === text)),
    send: data => ws.send(data, { binary: typeof data !== 'string' }),
    async close() {
      ws.close(1000)
      await inTime('the socket to close', closed)
    },
    [Symbol.dispose]: () => ws.terminate(),
  }
  return socket
}

/** The answer to a handshake that is refused. Rejects if the socket opens. */
export function refusedHandshake(url: string | undefined, options: ClientOptions = {}): Promise<Answer> {
  const ws = new WebSocket(url ?? 'ws://missing.invalid', { perMessageDeflate: false, ...options })
  const refused = new Promise<Answer>((resolve, reject) => {
    ws.once('unexpected-response', (_request, response) => readAnswer(response).then(resolve, reject))
    ws.once('open', () => reject(new Error('The handshake was accepted.'))).on('error', reject)
  })
  return inTime('the handshake to be refused', refused).finally(() => {
    ws.terminate()
  })
}
