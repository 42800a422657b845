/**
 * A service with small limits, so that a test reaches them at once, and bytes sent to it by hand.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { defaultLimits, type Limits, type Rate } from '../../../src/protocol/limits.ts'
import type { Settings } from '../../../src/settings.ts'
import { neverOverloaded, startApp, type TestApp, type TestAppOptions } from '../../support/app.ts'
import { Changes, inTime } from '../../support/until.ts'

/** Limits a test wants; the others are as in the settings' defaults. */
export type SomeLimits = Partial<Omit<Limits, 'rates'>> & { readonly rates?: Partial<Limits['rates']> }

/** The settings of a service with these limits, held to its rates. */
export function limited({ rates, ...limits }: SomeLimits): Pick<Settings, 'rateLimits' | 'limits'> {
  return {
    rateLimits: true,
    limits: { ...neverOverloaded, ...limits, rates: { ...defaultLimits.rates, ...rates } },
  }
}

/** Starts a service with these limits. */
export const startLimited = (limits: SomeLimits, options: TestAppOptions = {}): Promise<TestApp> =>
  startApp({ ...options, settings: { ...options.settings, ...limited(limits) } })

/** So many at once, and then none for longer than a test lives. */
export const few = (burst: number): Rate => ({ perSecond: 0.001, burst })

/** A connection whose bytes are a test's own. */
export type Line = Disposable & {
  readonly socket: Socket
  /** Everything that has come back. */
  received(): string
  /** Resolves when `look` says so of what has come back. */
  until(what: string, look: (received: string) => boolean): Promise<string>
  /** Resolves with everything when the other side has closed. */
  readonly closed: Promise<string>
  write(text: string | Uint8Array): void
}

/** Opens a connection to a service on this machine. */
export async function openLine(port: number): Promise<Line> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  const changes = new Changes(() => JSON.stringify(text))
  socket.on('data', chunk => {
    text += chunk.toString('latin1')
    changes.tell()
  })
  socket.on('error', () => undefined)
  const closed = new Promise<string>(resolve => {
    socket.once('close', () => resolve(text))
  })
  await inTime('a connection', once(socket, 'connect'))
  return {
    socket,
    received: () => text,
    until: async (what, look) => {
      await changes.until(what, () => look(text))
      return text
    },
    get closed() {
      return inTime('the connection to be closed', closed)
    },
    write: bytes => {
      socket.write(bytes)
    },
    [Symbol.dispose]: () => socket.destroy(),
  }
}

/** The statuses of the answers in what has come back. */
export const statusesIn = (received: string): readonly number[] =>
  [...received.matchAll(/(?:^|\n|\})HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
