/**
 * Commands that end by themselves, and ports that are taken.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { call } from '../../support/http.ts'
import { inTime, patienceMs } from '../../support/until.ts'

/** What a command has left behind. */
export type Ended = { readonly code: number | null; readonly out: string; readonly err: string }

const main = fileURLToPath(new URL('../../../bin/landline.js', import.meta.url))

/** Runs the service's command and waits for its end. One that does not end in time is killed, and that is an error. */
export async function run(args: readonly string[], cwd: string): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    err += text
  })
  try {
    const [code] = (await inTime(`the end of ${args.join(' ')}`, once(child, 'close'), 2 * patienceMs)) as [
      number | null,
    ]
    return { code, out, err }
  } finally {
    child.kill('SIGKILL')
  }
}

/**
 * Takes a port of 127.0.0.1, any free one if it is 0. Undefined if somebody has it already. Disposing it gives it back.
 */
export async function takePort(port: number): Promise<(AsyncDisposable & { readonly port: number }) | undefined> {
  const server = createServer(socket => socket.destroy())
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    // Taken: that is the answer.
    return undefined
  }
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      await closed
    },
  }
}

/** Resolves when a service that has been told to stop says so. */
export async function untilStopping(origin: string): Promise<void> {
  const untilMs = Date.now() + patienceMs
  while ((await call(`${origin}/ready`)).status !== 503) {
    if (Date.now() > untilMs) throw new Error('The service does not say that it is stopping.')
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
