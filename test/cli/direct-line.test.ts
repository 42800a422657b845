/**
 * The command line's own client of Direct Line.
 */
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { suite, test } from 'node:test'
import { DirectLine } from '../../src/commands/direct-line.ts'
import { startApp } from '../support/app.ts'
import { generateToken } from '../support/direct-line.ts'
import { call } from '../support/http.ts'
import { startEchoBot } from '../support/three-bots.ts'
import { Changes } from '../support/until.ts'

/** Shorter than the settings allow. A service takes a token for a minute more, so a slow machine loses none. */
const tokenLifetimeSeconds = 3

suite('the client of `landline chat`', () => {
  for (const how of ['start', 'join'] as const)
    test(`changes its token for a fresh one long before its life is over, again and again: ${how}`, async () => {
      await using bot = await startEchoBot()
      await using app = await startApp({ bot: bot.url, settings: { tokenLifetimeSeconds } })
      const first = await generateToken(app, { user: { id: 'dl_ana' } })
      if (how === 'join')
        assert.equal((await call(`${app.base}/conversations`, { bearer: first.token, method: 'POST' })).status, 201)
      using asked = fetched()
      const ticket = { domain: app.base, token: first.token, conversation: first.conversation }
      const heard = () => undefined
      using line = await (how === 'start' ? DirectLine.start(ticket, heard) : DirectLine.join(ticket, undefined, heard))
      const startedMs = performance.now()
      const refreshes = await asked.until(3, '/tokens/refresh')
      assert.ok(performance.now() - startedMs > 2 * 1000 * (tokenLifetimeSeconds / 3), 'and no sooner than it need')
      assert.equal(new Set([first.token, ...refreshes]).size, 4, 'each by the one that came last')
      const sent = await line.send({ type: 'message', text: 'still here', from: { id: 'dl_ana' } })
      assert.deepEqual(sent, { ok: true })
    })
})

/** What this process fetches: the tokens it shows. Disposing it looks no more. */
function fetched() {
  const requests: { readonly method: string; readonly path: string; readonly token: string | undefined }[] = []
  const changes = new Changes(() => requests.map(({ method, path }) => `${method} ${path}`).join())
  const look = (message: unknown) => {
    const { request } = message as { request: { method: string; path: string; headers: unknown } }
    requests.push({ ...request, token: /Bearer ([\w.-]+)/.exec(String(request.headers))?.[1] })
    changes.tell()
  }
  subscribe('undici:request:create', look)
  return {
    /** The tokens of the first so many requests that post to a path which ends so. */
    until: (count: number, end: string) =>
      changes.until(`${count} times ${end}`, () => {
        const found = requests.filter(({ method, path }) => method === 'POST' && path.endsWith(end))
        return found.length >= count && found.slice(0, count).map(({ token }) => token)
      }),
    [Symbol.dispose]: () => {
      unsubscribe('undici:request:create', look)
    },
  }
}
