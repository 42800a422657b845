/**
 * Torn writes: the folder of a killed service, its write-ahead log cut at each byte of the last commits, or with
 * sectors of them zeroed or turned, as a power cut leaves what had not been synced. However it is damaged, the store
 * opens and holds exactly the commits that are whole: nothing of a commit is half there, and nothing before it is gone.
 */
import { copyFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { databaseFile } from '../src/adapters/sqlite/folder.ts'
import { openSqliteStore } from '../src/adapters/sqlite/store.ts'
import { botId } from '../src/protocol/ids.ts'
import { messageAppend } from '../test/contract/log-samples.ts'
import { Bot } from './bot.ts'
import { Crowd } from './crowd.ts'
import { isSame, isWithin, type LogState, stateOf } from './log-file.ts'
import type { Dice } from './random.ts'
import { serviceFor } from './service.ts'
import { readWal, walHeaderBytes } from './wal.ts'
import { atLeast, atMost, type Part } from './world.ts'

/** How much is acknowledged before the kill. */
const acknowledgedMin = 60

/** Commits at the end of the log that are taken for not synced. */
const unsyncedCommits = 3

/** Cuts at full length: each byte of the last frames first, then bytes further in front. */
const cutsOfFullRun = 4_500
const damagesOfFullRun = 600
const sectorBytes = 512

/** Of so many damaged folders one is opened by the store itself, written to, and opened again. */
const storeShare = 60

/** Runs the part. */
export const tornWrites: Part = async ({ dice, scale, folder, tell }) => {
  const origin = await folder()
  const acknowledged = await killedService(origin, dice)
  const work = await folder()
  const bench = new Bench(origin, work)
  const { commitEnds, frameBytes } = readWal(bench.wal)
  const failures: string[] = []
  // The boundaries first: what the file holds after each of the last commits.
  const from = Math.max(0, commitEnds.length - unsyncedCommits - 1)
  const boundaries = commitEnds.slice(from).map(end => ({ end, logs: bench.cutAt(end) }))
  for (const [at, { logs }] of boundaries.entries()) {
    const before = boundaries[at - 1]
    if (before !== undefined && !isWithin(before.logs, logs)) failures.push(`commit ${at} takes something back`)
  }
  const [synced] = boundaries
  const last = boundaries.at(-1)
  if (synced === undefined || last === undefined || boundaries.length <= unsyncedCommits)
    return { figures: [], failures: ['The write-ahead log holds too few commits.'] }
  for (const [conversation, position] of acknowledged)
    if ((last.logs.get(conversation)?.last ?? 0) < position)
      failures.push(`${conversation}: ${position} was acknowledged and is not in the file`)

  /** What must be there if everything from this byte on is gone or damaged. */
  const wholeBefore = (byte: number): LogState => boundaries.findLast(({ end }) => end <= byte)?.logs ?? synced.logs
  let opened = 0
  const check = async (what: string, byte: number, logs: LogState) => {
    if (!isSame(logs, wholeBefore(byte))) failures.push(`${what}: the file does not hold exactly the whole commits`)
    opened += 1
    if (opened % 200 === 0) tell(`${opened} damaged folders opened`)
  }
  let byStore = 0
  const cuts = cutPoints(synced.end, last.end, frameBytes, Math.round(cutsOfFullRun * scale))
  const tried = (what: string, byte: number, damage: () => LogState): Promise<void> =>
    Promise.resolve()
      .then(damage)
      .then(logs => check(what, byte, logs))
      .catch((error: unknown) => void failures.push(`${what}: ${String(error)}`))
  for (const [at, cut] of cuts.entries()) {
    await tried(`cut at byte ${cut}`, cut, () => bench.cutAt(cut))
    if (at % storeShare === 0) {
      byStore += 1
      failures.push(...(await bench.byStore(`cut at byte ${cut}`, wholeBefore(cut))))
    }
  }
  const damages = Math.round(damagesOfFullRun * scale)
  for (let number = 0; number < damages; number += 1) {
    const byte = synced.end + dice.below(last.end - synced.end)
    const at = byte - (byte % sectorBytes)
    const isZero = number % 2 === 0
    const first = bench.damage(at, synced.end, isZero, dice)
    const frame = first === undefined ? last.end : frameOf(first, frameBytes)
    await tried(`sector at ${at} ${isZero ? 'zeroed' : 'turned'}`, frame, () => bench.damaged())
  }
  return {
    figures: [
      { name: 'entries acknowledged before the kill', value: [...acknowledged.values()].reduce((a, b) => a + b, 0) },
      { name: 'commits in the write-ahead log', value: commitEnds.length },
      { name: 'commits damaged', value: boundaries.length - 1 },
      atLeast('cuts opened', cuts.length, 1),
      atLeast('sectors zeroed or turned', damages, 1),
      atLeast('of the cuts opened by the store and written to', byStore, 1),
      atMost('folders that did not hold exactly the whole commits', failures.length, 0),
    ],
    failures: failures.slice(0, 10),
  }
}

/** Lets a service run until enough is acknowledged, and kills it. Answers how far each conversation was acknowledged. */
async function killedService(dir: string, dice: Dice): Promise<ReadonlyMap<string, number>> {
  await using bot = new Bot({ dice: dice.apart('bot') })
  const service = await serviceFor(bot, dir)
  using crowd = new Crowd({
    target: service,
    bot,
    dice: dice.apart('crowd'),
    conversations: 4,
    flaky: false,
    pauseMsMax: 10,
  })
  try {
    await service.start()
    await crowd.begin()
    while (crowd.acknowledged < acknowledgedMin) await crowd.acknowledgements(1, 1_000)
  } finally {
    await service.kill()
  }
  crowd.abandon()
  const positions = new Map<string, number>()
  for (const { address, talkers } of crowd.groups) {
    const sent = [...talkers.flatMap(talker => talker.sent), ...(bot.sent.get(address.conversation) ?? [])]
    const ids = sent.flatMap(({ acknowledged }) => [...acknowledged])
    positions.set(address.conversation, Math.max(0, ...ids.map(id => Number(id.split('|')[1]))))
  }
  return positions
}

/** Every byte from the end on, as far as the number goes; then what is left is passed over in even steps. */
function cutPoints(first: number, end: number, frameBytes: number, count: number): readonly number[] {
  const each = Math.min(end - first, Math.max(frameBytes, Math.floor(count / 2)))
  const dense = Array.from({ length: Math.min(each, count) }, (_, at) => end - at)
  const rest = end - dense.length - first
  const steps = Math.max(0, count - dense.length)
  const sparse = Array.from({ length: steps }, (_, at) => end - dense.length - Math.floor((rest * at) / steps))
  return [...new Set([...dense, ...sparse])].sort((a, b) => b - a)
}

/** The first byte of the frame that a byte lies in. */
const frameOf = (byte: number, frameBytes: number): number => byte - ((byte - walHeaderBytes) % frameBytes)

/** A folder to damage, and the files it is made of anew. */
class Bench {
  readonly wal: Buffer
  readonly #origin: string
  readonly #work: string
  /** The bytes the work folder's log has of the whole one; -1 if it has been written to. */
  #length = -1

  constructor(origin: string, work: string) {
    this.#origin = origin
    this.#work = work
    this.wal = readFileSync(`${databaseFile(origin)}-wal`)
  }

  /** What is there if the log ends at a byte. Cuts that come nearer to the beginning cost nothing. */
  cutAt(byte: number): LogState {
    const file = databaseFile(this.#work)
    if (byte > this.#length) this.#restore()
    truncateSync(`${file}-wal`, byte)
    this.#length = byte
    return this.#read()
  }

  /** Damages a sector of the log as far as it lies behind `from`. Answers the first byte that is different now, if any. */
  damage(at: number, from: number, isZero: boolean, dice: Dice): number | undefined {
    this.#restore()
    const bytes = Buffer.from(this.wal)
    let first: number | undefined
    for (let byte = Math.max(at, from); byte < Math.min(at + sectorBytes, bytes.length); byte += 1) {
      bytes[byte] = isZero ? 0 : (bytes[byte] ?? 0) ^ (1 + dice.below(255))
      if (bytes[byte] !== this.wal[byte]) first ??= byte
    }
    writeFileSync(`${databaseFile(this.#work)}-wal`, bytes)
    this.#length = -1
    return first
  }

  /** What is there as it was damaged. */
  damaged(): LogState {
    return this.#read()
  }

  /** The same folder opened by the store: it must take another entry, and still have it when it is opened again. */
  async byStore(what: string, expected: LogState): Promise<readonly string[]> {
    const failures: string[] = []
    {
      await using store = await openSqliteStore({ dir: this.#work })
      for (const conversation of await store.list(botId('bot'), undefined, 100)) {
        const last = expected.get(conversation.id)?.last
        if (conversation.last !== last) failures.push(`${what}: the store says ${conversation.last}, not ${last}`)
        const appended = await store.append(messageAppend(conversation.id, 'after the cut'))
        if (appended.outcome !== 'appended' || appended.entry.position !== conversation.last + 1)
          failures.push(`${what}: the store does not go on`)
      }
    }
    const { logs, faults } = stateOf(this.#work)
    failures.push(...faults.map(fault => `${what}, written to: ${fault}`))
    for (const [id, { last }] of expected)
      if (logs.get(id)?.last !== last + 1) failures.push(`${what}: what was written after it is not there`)
    this.#length = -1
    return failures
  }

  #read(): LogState {
    rmSync(`${databaseFile(this.#work)}-shm`, { force: true })
    const { logs, faults } = stateOf(this.#work)
    if (faults.length > 0) throw new Error(faults.join('; '))
    return logs
  }

  #restore(): void {
    const file = databaseFile(this.#work)
    rmSync(join(this.#work, 'landline.lock'), { force: true })
    copyFileSync(databaseFile(this.#origin), file)
    writeFileSync(`${file}-wal`, this.wal)
    this.#length = this.wal.length
  }
}
