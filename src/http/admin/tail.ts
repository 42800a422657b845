/**
 * The tail: what is said and what became of it as lines of JSON, as long as somebody reads them.
 */
import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { Inspection } from '../../domain/inspection.ts'
import type { LiveSink } from '../../domain/live-feeds.ts'
import type { Sites } from '../../domain/sites.ts'
import type { TurnBody } from '../../protocol/admin-conversations.ts'
import type { TailLine } from '../../protocol/admin-live.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { botId } from '../../protocol/ids.ts'
import { jsonBytesMax } from '../../protocol/limits.ts'
import { type Handler, mount } from '../paths.ts'
import { base } from './audit.ts'
import type { LivePorts } from './live.ts'
import { readTailQuery } from './queries.ts'
import type { Session, Sessions } from './session.ts'

/** What the tail needs of the inside. */
export type TailPorts = LivePorts & {
  readonly inspection: Pick<Inspection, 'turn'>
  readonly sites: Pick<Sites, 'bot'>
}

/** What the tail is given by those who let people in. */
export type TailDoor = {
  /** The session with which a request was let in, if it was not the key itself. */
  readonly sessionOf: (request: IncomingMessage) => Session | undefined
  readonly sessions: Pick<Sessions, 'hasEnded' | 'listen'>
}

/** Readers at once. */
const tailsMax = 64

/** An empty line tells readers, and whatever stands in between, that the line is alive: milliseconds. */
const heartbeatMs = 20_000

/** The longest time that can be asked for: seconds. */
const secondsMax = 24 * 60 * 60

/** How long a reader may take to read on when it ends: milliseconds. */
const endWaitMs = 1_000

/** Bytes that may lie unread; beyond it what comes is counted. */
const unreadBytesMax = 256 * 1024

/** Turns that have had their line. */
const toldMax = 10_000

/** Mounts the tail. */
export function tailRoute(app: FastifyInstance, ports: TailPorts, { sessionOf, sessions }: TailDoor): void {
  /** With the session of whoever reads. */
  const open = new Map<Tail, Session | undefined>()
  const tail: Handler = async (request, reply) => {
    if (ports.isStopping()) throw new ProtocolError('Unavailable', 'The service is stopping.')
    if (open.size >= tailsMax) throw new ProtocolError('Unavailable', 'Too many are looking in already.')
    const asked = readTailQuery(request)
    const { bot } = asked.followed
    // Nothing would ever come of one that is misspelt.
    if (bot !== undefined && ports.sites.bot(botId(bot)) === undefined)
      throw new ProtocolError('UnknownBot', 'There is no such bot.')
    const session = sessionOf(request.raw)
    const own = new Tail(ports, asked)
    open.set(own, session)
    own.lines.once('close', () => open.delete(own))
    try {
      await own.follow(asked.followed)
      // It may have ended since it was shown.
      if (session !== undefined && sessions.hasEnded(session))
        throw new ProtocolError('AdminKeyNeeded', 'The session has ended.')
    } catch (error) {
      own.lines.destroy()
      throw error
    }
    if (asked.seconds !== undefined) own.endAfter(asked.seconds)
    return reply.type('application/x-ndjson; charset=utf-8').send(own.lines)
  }
  mount(app, `${base}/tail`, { GET: tail }, jsonBytesMax)
  app.addHook('preClose', async () => {
    for (const own of open.keys()) own.end()
  })
  sessions.listen(() => {
    for (const [own, session] of open) if (session !== undefined && sessions.hasEnded(session)) own.end()
  })
}

/** One reader. */
class Tail {
  readonly lines = new PassThrough({ highWaterMark: unreadBytesMax })
  readonly #ports: TailPorts
  readonly #wanted: { readonly failed: boolean; readonly bodies: boolean }
  readonly #ends: (() => void)[] = []
  readonly #told = new Set<string>()
  #cancelBeat: () => void = () => undefined
  #cancelEnd: () => void = () => undefined
  /** Lines are written in the order of their events, though some must be fetched. */
  #last: Promise<void> = Promise.resolve()

  constructor(ports: TailPorts, wanted: { readonly failed: boolean; readonly bodies: boolean }) {
    this.#ports = ports
    this.#wanted = wanted
    this.lines.once('close', () => this.#ended())
    // Whoever reads has gone: closing is heard.
    this.lines.on('error', () => undefined)
    this.#beat()
  }

  /** @throws ProtocolError `UnknownConversation` */
  async follow(followed: {
    readonly bot: string | undefined
    readonly conversation: string | undefined
  }): Promise<void> {
    const { live } = this.#ports
    const isReady = () => !this.lines.writableNeedDrain
    const records: LiveSink<'records'> = {
      isReady,
      take: (events, dropped) => {
        for (const event of events) this.#write(async () => ({ kind: 'record', ...event }))
        this.#dropped(dropped)
      },
    }
    const turns: LiveSink<'turns'> = {
      isReady,
      take: (events, dropped) => {
        for (const turn of events) if (this.#isWanted(turn)) this.#write(() => this.#lineOf(turn))
        this.#dropped(dropped)
      },
    }
    if (!this.#wanted.failed) this.#follows(await live.follow({ topic: 'records', ...followed }, records))
    this.#follows(await live.follow({ topic: 'turns', ...followed }, turns))
  }

  /** Whoever has been ended meanwhile follows nothing. */
  #follows(end: () => void): void {
    if (this.lines.destroyed) end()
    else this.#ends.push(end)
  }

  endAfter(seconds: number): void {
    this.#cancelEnd = this.#ports.clock.after(Math.min(seconds, secondsMax) * 1000, () => this.end())
  }

  /** Ends it; a reader who does not read on is cut off. */
  end(): void {
    this.lines.end()
    this.#cancelBeat()
    this.#cancelBeat = this.#ports.clock.after(endWaitMs, () => this.lines.destroy())
  }

  /** A turn has one line, when it is known what came of it. */
  #isWanted({ id, outcome }: TurnBody): boolean {
    if (outcome === 'running' || (this.#wanted.failed && outcome === 'ok') || this.#told.has(id)) return false
    if (this.#told.size >= toldMax) this.#told.delete(this.#told.keys().next().value ?? '')
    this.#told.add(id)
    return true
  }

  async #lineOf(turn: TurnBody): Promise<TailLine> {
    const whole = this.#wanted.bodies ? await this.#ports.inspection.turn(turn.id) : undefined
    return { kind: 'turn', turn: whole ?? turn }
  }

  #dropped(dropped: number): void {
    if (dropped > 0) this.#write(async () => ({ kind: 'dropped', dropped }))
  }

  #write(line: () => Promise<TailLine>): void {
    this.#last = this.#last
      .then(line)
      .then(written => {
        if (!this.lines.writableEnded) this.lines.write(`${JSON.stringify(written)}\n`)
      })
      .catch((error: unknown) => this.#ports.events({ event: 'fault', during: 'writing a tail', error }))
  }

  /** The first one brings the headers on their way. */
  #beat(): void {
    if (this.lines.writableEnded || this.lines.destroyed) return
    if (!this.lines.writableNeedDrain) this.lines.write('\n')
    this.#cancelBeat = this.#ports.clock.after(heartbeatMs, () => this.#beat())
  }

  #ended(): void {
    this.#cancelBeat()
    this.#cancelEnd()
    for (const end of this.#ends) end()
  }
}
