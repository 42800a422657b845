/**
 * The command: which parts run, in which order, and what is printed of them.
 */
import { parseArgs } from 'node:util'
import { badBots } from './bad-bots.ts'
import { clockJumps } from './clock-jumps.ts'
import { drain } from './drain.ts'
import { fullDisk } from './full-disk.ts'
import { kills } from './kills.ts'
import { nodes } from './nodes.ts'
import { powerCuts } from './power-cuts.ts'
import { diceOf } from './random.ts'
import { silentReaders } from './silent-readers.ts'
import { simulation } from './simulation.ts'
import { soak } from './soak.ts'
import { isPassed, json, table } from './table.ts'
import { tornWrites } from './torn-writes.ts'
import { openFolder, type Part, type Report } from './world.ts'

type Options = {
  readonly seed: number
  readonly seconds: number | undefined
  readonly kills: number | undefined
  readonly only: string | undefined
  /** How many nodes, for the parts of several. */
  readonly nodes: number | undefined
  readonly soak: boolean
  readonly json: boolean
  readonly help: boolean
}

/** A part, and how long it takes at full length, about: seconds. */
type Listed = { readonly part: Part; readonly seconds: number }

/** The parts in their order. The cheap ones first: whoever broke the log need not wait for the kills. */
function partsOf(options: Options): Readonly<Record<string, Listed>> {
  if (options.soak) return { soak: { part: soak, seconds: 600 } }
  if (options.nodes !== undefined)
    return {
      nodes: { part: nodes(options.nodes, 'redis', options.kills), seconds: 600 },
      notify: { part: nodes(options.nodes, 'postgres', options.kills), seconds: 600 },
    }
  return {
    simulation: { part: simulation, seconds: 15 },
    torn: { part: tornWrites, seconds: 15 },
    power: { part: powerCuts, seconds: 20 },
    disk: { part: fullDisk, seconds: 10 },
    drain: { part: drain, seconds: 15 },
    clock: { part: clockJumps, seconds: 8 },
    bots: { part: badBots, seconds: 25 },
    readers: { part: silentReaders, seconds: 10 },
    kills: { part: kills(options.kills), seconds: 150 },
  }
}

const usage = (names: readonly string[]) => `Usage: npm run torture -- [options]

  --seed N      repeat the plan of a run
  --seconds N   how long it takes, about: the whole run, or the one part
  --kills N     how many kills, whatever the length
  --only NAME   one part: ${names.join(', ')}
  --nodes N     several nodes over PostgreSQL instead: parts nodes (news through Redis) and notify (through PostgreSQL)
  --soak        steady load for a long time instead, with memory, handles and waits watched
  --json        print the figures as JSON
  --help        print this
`

/**
 * Runs what the words ask for. Answers the exit code: 0 if every checker is clean, 1 if not, 2 for words it does not
 * know.
 *
 * @param progress takes one line that replaces the one before, or nothing where nobody watches
 */
export async function runTorture(
  words: readonly string[],
  print: (text: string) => void,
  progress: (line: string) => void,
): Promise<number> {
  let options: Options
  try {
    options = optionsOf(words)
  } catch (error) {
    print(`${error instanceof Error ? error.message : String(error)}\n`)
    return 2
  }
  const parts = partsOf(options)
  if (options.help || (options.only !== undefined && !Object.hasOwn(parts, options.only))) {
    print(usage(Object.keys(parts)))
    return options.help ? 0 : 2
  }
  const chosen = Object.entries(parts).filter(([name]) => options.only === undefined || options.only === name)
  const fullSeconds = chosen.reduce((sum, [, { seconds }]) => sum + seconds, 0)
  const scale = (options.seconds ?? fullSeconds) / fullSeconds
  if (!options.json) print(`seed ${options.seed}\n`)
  const reports: (readonly [string, Report])[] = []
  for (const [name, { part }] of chosen) {
    const report = await run(name, part, { seed: options.seed, scale, progress })
    reports.push([name, report])
    if (!options.json) print(table(name, report))
  }
  const failed = reports.filter(([, report]) => !isPassed(report))
  const repeat = failed.map(([name]) => again(name, (parts[name]?.seconds ?? 0) * scale, options))
  if (options.json) print(json(options.seed, reports, repeat))
  else print(failed.length === 0 ? 'Every checker is clean.\n' : `To repeat it:\n  ${repeat.join('\n  ')}\n`)
  return failed.length === 0 ? 0 : 1
}

/** Runs one part in a world of its own. What it throws is a failure, and its folders go in any case. */
export async function run(
  name: string,
  part: Part,
  options: { readonly seed: number; readonly scale: number; readonly progress?: (line: string) => void },
): Promise<Report & { readonly seconds: number }> {
  const beganMs = performance.now()
  await using folders = new AsyncDisposableStack()
  const report = await part({
    dice: diceOf(options.seed).apart(name),
    scale: options.scale,
    folder: async () => folders.use(await openFolder()).path,
    tell: progress => options.progress?.(`${name}: ${progress}`),
  }).catch(
    (error: unknown): Report => ({
      figures: [],
      failures: [error instanceof Error ? String(error.stack) : String(error)],
    }),
  )
  return { ...report, seconds: (performance.now() - beganMs) / 1000 }
}

function optionsOf(words: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...words],
    options: {
      seed: { type: 'string' },
      seconds: { type: 'string' },
      kills: { type: 'string' },
      only: { type: 'string' },
      nodes: { type: 'string' },
      soak: { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  return {
    seed: numberOf('--seed', values.seed) ?? Math.floor(Math.random() * 1_000_000),
    seconds: numberOf('--seconds', values.seconds),
    kills: numberOf('--kills', values.kills),
    only: values.only,
    nodes: numberOf('--nodes', values.nodes),
    soak: values.soak ?? false,
    json: values.json ?? false,
    help: values.help ?? false,
  }
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${name} takes a whole number, not "${text}"`)
  return Number(text)
}

/** What repeats one part as it was. */
function again(name: string, seconds: number, { seed, kills: count, nodes: several, soak: isSoak }: Options): string {
  const words = [
    isSoak ? '--soak' : `--only ${name}`,
    `--seed ${seed}`,
    `--seconds ${Math.max(1, Math.round(seconds))}`,
  ]
  if (several !== undefined) words.push(`--nodes ${several}`)
  if (count !== undefined && (name === 'kills' || several !== undefined)) words.push(`--kills ${count}`)
  return `npm run torture -- ${words.join(' ')}`
}
