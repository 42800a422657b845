/**
 * Several nodes of one service over one store, and a front before them that gives each connection to the next node, as
 * a load balancer without sticky sessions does.
 */

import { once } from 'node:events'
import { createServer, connect as dial, type Socket } from 'node:net'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { startLandline } from '../../../src/app.ts'
import type { Event } from '../../../src/domain/events.ts'
import type { Clock } from '../../../src/domain/ports.ts'
import type { Outside } from '../../../src/outside.ts'
import {
  type BotSettings,
  defaultBot,
  defaultSite,
  defaults,
  type Settings,
  type SiteSettings,
} from '../../../src/settings.ts'
import type { Administered } from '../../support/admin.ts'
import { neverOverloaded } from '../../support/app.ts'
import type { Chat, Service } from '../../support/direct-line.ts'
import { assertNothingTold, everythingIn } from '../../support/planted.ts'

/** What nodes stand on together: a store and whatever carries their news. */
export type Ground = AsyncDisposable & {
  /** The world of one node more. */
  open(clock: Clock, masterKey: string): Promise<Outside>
}

/** One node. */
export type Node = Service &
  Administered & {
    readonly events: readonly Event[]
    /** Whether it found the store new. */
    readonly isNew: boolean
    /** Ends it as SIGTERM does. */
    stop(): Promise<void>
  }

/** What a test may say of its nodes. */
export type NodesOptions = {
  /** The bot's messaging endpoint. Without one the bot is at an address where nobody listens. */
  readonly bot?: string
  readonly botSettings?: Partial<BotSettings>
  readonly site?: Partial<SiteSettings>
  readonly settings?: Partial<Settings>
  /** How far the wall clock of each node is ahead: milliseconds. */
  readonly aheadMs?: readonly number[]
}

/** The key all nodes are given. */
export const masterKey = Buffer.alloc(32, 7).toString('base64')

/** Starts nodes, all at once. Disposing stops them, and fails if their events have told what they must not. */
export async function startNodes<Count extends number>(
  ground: Pick<Ground, 'open'>,
  count: Count,
  options: NodesOptions = {},
): Promise<AsyncDisposable & { readonly nodes: Nodes<Count>; readonly front: Service }> {
  const front = await openFront()
  const nodes: Node[] = []
  const dispose = async () => {
    await Promise.all(nodes.map(node => node.stop()))
    await front[Symbol.asyncDispose]()
    for (const { events, secret, adminKey } of nodes)
      assertNothingTold(everythingIn(events), 'an event', [secret, adminKey])
  }
  const starts = await Promise.allSettled(
    Array.from({ length: count }, (_, at) => startNode(ground, front.origin, options, options.aheadMs?.[at] ?? 0)),
  )
  for (const start of starts) if (start.status === 'fulfilled') nodes.push(start.value)
  for (const start of starts) {
    if (start.status === 'fulfilled') continue
    await dispose()
    throw start.reason
  }
  front.ports.push(...nodes.map(({ origin }) => Number(new URL(origin).port)))
  const base = `${front.origin}/v3/directline`
  return {
    nodes: nodes as unknown as Nodes<Count>,
    front: { base, secret: nodes[0]?.secret ?? '' },
    [Symbol.asyncDispose]: dispose,
  }
}

type Nodes<Count extends number> = Count extends 2 ? readonly [Node, Node] : readonly [Node, Node, Node]

/** Starts one node. @param key the master key it is given */
export async function startNode(
  ground: Pick<Ground, 'open'>,
  publicUrl: string,
  options: NodesOptions = {},
  aheadMs = 0,
  key = masterKey,
): Promise<Node> {
  const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs }
  const site = { ...defaultSite, ...options.site }
  const endpoint = options.bot ?? 'http://127.0.0.1:9/api/messages'
  const settings: Settings = {
    ...defaults,
    listen: { host: '127.0.0.1', port: 0, further: 0 },
    bots: [{ ...defaultBot, endpoint, sites: [site], ...options.botSettings }],
    rateLimits: false,
    limits: neverOverloaded,
    publicUrl,
    ...options.settings,
  }
  const events: Event[] = []
  const outside = await ground.open(clock, key)
  try {
    const landline = await startLandline(settings, outside, event => events.push(event))
    let stopped: Promise<void> | undefined
    const { origin, secret, adminKey, isNew } = landline
    const stop = () => {
      stopped ??= landline.stop().then(() => outside[Symbol.asyncDispose]())
      return stopped
    }
    return { origin, base: `${origin}/v3/directline`, secret, adminKey, isNew, events, stop }
  } catch (error) {
    await outside[Symbol.asyncDispose]()
    throw error
  }
}

/** Passes connections on, each to the next port. */
async function openFront(): Promise<AsyncDisposable & { readonly origin: string; readonly ports: number[] }> {
  const ports: number[] = []
  const sockets = new Set<Socket>()
  let turn = 0
  const server = createServer(client => {
    turn += 1
    const port = ports[turn % ports.length]
    if (port === undefined) return client.destroy()
    const node = dial(port, '127.0.0.1')
    for (const [one, other] of [
      [client, node],
      [node, client],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
    return undefined
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    origin: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    ports,
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** A conversation as its client would find it at one node. */
export const at = ({ base }: Service, chat: Chat): Chat => ({
  ...chat,
  address: `${base}/conversations/${chat.conversation}`,
  streamUrl: urlAt({ base }, chat.streamUrl),
})

/** An address of the front as one node's. */
export function urlAt({ base }: Pick<Service, 'base'>, address: string | undefined): string {
  const url = new URL(address ?? 'http://missing.invalid')
  url.host = new URL(base).host
  return url.href
}

/**
 * How long a node may take to heed another before a test fails: milliseconds. It takes a second at most; the rest is for
 * a machine that is busy with something else.
 */
export const heededMs = 15_000

/** Asks again and again until the answer is as it should be. Fails if that takes longer than heeding may. */
export async function heeded<Answer>(
  what: string,
  ask: () => Promise<Answer>,
  isSo: (answer: Answer) => boolean,
  timeoutMs = heededMs,
): Promise<Answer> {
  const untilMs = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (isSo(answer)) return answer
    if (performance.now() > untilMs) throw new Error(`Not heeded within ${timeoutMs} ms: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
