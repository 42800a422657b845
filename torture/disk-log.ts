/**
 * What a process asked of the disk, write by write and sync by sync, and what a disk may hold of it after a power cut
 * at any moment: all that had been synced by then; and of the rest any part, in any order, torn at sectors.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Dice } from './random.ts'

const source = fileURLToPath(new URL('./disk-log.c', import.meta.url))
const compiler = 'cc'
const sectorBytes = 512

/** One thing asked of the disk. The name is empty for the folder itself. */
export type DiskNote = {
  readonly kind: 'L' | 'C' | 'W' | 'T' | 'B' | 'S' | 'F' | 'U'
  readonly name: string
  /** On the system's monotonic clock, which all processes share: milliseconds. */
  readonly atMs: number
  readonly offset: number
  readonly data: Buffer
}

/** Why nothing can be noted here, or undefined if it can. */
export function whyNoDiskLog(): string | undefined {
  if (process.platform !== 'linux') return 'what is asked of the disk can be noted on Linux only'
  return spawnSync(compiler, ['--version']).error === undefined ? undefined : `there is no C compiler (${compiler})`
}

/**
 * Compiles what notes, and answers the environment of a process that is to be watched.
 *
 * @param fails each so many-th sync of the write-ahead log fails; 0: none does
 */
export function diskLogEnvironment(dir: string, build: string, fails: number): Readonly<Record<string, string>> {
  const library = join(build, 'disk-log.so')
  execFileSync(compiler, ['-O1', '-shared', '-fPIC', '-o', library, source, '-ldl', '-lpthread'])
  return {
    LD_PRELOAD: library,
    LANDLINE_DISK_DIR: dir,
    LANDLINE_DISK_LOG: notesFile(build),
    LANDLINE_DISK_FAILS: String(fails),
  }
}

const notesFile = (build: string): string => join(build, 'disk.log')

/** Reads all notes. One that the kill cut off is left out. */
export function readDiskLog(build: string): readonly DiskNote[] {
  const bytes = readFileSync(notesFile(build))
  const notes: DiskNote[] = []
  for (let at = 0; at + 24 <= bytes.length; ) {
    const nameEnd = at + 24 + bytes.readUInt8(at + 1)
    const end = nameEnd + bytes.readUInt32LE(at + 4)
    if (end > bytes.length) break
    notes.push({
      kind: String.fromCharCode(bytes.readUInt8(at)) as DiskNote['kind'],
      name: bytes.toString('utf8', at + 24, nameEnd),
      atMs: Number(bytes.readBigUInt64LE(at + 8)) / 1e6,
      offset: Number(bytes.readBigUInt64LE(at + 16)),
      data: bytes.subarray(nameEnd, end),
    })
    at = end
  }
  return notes
}

/** The system's monotonic clock: milliseconds. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6

/** A file's bytes. Grows as it is written to. */
class Image {
  #bytes: Buffer = Buffer.alloc(1 << 16)
  #length = 0

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  copy(): Image {
    const copy = new Image()
    copy.write(0, this.bytes)
    return copy
  }

  write(offset: number, data: Buffer): void {
    this.#reach(offset + data.length)
    data.copy(this.#bytes, offset)
  }

  cut(length: number): void {
    if (length < this.#length) this.#bytes.fill(0, length, this.#length)
    this.#reach(length)
    this.#length = length
  }

  #reach(length: number): void {
    if (length > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(length, this.#bytes.length * 2))
      this.#bytes.copy(larger, 0, 0, this.#length)
      this.#bytes = larger
    }
    this.#length = Math.max(this.#length, length)
  }
}

type DiskFile = {
  /** What would be there after a power cut. */
  readonly durable: Image
  /** What the process sees. */
  readonly seen: Image
  /** Asked for, and not known to be on the disk. */
  pending: DiskNote[]
  /** How many of those were asked for when the sync that is under way began. */
  beforeSync: number
  /** Whether its name is in the folder for sure, and as the process sees it. */
  isKept: boolean
  isThere: boolean
  /** The last things asked by processes that were killed: noted, and perhaps never done. */
  doubtful: DiskNote[]
}

/** A disk that is told notes in their order. */
export class Disk {
  readonly #files = new Map<string, DiskFile>()
  readonly #dice: Dice
  readonly #forgets: (name: string) => boolean
  /** What was asked last, until the next process begins. */
  #last: { readonly file: DiskFile; readonly note: DiskNote } | undefined

  /**
   * @param dice what becomes of all that was not synced
   * @param forgets names files whose syncs this disk takes and does not keep: to see that somebody notices
   */
  constructor(dice: Dice, forgets: (name: string) => boolean = () => false) {
    this.#dice = dice
    this.#forgets = forgets
  }

  /** One more note. */
  take(note: DiskNote): void {
    if (note.name === '') {
      if (note.kind === 'L') this.#doubtLast()
      // The folder has been synced: whatever names it has are there, and those it has not are gone.
      if (note.kind === 'S') for (const file of this.#files.values()) file.isKept = file.isThere
      return
    }
    const file = this.#file(note.name)
    switch (note.kind) {
      case 'C':
        file.isThere = true
        file.pending = []
        file.beforeSync = 0
        file.durable.cut(0)
        file.seen.cut(0)
        return
      case 'U':
        // What it held stays: until its folder is synced, a power cut may bring it back.
        file.isThere = false
        return
      case 'B':
        file.beforeSync = file.pending.length
        return
      case 'S':
        if (this.#forgets(note.name)) return
        for (const one of file.pending.splice(0, file.beforeSync)) apply(file.durable, one)
        file.beforeSync = 0
        return
      case 'F':
        // A system may take what it could not write for written, and never try again: its fate is sealed now.
        for (const one of file.pending.splice(0, file.beforeSync)) tear(file.durable, one, 0.5, this.#dice)
        file.beforeSync = 0
        return
      default:
        file.pending.push(note)
        apply(file.seen, note)
        this.#last = { file, note }
    }
  }

  /** Writes into a folder what the disk may hold if the power goes now. */
  cutInto(folder: string): void {
    const dice = this.#dice
    for (const [name, { durable, pending, isKept, isThere }] of this.#files) {
      const path = join(folder, name)
      rmSync(path, { force: true })
      rmSync(`${path}-shm`, { force: true })
      if (isKept === isThere ? !isThere : dice.happens(0.5)) continue
      const image = pending.length === 0 ? durable : durable.copy()
      // Some power cuts leave nothing of what is under way, some nearly all, and most a part.
      const likelihood = [0, 0.5, 0.9, 1][dice.below(4)] ?? 1
      for (const one of pending) tear(image, one, likelihood, dice)
      writeFileSync(path, image.bytes)
    }
  }

  /**
   * Whether the files in a folder are, byte for byte, what has been asked for: otherwise something went unnoted. What a
   * killed process asked last it may not have lived to do.
   */
  isAllOf(folder: string): boolean {
    this.#doubtLast()
    for (const [name, { seen, isThere, doubtful }] of this.#files) {
      const path = join(folder, name)
      if (existsSync(path) !== isThere) return false
      if (isThere && !isSame(seen.bytes, readFileSync(path), doubtful)) return false
    }
    return this.#files.size > 0
  }

  #doubtLast(): void {
    this.#last?.file.doubtful.push(this.#last.note)
    this.#last = undefined
  }

  #file(name: string): DiskFile {
    let file = this.#files.get(name)
    if (file === undefined) {
      file = {
        durable: new Image(),
        seen: new Image(),
        pending: [],
        beforeSync: 0,
        isKept: false,
        isThere: false,
        doubtful: [],
      }
      this.#files.set(name, file)
    }
    return file
  }
}

function apply(image: Image, { kind, offset, data }: DiskNote): void {
  if (kind === 'W') image.write(offset, data)
  else image.cut(offset)
}

/** Whether two files differ in nothing but what is in doubt. */
function isSame(one: Buffer, other: Buffer, doubtful: readonly DiskNote[]): boolean {
  if (one.equals(other)) return true
  const length = Math.max(one.length, other.length)
  const [first, second] = [one, other].map(bytes => {
    const whole = Buffer.alloc(length)
    bytes.copy(whole)
    for (const { kind, offset, data } of doubtful) whole.fill(0, offset, kind === 'W' ? offset + data.length : length)
    return whole
  })
  return first !== undefined && second !== undefined && first.equals(second)
}

/** Of each sector a write touches, either all of it gets there or nothing. */
function tear(image: Image, note: DiskNote, likelihood: number, dice: Dice): void {
  const { kind, offset, data } = note
  if (kind !== 'W') {
    if (dice.happens(likelihood)) apply(image, note)
    return
  }
  for (let at = offset; at < offset + data.length; ) {
    const end = Math.min(at - (at % sectorBytes) + sectorBytes, offset + data.length)
    if (dice.happens(likelihood)) image.write(at, data.subarray(at - offset, end - offset))
    at = end
  }
}
