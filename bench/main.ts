/**
 * `npm run bench`: what Landline costs as people start it, tokens checked and every commit synced, as ratios to a floor
 * measured in the same run. `docs/reference/bench.md` says what each row does.
 */
import { writeFile } from 'node:fs/promises'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Figure } from './figures.ts'
import { type Options, readOptions, usage } from './options.ts'
import { picture } from './picture.ts'
import { profile } from './profile.ts'
import { rows } from './rows.ts'
import { fullScale, quickScale } from './scale.ts'
import { type Heading, jsonOf, markdownTable, textTable } from './table.ts'

/** Above it, somebody else is using the machine. */
const quietLoad = 0.5

const startedMs = performance.now()
const say = (progress: string) => {
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0)
  process.stderr.write(`[${seconds.padStart(4)} s] ${progress}\n`)
}
// Ending the process is what ends everything that was started: see process.ts and folder.ts.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))

const options = understood(process.argv.slice(2))
if (options.help) process.stdout.write(usage)
else await bench(options)

function understood(words: readonly string[]): Options {
  try {
    return readOptions(words)
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n${usage}`)
    process.exit(2)
  }
}

async function bench(options: Options): Promise<void> {
  const { quick, only, format, svg } = options
  const sizes = quick ? quickScale : fullScale
  const scale = { ...sizes, nodes: options.nodes ?? sizes.nodes }
  say('Landline runs as shipped but for LANDLINE_RATE_LIMITS=off: its rates would measure themselves.')
  const load = loadavg()[0] ?? 0
  if (load > quietLoad) say(`The machine is busy (load ${load.toFixed(1)}): even the ratios will not mean much.`)
  if (options.profile) {
    process.stdout.write(await profile(scale, say))
    return
  }
  const figures: Figure[] = []
  for (const name of only) figures.push(...(await rows[name](scale, say)))
  const heading: Heading = {
    title: quick ? 'Landline, quick run: small sizes, the figures mean little.' : 'Landline, with everything on.',
    machine: machine(load),
  }
  const write = { text: textTable, markdown: markdownTable, json: jsonOf }[format]
  process.stdout.write(write(heading, figures))
  if (svg) await writeFile(fileURLToPath(new URL('../docs/bench.svg', import.meta.url)), picture(heading, figures))
}

function machine(load: number): string {
  const [cpu] = cpus()
  const gigabytes = Math.round(totalmem() / 1024 ** 3)
  const date = new Date().toISOString().slice(0, 10)
  return `${cpus().length} × ${cpu?.model ?? 'unknown processor'}, ${gigabytes} GB, ${process.platform} ${release()}, Node ${process.versions.node}, load at start ${load.toFixed(1)}, ${date}.`
}
