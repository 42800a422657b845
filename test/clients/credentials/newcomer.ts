/**
 * Somebody who does what a page of the documentation says: a bot in a folder of its own, with the code and the
 * environment that are printed there.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { App } from '../../support/bot-tokens.ts'
import { eventually } from '../support/eventually.ts'
import { blocksOf, filled } from './pages.ts'

/** The newcomer's bot. Disposing it ends it. */
export type NewcomersBot = AsyncDisposable & {
  /** What it has printed. */
  output(): string
}

/**
 * Makes `bot.mjs` and `.env` of a page's first blocks, starts the bot as the page says, and waits until it listens.
 *
 * @param folder where the bot is made; the SDKs are there as `npm install` would have put them
 */
export async function startPrintedBot(
  page: string,
  { folder, app, origin, port }: { folder: string; app: App; origin: string; port: number },
): Promise<NewcomersBot> {
  const [code = ''] = blocksOf(page, 'js')
  const [settings = ''] = blocksOf(page, 'ini')
  await mkdir(folder)
  await writeFile(join(folder, 'bot.mjs'), code)
  await writeFile(join(folder, '.env'), filled(settings, app, origin))
  await symlink(fileURLToPath(new URL('../node_modules', import.meta.url)), join(folder, 'node_modules'), 'junction')
  const child = spawn(process.execPath, ['--env-file=.env', 'bot.mjs'], {
    cwd: folder,
    env: { PATH: process.env['PATH'], PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', text => {
      output += text
    })
  }
  const bot = { output: () => output, [Symbol.asyncDispose]: () => end(child) }
  try {
    await eventually(
      'the bot',
      async () => {
        if (child.exitCode !== null) throw new Error(`The bot has ended:\n${output}`)
        return fetch(`http://localhost:${port}`).then(
          () => true,
          () => false,
        )
      },
      () => output,
    )
  } catch (error) {
    await end(child)
    throw error
  }
  return bot
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}
