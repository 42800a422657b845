/**
 * Power cuts: everything the real process asks of the disk is noted, write by write and sync by sync, and then the
 * power is cut at hundreds of moments, above all right after acknowledgements. What had not been synced at that moment
 * is forgotten, torn or out of order; what anybody had been acknowledged must be there all the same.
 *
 * A disk that forgets syncs of the write-ahead log is put to the same test, as `synchronous=NORMAL` would have it: it
 * must be caught, or the test sees nothing.
 */
import { Bot } from './bot.ts'
import { Crowd } from './crowd.ts'
import { Disk, type DiskNote, diskLogEnvironment, readDiskLog, whyNoDiskLog } from './disk-log.ts'
import { hashesOf, isBeginningOf, stateOf } from './log-file.ts'
import type { Dice } from './random.ts'
import { serviceFor } from './service.ts'
import { atLeast, atMost, type Part, type World } from './world.ts'

const cutsOfFullRun = 200
const forgetfulCuts = 20

/** In a run of its own each so many-th sync of the write-ahead log fails. */
const failingEach = 23
const failingShare = 0.3

/**
 * Lives of the service, and where syncs fail: the first is stopped in order, which moves the log into the database; the
 * others are killed.
 */
const lives = 3
const failingLives = 2

/** Acknowledgements in each life: enough for the write-ahead log to be moved into the database under way. */
const acknowledgementsOfFullLife = 800
const acknowledgementsMin = 40

/** Something acknowledged, and when. */
type Acknowledgement = { readonly conversation: string; readonly position: number; readonly atMs: number }

/** Runs the part. */
export const powerCuts: Part = async world => {
  const skipped = whyNoDiskLog()
  if (skipped !== undefined) return { figures: [], failures: [], skipped: [skipped] }
  const good = await cutRun(world, { fails: 0, share: 1, lives })
  const late = good.moments.slice(-forgetfulCuts)
  const forgetful = cutAt(late, good, name => name.endsWith('-wal'))
  const failing = await cutRun(world, { fails: failingEach, share: failingShare, lives: failingLives })
  const count = ({ notes }: Run, kind: DiskNote['kind'], of = '') =>
    notes.filter(note => note.kind === kind && note.name.endsWith(of)).length
  return {
    figures: [
      { name: 'lives', value: lives },
      { name: 'acknowledged', value: good.acknowledged.length },
      { name: 'writes noted', value: count(good, 'W') },
      { name: 'syncs noted', value: count(good, 'S') },
      { name: 'syncs of the database itself', value: count(good, 'S', 'landline.db') },
      { name: 'power cuts', value: good.moments.length },
      atMost('power cuts that lost or broke something', good.found.length, 0),
      { name: 'power cuts of a disk that forgets syncs', value: late.length },
      atLeast('of these found to have lost something', forgetful.length, 1),
      { name: 'acknowledged although syncs fail', value: failing.acknowledged.length },
      atLeast('syncs that failed', count(failing, 'F'), 1),
      { name: 'power cuts of a disk whose syncs fail', value: failing.moments.length },
      atMost('of these that lost or broke something', failing.found.length, 0),
    ],
    failures: [...good.failures, ...failing.failures],
  }
}

/** One run of the service, and the power cuts that were made of it. */
type Run = Cuts & {
  readonly moments: readonly number[]
  readonly found: readonly string[]
  readonly failures: readonly string[]
}

/** How a run is to be: see the constants above. */
type RunOptions = { readonly fails: number; readonly share: number; readonly lives: number }

async function cutRun({ dice, scale, folder, tell }: World, options: RunOptions): Promise<Run> {
  const { fails, share } = options
  const dir = await folder()
  const build = await folder()
  const own = dice.apart(`fails ${fails}`)
  const environment = diskLogEnvironment(dir, build, fails)
  const load = { count: options.lives, acknowledgements: acknowledgementsOfFullLife * scale * share }
  const acknowledged = await livesOf(dir, environment, own, load, tell)
  const notes = readDiskLog(build)
  const whole = new Disk(own)
  for (const note of notes) whole.take(note)
  // Before anybody opens the files, which may tidy them up.
  const isAll = whole.isAllOf(dir)
  const moments = momentsOf(acknowledged, notes, Math.max(20, Math.round(cutsOfFullRun * scale * share)), own)
  const cuts = { dir, work: await folder(), notes, acknowledged, dice: own.apart('cuts'), tell }
  const found = cutAt(moments, cuts, () => false)
  const unseen = isAll ? [] : ['The files are not what was noted: something of the disk went unseen.']
  return { ...cuts, moments, found, failures: [...unseen, ...found.slice(0, 10)] }
}

/** Lets the service live and die under load. Answers what was acknowledged. */
async function livesOf(
  dir: string,
  environment: Readonly<Record<string, string>>,
  dice: Dice,
  load: { readonly count: number; readonly acknowledgements: number },
  tell: (progress: string) => void,
): Promise<readonly Acknowledgement[]> {
  await using bot = new Bot({ dice: dice.apart('bot') })
  const service = await serviceFor(bot, dir, { environment })
  using crowd = new Crowd({
    target: service,
    bot,
    dice: dice.apart('crowd'),
    conversations: 12,
    flaky: false,
    pauseMsMax: 10,
  })
  const each = Math.max(acknowledgementsMin, Math.round(load.acknowledgements))
  try {
    await service.start()
    await crowd.begin()
    for (let life = 1; life <= load.count; life += 1) {
      const goal = crowd.acknowledged + each
      while (crowd.acknowledged < goal) await crowd.acknowledgements(1, 1_000)
      if (life === 1) await service.stop()
      else await service.kill()
      if (life < load.count) await service.start()
      tell(`${life} of ${load.count} lives`)
    }
  } finally {
    await service.kill()
  }
  crowd.abandon()
  const sent = [...crowd.talkers.flatMap(talker => talker.sent), ...[...bot.sent.values()].flat()]
  return sent.flatMap(({ acknowledged, acknowledgedAtMs }) => {
    const [conversation = '', position] = [...acknowledged][0]?.split('|') ?? []
    return acknowledgedAtMs === undefined ? [] : [{ conversation, position: Number(position), atMs: acknowledgedAtMs }]
  })
}

/** Most moments are those of acknowledgements; some are any, from the first thing asked of the disk on. */
function momentsOf(
  acknowledged: readonly Acknowledgement[],
  notes: readonly DiskNote[],
  count: number,
  dice: Dice,
): readonly number[] {
  const first = notes.find(({ kind }) => kind !== 'L')?.atMs ?? 0
  const endMs = notes.at(-1)?.atMs ?? first
  const any = () => first + dice.share() * (endMs - first)
  const one = () => (dice.happens(0.75) ? acknowledged[dice.below(acknowledged.length)]?.atMs : undefined) ?? any()
  return Array.from({ length: count }, one).sort((a, b) => a - b)
}

type Cuts = {
  readonly dir: string
  readonly work: string
  readonly notes: readonly DiskNote[]
  readonly acknowledged: readonly Acknowledgement[]
  readonly dice: Dice
  readonly tell: (progress: string) => void
}

/** Cuts the power at each of these moments. Answers what was found, a sentence for each moment that shows anything. */
function cutAt(moments: readonly number[], cuts: Cuts, forgets: (name: string) => boolean): readonly string[] {
  const { dir, work, notes, acknowledged, dice, tell } = cuts
  const disk = new Disk(dice, forgets)
  const hashes = hashesOf(dir)
  const found: string[] = []
  let taken = 0
  for (const [at, momentMs] of moments.entries()) {
    for (let note = notes[taken]; note !== undefined && note.atMs <= momentMs; note = notes[taken]) {
      disk.take(note)
      taken += 1
    }
    disk.cutInto(work)
    try {
      const { logs, faults } = stateOf(work)
      const missing = acknowledged.filter(
        ({ conversation, position, atMs }) => atMs <= momentMs && (logs.get(conversation)?.last ?? 0) < position,
      )
      const wrong = [
        ...faults,
        ...(missing.length > 0 ? [`${missing.length} acknowledged entries are gone`] : []),
        ...(isBeginningOf(logs, hashes) ? [] : ['a log is not a beginning of what it became']),
      ]
      if (wrong.length > 0) found.push(`power cut ${at + 1}: ${wrong.join('; ')}`)
    } catch (error) {
      found.push(`power cut ${at + 1}: the file can't be read: ${String(error)}`)
    }
    if (at % 10 === 9) tell(`${at + 1} of ${moments.length} power cuts`)
  }
  return found
}
