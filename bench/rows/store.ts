/**
 * The store through its port, as its log grows: appends with 64 waiting, and replays of the newest 50 activities. In
 * every round a small store, new on the same disk, is measured beside the large one.
 */
import { execFileSync } from 'node:child_process'
import { databaseFile } from '../../src/adapters/sqlite/folder.ts'
import type { ConversationId } from '../../src/protocol/ids.ts'
import { frameCharactersMax, pageEntriesMax } from '../../src/protocol/limits.ts'
import { position } from '../../src/protocol/watermark.ts'
import { type Figure, interleaved, inWords, median, quantile, type Say } from '../figures.ts'
import { appendOne, appendTo, toWrite } from '../fill.ts'
import { freeBytes } from '../folder.ts'
import { GrowingStore } from '../growing-store.ts'
import type { Scale } from '../scale.ts'

/** Appends that wait at a time while they are measured. */
const waiting = 64

/** What is replayed of a conversation. */
const tail = 50

/** On disk, the index and the log of what is to be written included: bytes for an activity of this bench. */
const bytesPerActivity = 750

type Round = { readonly appends: number; readonly oldAppends: number; readonly liveUs: number }

/** Runs the row. */
export async function store(scale: Scale, say: Say): Promise<readonly Figure[]> {
  const [smallSize, ...sizes] = scale.storeSizes
  await using large = await GrowingStore.open()
  const figures: Figure[] = []
  for (const size of sizes) {
    const missing = (size - large.size) * bytesPerActivity - (await freeBytes())
    if (missing > 0) {
      const megabytes = Math.ceil(missing / 1024 / 1024)
      say(`store: ${inWords(size)} activities are SKIPPED: the disk of the temporary folder lacks ${megabytes} MB`)
      break
    }
    await large.grow(size, say)
    const rounds = await interleaved(
      scale.rounds,
      {
        small: async () => {
          await using small = await GrowingStore.open()
          await small.grow(smallSize)
          return await measure(small, scale)
        },
        large: () => measure(large, scale),
      },
      round => say(`store, ${inWords(size)} activities: ${round}`),
    )
    figures.push(...figuresOf(size, smallSize, rounds), await coldReplays(large, scale, size))
  }
  return figures
}

async function measure(grown: GrowingStore, scale: Scale): Promise<Round> {
  const perSecond = async (appending: Promise<void>, appends: number) => {
    const startedMs = performance.now()
    await appending
    return (appends / (performance.now() - startedMs)) * 1000
  }
  const { opened, live } = grown
  const appends = await perSecond(appendTo(opened, live, scale.appends, waiting), scale.appends)
  const liveUs: number[] = []
  for (let replay = 0; replay < scale.replays; replay += 1) {
    // Live means that something has just been said: a commit makes SQLite's readers forget the pages they hold.
    const one = live[replay % live.length]
    if (one === undefined) break
    await appendOne(opened, one)
    liveUs.push(await replayUs(grown, one.id))
  }
  const oldAppends = Math.ceil(scale.appends / 10)
  const old = grown.some(oldAppends).map(toWrite)
  return {
    appends,
    oldAppends: await perSecond(appendTo(opened, old, oldAppends, waiting), oldAppends),
    liveUs: median(liveUs),
  }
}

/** Replays of conversations of any age, each read once, with nothing of the file in memory where the system allows that. */
async function coldReplays(grown: GrowingStore, scale: Scale, size: number): Promise<Figure> {
  const took: number[] = []
  let isForgotten = false
  for (let round = 1; round <= scale.rounds; round += 1) {
    isForgotten = forgetCached(databaseFile(grown.dir))
    for (const id of grown.some(scale.coldReplays)) took.push(await replayUs(grown, id))
  }
  return {
    id: `store.${size}.replay-cold`,
    what: `${inWords(size)} activities stored: replay of the last ${tail}, a conversation of any age, from the disk`,
    unit: 'µs',
    value: median(took),
    note: `p99 ${quantile(took, 0.99).toFixed(0)} µs${isForgotten ? '' : '; the system may have had the file in memory'}`,
  }
}

async function replayUs({ opened }: GrowingStore, id: ConversationId): Promise<number> {
  const last = (await opened.find(id))?.last ?? 0
  const after = position(Math.max(0, last - tail))
  const startedMs = performance.now()
  const { entries } = await opened.read(id, after, { entries: pageEntriesMax, characters: frameCharactersMax })
  const took = (performance.now() - startedMs) * 1000
  if (entries.length !== last - after)
    throw new Error(`A replay found ${entries.length} activities of ${last - after}.`)
  return took
}

/** Asks Linux to drop what it keeps of a file in memory. Answers whether it was asked. */
function forgetCached(file: string): boolean {
  if (process.platform !== 'linux') return false
  try {
    execFileSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' })
    return true
  } catch {
    // A `dd` that knows no better: the table says that the file was left in memory.
    return false
  }
}

function figuresOf(
  size: number,
  smallSize: number,
  rounds: { readonly small: readonly Round[]; readonly large: readonly Round[] },
): readonly Figure[] {
  const note = `against a store of ${inWords(smallSize)}`
  const figure = (id: string, what: string, name: keyof Round): Figure => ({
    id: `store.${size}.${id}`,
    what: `${inWords(size)} activities stored: ${what}`,
    unit: name === 'liveUs' ? 'µs' : '/s',
    value: median(rounds.large.map(round => round[name])),
    baseline: median(rounds.small.map(round => round[name])),
    note,
  })
  return [
    figure('append', `appends, ${waiting} waiting, live conversations`, 'appends'),
    figure('append-old', `appends, ${waiting} waiting, conversations of any age`, 'oldAppends'),
    figure('replay-live', `replay of the last ${tail}, live conversation`, 'liveUs'),
  ]
}
