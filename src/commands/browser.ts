/**
 * Opens a link in the person's browser. The link goes there in a file that only they can read: others on the machine
 * can read the words a program is started with, and this link holds a key.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** The program of each system that opens a file with what the person has chosen for it. */
const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['explorer.exe'],
}

/** How long the file is there for the browser to read: milliseconds. */
const fileLifeMs = 60_000

/** @throws Error if there is no program that opens a browser */
export async function openInBrowser(link: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'landline-open-'))
  const file = join(folder, 'console.html')
  const target = JSON.stringify(link).replaceAll('<', '\\u003c')
  await writeFile(file, `<!doctype html><meta charset="utf-8"><script>location.replace(${target})</script>\n`, {
    mode: 0o600,
  })
  const remove = () => rmSync(folder, { recursive: true, force: true })
  setTimeout(remove, fileLifeMs).unref()
  process.once('exit', remove)
  const [program, ...words] = openers[process.platform] ?? ['xdg-open']
  const child = spawn(program, [...words, pathToFileURL(file).href], { stdio: 'ignore', detached: true })
  child.unref()
  try {
    await once(child, 'spawn')
  } catch (cause) {
    remove()
    throw new Error(`No browser could be opened: ${program} is not there. Use the link above.`, { cause })
  }
}
