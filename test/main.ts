/**
 * `npm test`: every test, with one summary. Most files keep to themselves what they start, and run two at a time; the
 * others run alone, one after the other, because they need usual ports, a browser or the whole machine.
 * `npm test -- FILES` runs those files alone.
 */
import { globSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'

const inWire = (folder: string) => `test/wire/${folder}/`

/** Folders whose files may run beside others. */
const shared: readonly string[] = [
  ...['src/', 'test/config/', 'test/contract/'],
  ...['admin', 'bot-v1', 'connector', 'credentials', 'delivery', 'direct-line-v1', 'direct-line-v3'].map(inWire),
  ...['identity', 'inspection', 'operations', 'web-chat'].map(inWire),
]

/** For the process of each file: it ends when its tests have, and none of them waits for good. */
const execArgv = ['--test-force-exit', '--test-timeout=240000']

/** What a run says last: a count, or how long it took. */
const count = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/

/** What the runs say one after the other, and at the end their counts in one. */
async function* everything(runs: readonly { readonly files: string[]; readonly concurrency: number }[]) {
  const sums = new Map<string, number>()
  for (const { files, concurrency } of runs.filter(({ files }) => files.length > 0)) {
    for await (const event of run({ files, concurrency, execArgv })) {
      const [, name, sum] = (event.type === 'test:diagnostic' && count.exec(event.data.message)) || []
      if (event.type === 'test:fail' && event.data.todo === undefined) process.exitCode = 1
      if (name !== undefined && event.data.nesting === 0) sums.set(name, (sums.get(name) ?? 0) + Number(sum))
      else if (event.type !== 'test:summary') yield event
    }
  }
  for (const [name, sum] of sums)
    yield { type: 'test:diagnostic', data: { nesting: 0, level: 'info', message: `${name} ${sum}` } }
}

const given = process.argv.slice(2)
const files =
  given.length > 0
    ? given
    : ['src', 'test'].flatMap(top => globSync(`${top}/**/*.test.ts`, { exclude: ['**/node_modules/**'] })).toSorted()
const isShared = (file: string) => given.length === 0 && shared.some(folder => file.startsWith(folder))
const runs = [
  { files: files.filter(isShared), concurrency: 2 },
  { files: files.filter(file => !isShared(file)), concurrency: 1 },
]
await pipeline(Readable.from(everything(runs)), spec(), process.stdout)
