/**
 * Several nodes over one PostgreSQL, under load: nodes are killed in turn, PostgreSQL is restarted, killed, and cut off
 * from one node, and Redis vanishes and comes back. People and windows of one conversation are on different nodes, and
 * move to another when theirs is gone. The oracle is the same as for one node.
 */
import { call } from '../test/support/http.ts'
import { Bot } from './bot.ts'
import { type Cluster, type News, openCluster, withoutCluster } from './cluster.ts'
import { Crowd } from './crowd.ts'
import { faultsInDatabase } from './log-database.ts'
import type { Dice } from './random.ts'
import type { Service } from './service.ts'
import { verdictOn } from './verdict.ts'
import { Waits } from './waits.ts'
import { atLeast, atMost, became, type Figure, type Part, pause, quantile, type Report } from './world.ts'

/** Troubles of a run of full length, by kind. */
const fullRun = { kills: 200, rolls: 10, restarts: 8, crashes: 8, freezes: 4, cuts: 8, busStops: 6 }

/** Bounds of how long a trouble lasts: milliseconds. */
const downMsMax = 1_500
const cutMs = { least: 500, most: 4_000 }
/** Longer than a connection that does not answer is kept, and than a change waits for one that does. */
const frozenMs = { least: 1_000, most: 12_000 }
const busDownMs = { least: 1_500, most: 4_000 }

/** How Redis goes. */
const waysOfRedis = ['stop', 'kill', 'freeze'] as const

/** What is promised: milliseconds, on a machine that does nothing else. */
const promisedMs = { afterDeath: 1_000, afterDatabase: 2_000, newsWithoutBus: 1_500 }

/** How long anything may take to come back before the run is given up: milliseconds. */
const backTimeoutMs = 30_000

/** What a run has gone through, and what it has measured. */
class Troubles {
  readonly #cluster: Cluster
  readonly #crowd: Crowd
  readonly #waits: Waits
  readonly #dice: Dice
  readonly #afterDeathMs: number[] = []
  readonly #movedMs: number[] = []
  readonly #afterDatabaseMs: number[] = []
  readonly #mendedMs: number[] = []
  /** What went wrong with the troubles themselves. */
  readonly failures: string[] = []
  #acknowledgedInCuts = 0
  #kills = 0

  constructor(cluster: Cluster, crowd: Crowd, waits: Waits, dice: Dice) {
    this.#cluster = cluster
    this.#crowd = crowd
    this.#waits = waits
    this.#dice = dice
  }

  /** A node dies at a random moment or at the very moment of an acknowledgement, and is started again. */
  async kill(): Promise<void> {
    const node = this.#nextNode()
    if (this.#dice.happens(0.5)) await this.#crowd.acknowledgements(1 + this.#dice.below(60), 2_000)
    const orphans = this.#crowd.talkers.filter(({ base }) => base === node.base)
    await node.kill()
    this.#afterDeathMs.push(await this.#waits.next(backTimeoutMs))
    const moved = await Promise.all(orphans.map(({ who }) => this.#waits.next(backTimeoutMs, who)))
    this.#movedMs.push(...moved)
    await pause(this.#dice.below(300))
    await this.#start([node])
  }

  /** A node is stopped as in a rolling update, and started again. */
  async roll(): Promise<void> {
    const node = this.#nextNode()
    const { code } = await node.stop()
    if (code !== 0) this.failures.push(`a stop under load ended with ${code}: ${node.output}`)
    await this.#start([node])
  }

  /** PostgreSQL is shut down or killed, and started again. Now and then a node dies with it. */
  async database(how: 'stop' | 'kill'): Promise<void> {
    const { postgres } = this.#cluster
    const dead = this.#dice.happens(0.25) ? [this.#nextNode()] : []
    this.#waits.dropUnshown()
    await postgres[how]()
    for (const node of dead) await node.kill()
    await pause(this.#dice.below(downMsMax))
    await postgres.start()
    this.#afterDatabaseMs.push(await this.#waits.next(backTimeoutMs))
    await this.#start(dead)
  }

  /** PostgreSQL is there, and says no word for a while. */
  async freeze(): Promise<void> {
    const { postgres } = this.#cluster
    this.#waits.dropUnshown()
    postgres.freeze()
    await pause(frozenMs.least + this.#dice.below(frozenMs.most - frozenMs.least))
    postgres.thaw()
    this.#afterDatabaseMs.push(await this.#waits.next(backTimeoutMs))
  }

  /** The first node can't reach PostgreSQL for a while. */
  async cut(): Promise<void> {
    const { line, nodes } = this.#cluster
    const before = this.#crowd.acknowledged
    this.#waits.dropUnshown()
    line.cut(this.#dice.happens(0.5) ? 'broken' : 'silent')
    await pause(cutMs.least + this.#dice.below(cutMs.most - cutMs.least))
    this.#acknowledgedInCuts += this.#crowd.acknowledged - before
    line.mend()
    this.#mendedMs.push(await this.#untilReady(nodes[0]))
  }

  /** Redis is gone for a while: shut down, killed, or there and without a word. */
  async busStop(): Promise<void> {
    const { redis } = this.#cluster
    if (redis === undefined) return
    const way = waysOfRedis[this.#dice.below(waysOfRedis.length)] ?? 'stop'
    await redis[way]()
    this.#waits.beginShowing()
    await pause(busDownMs.least + this.#dice.below(busDownMs.most - busDownMs.least))
    this.#waits.endShowing()
    await (way === 'freeze' ? redis.thaw() : redis.start())
  }

  /** What was measured, against what is promised. */
  get figures(): readonly Figure[] {
    const waited = (name: string, ms: readonly number[], part: number, bar: number) =>
      atMost(name, quantile(ms, part), bar, ' ms')
    const shown = this.#waits.shownMs
    return [
      { name: 'acknowledged while a node was cut off', value: this.#acknowledgedInCuts },
      waited('death of a node to the next acknowledgement, p99', this.#afterDeathMs, 0.99, promisedMs.afterDeath),
      { name: 'the same for whoever was on it, p50', value: `${Math.round(quantile(this.#movedMs, 0.5))} ms` },
      { name: 'the same for whoever was on it, p99', value: `${Math.round(quantile(this.#movedMs, 0.99))} ms` },
      waited('database up to the next acknowledgement, longest', this.#afterDatabaseMs, 1, promisedMs.afterDatabase),
      waited('line mended to the node ready, longest', this.#mendedMs, 1, promisedMs.afterDatabase),
      ...(shown.length === 0
        ? []
        : [
            { name: 'seen to be shown at another node without Redis', value: shown.length },
            waited('longest from an acknowledgement to that', shown, 1, promisedMs.newsWithoutBus),
          ]),
    ]
  }

  async #start(nodes: readonly Service[]): Promise<void> {
    await Promise.all(nodes.map(node => node.start()))
  }

  #nextNode(): Service {
    const { nodes } = this.#cluster
    this.#kills += 1
    return nodes[this.#kills % nodes.length] ?? nodes[0]
  }

  async #untilReady(node: Service): Promise<number> {
    const beganMs = performance.now()
    const isReady = () =>
      call(`${node.origin}/ready`, { timeoutMs: 2_000 }).then(
        ({ status }) => status === 200,
        () => false,
      )
    const wasInTime = await became(isReady, backTimeoutMs)
    return wasInTime ? performance.now() - beganMs : Number.POSITIVE_INFINITY
  }
}

/** Makes the part. @param given how many kills; of a full run's number if not given */
export const nodes =
  (count: number, news: News, given?: number): Part =>
  async ({ dice, scale, folder, tell }) => {
    const why = withoutCluster(news)
    if (why !== undefined) return { figures: [], failures: [], skipped: [why] }
    await using bot = new Bot({ dice: dice.apart('bot'), thinksMsMax: 20 })
    await using cluster = await openCluster(bot, { dir: await folder(), count, news })
    const waits = new Waits()
    using crowd = new Crowd({
      target: cluster.target,
      bot,
      dice: dice.apart('crowd'),
      conversations: scale < 0.5 ? 8 : 16,
      flaky: true,
      pauseMsMax: 60,
      watch: waits,
    })
    await crowd.begin()
    const troubles = new Troubles(cluster, crowd, waits, dice.apart('troubles'))
    const plan = planOf(dice.apart('plan'), scale, given, news)
    for (const [at, trouble] of plan.entries()) {
      await pause(dice.below(400))
      tell(`${at} of ${plan.length} troubles, ${crowd.acknowledged} acknowledged; now ${trouble}`)
      await does[trouble](troubles)
    }
    const verdict = await verdictOn(crowd, bot)
    const { faults, entries } = await faultsInDatabase(cluster.postgres)
    return reportOf(plan, troubles, {
      figures: [
        ...verdict.figures,
        { name: 'turns begun before the same one had ended', value: bot.overlappingTurns },
        atLeast('entries walked in the database', entries, 1),
      ],
      failures: [...verdict.failures, ...faults],
    })
  }

/** A trouble, and what does it. */
const does = {
  kill: troubles => troubles.kill(),
  roll: troubles => troubles.roll(),
  restart: troubles => troubles.database('stop'),
  crash: troubles => troubles.database('kill'),
  freeze: troubles => troubles.freeze(),
  cut: troubles => troubles.cut(),
  busStop: troubles => troubles.busStop(),
} as const satisfies Readonly<Record<string, (troubles: Troubles) => Promise<void>>>

type Trouble = keyof typeof does

/** Every kind at least once, but for the freezes of a short run, in an order of the dice. */
function planOf(dice: Dice, scale: number, kills: number | undefined, news: News): readonly Trouble[] {
  const times = (full: number) => Math.max(1, Math.round(full * scale))
  const plan: Trouble[] = [
    ...Array<Trouble>(kills ?? Math.max(3, times(fullRun.kills))).fill('kill'),
    ...Array<Trouble>(times(fullRun.rolls)).fill('roll'),
    ...Array<Trouble>(times(fullRun.restarts)).fill('restart'),
    ...Array<Trouble>(times(fullRun.crashes)).fill('crash'),
    // Takes as long as everything else in a short run.
    ...Array<Trouble>(scale < 0.5 ? 0 : times(fullRun.freezes)).fill('freeze'),
    ...Array<Trouble>(times(fullRun.cuts)).fill('cut'),
    ...Array<Trouble>(news === 'redis' ? times(fullRun.busStops) : 0).fill('busStop'),
  ]
  return plan
    .map(trouble => ({ trouble, place: dice.share() }))
    .sort((a, b) => a.place - b.place)
    .map(({ trouble }) => trouble)
}

/** Says of each kind of trouble how often it came, and then everything else. */
function reportOf(plan: readonly Trouble[], troubles: Troubles, verdict: Pick<Report, 'figures' | 'failures'>): Report {
  const counted = Object.entries(names).flatMap(([kind, name]) => {
    const value = plan.filter(trouble => trouble === kind).length
    return value === 0 ? [] : [{ name, value }]
  })
  return {
    figures: [...counted, ...troubles.figures, ...verdict.figures],
    failures: [...troubles.failures, ...verdict.failures],
  }
}

const names: Readonly<Record<Trouble, string>> = {
  kill: 'nodes killed',
  roll: 'nodes stopped in order',
  restart: 'PostgreSQL restarted',
  crash: 'PostgreSQL killed',
  freeze: 'PostgreSQL frozen',
  cut: 'a node cut off from PostgreSQL',
  busStop: 'Redis gone',
}
