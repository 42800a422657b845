/**
 * The master key on disk: one small file beside the store. Every token, link and sealed secret hangs on it, so it is
 * made once and never written over.
 */
import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises'
import path from 'node:path'
import { masterKeyBytes } from './keys.ts'

const fileName = 'master.key'

/** 32 bytes in base64, and nothing else but a line end. */
const keyPattern = /^[A-Za-z0-9+/]{43}=\r?\n?$/

/**
 * Reads the key in a folder, or makes one if there is none. Of processes that start there at the same moment all get
 * the same key.
 *
 * @throws Error if the file is not a key: making another would silently void every token and sealed secret
 */
export async function openMasterKey(dir: string): Promise<Uint8Array> {
  const file = path.join(dir, fileName)
  return (await read(file)) ?? (await make(dir, file))
}

/** Whether others on this machine may read the master key beside a store, which opens all of it. False where there is none. */
export async function isMasterKeyReadable(dir: string): Promise<boolean> {
  try {
    return ((await stat(path.join(dir, fileName))).mode & 0o044) !== 0
  } catch {
    return false
  }
}

async function read(file: string): Promise<Uint8Array | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined
    throw new Error(`The master key ${file} can't be read.`, { cause: error })
  }
  const key = Buffer.from(text, 'base64')
  // Compared with what it would be written as: the last digit of base64 has bits that mean nothing.
  if (!keyPattern.test(text) || key.length !== masterKeyBytes || key.toString('base64') !== text.trimEnd()) {
    throw new Error(
      `The master key ${file} is damaged: it must hold ${masterKeyBytes} bytes in base64. Bring it back from a backup; or ` +
        'remove it to have a new one made, which voids every token, link and stored secret.',
    )
  }
  return key
}

/** Written whole under another name first, then linked: a link never replaces a file that is there already. */
async function make(dir: string, file: string): Promise<Uint8Array> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  await writeDurably(draft, `${randomBytes(masterKeyBytes).toString('base64')}\n`)
  try {
    await link(draft, file)
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw new Error(`The master key ${file} can't be made.`, { cause: error })
  } finally {
    await unlink(draft)
  }
  await syncFolder(dir)
  const made = await read(file)
  if (made === undefined) throw new Error(`The master key ${file} is gone as soon as it has been made.`)
  return made
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Without this a power cut could take the file's name back. */
async function syncFolder(dir: string): Promise<void> {
  const handle = await open(dir, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code
