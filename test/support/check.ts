/**
 * Checks of a bot through the admin API, for tests that make a bot go wrong and compare what is said of it.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect, createServer as createPlainServer, type Server } from 'node:net'
import type { CheckReport, CheckStep } from '../../src/protocol/admin-problems.ts'
import type { BotSettings } from '../../src/settings.ts'
import { done } from './admin.ts'
import { startApp, type TestApp } from './app.ts'

/** Checks the one bot of a service. */
export async function check(app: TestApp, send: boolean): Promise<CheckReport> {
  return (await done(app, 'POST', '/bots/bot/check', { send })) as unknown as CheckReport
}

/** Checks a bot at an endpoint, by a service of its own. */
export async function checkAt(
  endpoint: string,
  { send = true, ...botSettings }: Partial<BotSettings> & { readonly send?: boolean } = {},
): Promise<CheckReport> {
  await using app = await startApp({ bot: endpoint, botSettings })
  return await check(app, send)
}

/** The step of a name. */
export function stepOf({ steps }: CheckReport, name: CheckStep['name']): CheckStep {
  const found = steps.find(step => step.name === name)
  assert.ok(found, `there is no step "${name}"`)
  return found
}

/** Fails unless the check has found just this, at this step, and gone no further but to the answers. */
export function assertFound(report: CheckReport, code: string, at: CheckStep['name'], text: RegExp): void {
  assert.equal(report.problem?.code, code, JSON.stringify(report))
  assert.match(report.problem?.text ?? '', text)
  assert.equal(report.ok, false)
  assert.equal(stepOf(report, at).ok, false)
  const last = at === 'answers' ? -1 : -2
  assert.equal(report.steps.at(last)?.name, at)
}

/** A server that listens, and where. */
export type Listening = AsyncDisposable & { readonly port: number }

/** Has a server listen. Disposing it breaks off its connections. */
export async function listenAt<Listener extends Server>(server: Listener, host: string, port = 0): Promise<Listening> {
  const open = new Set<{ destroy(): void }>()
  server.on('connection', socket => {
    open.add(socket)
    socket.on('error', () => undefined).on('close', () => open.delete(socket))
  })
  server.listen(port, host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}

/** A web server that answers as the listener says. The body of a request is read and thrown away. */
export const serve = (answer: RequestListener, host = '127.0.0.1', port = 0): Promise<Listening> =>
  listenAt(
    createServer((request, response) => {
      request.resume().on('end', () => answer(request, response))
    }),
    host,
    port,
  )

/** Whether this machine has the IPv6 loopback address. */
export async function hasIpv6(): Promise<boolean> {
  const server = createPlainServer()
  try {
    await using listening = await listenAt(server, '::1')
    const socket = connect(listening.port, '::1')
    await once(socket, 'connect')
    socket.destroy()
    return true
  } catch {
    // Then there is none, and whoever asks skips what needs it.
    return false
  }
}
