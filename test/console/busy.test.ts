/**
 * The overview while a great deal passes: it keeps up, and counts what the service counts.
 */
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { SeriesBody } from '../../src/protocol/admin-live.ts'
import { eventually } from '../clients/support/eventually.ts'
import { done } from '../support/admin.ts'
import { startApp } from '../support/app.ts'
import { call } from '../support/http.ts'
import { inBrowser } from './browser-test.ts'

/** Activities a second, and for how many seconds. */
const rate = 500
const seconds = 10

/** The longest the page may be busy with one thing, where other tests take the processors away: milliseconds. */
const taskMsMax = 2_000

/** Conversations that are spoken in at once. */
const conversations = 20

describe('the overview at 500 activities a second', () => {
  const test = inBrowser(() => startApp({ botSettings: { expectReplies: true } }))

  test('never stands still, and misses none in its count', async ({ browser, service }) => {
    const say = async (conversation: string) => {
      const { status } = await call(`${service.base}/conversations/${conversation}/activities`, {
        method: 'POST',
        bearer: service.secret,
        json: { type: 'message', from: { id: 'dl_ana' }, text: 'one of many' },
      })
      // Nobody listens where the bot should be: what is said is in the log all the same.
      assert.ok(status === 200 || status === 502, String(status))
    }
    const started = await Promise.all(
      Array.from({ length: conversations }, () =>
        call(`${service.base}/conversations`, { method: 'POST', bearer: service.secret }),
      ),
    )
    await using window = await browser.enter(service)
    await window.page.evaluate(`{
      window.longest = 0
      const look = list => {
        for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration)
      }
      new PerformanceObserver(look).observe({ type: 'longtask' })
    }`)
    const said: Promise<void>[] = []
    for (const startMs = performance.now(); said.length < rate * seconds; ) {
      const due = Math.min(rate * seconds, Math.floor(((performance.now() - startMs) / 1000) * rate))
      while (said.length < due) said.push(say(String(started[said.length % conversations]?.body.conversationId)))
      await pause(5)
    }
    await Promise.all(said)
    const longest = Number(await window.page.evaluate('window.longest'))
    const inward = await eventually('the service has counted everything that was said', async () => {
      const series = (await done(service, 'GET', '/series?seconds=180')) as unknown as SeriesBody
      return sumOf(series.in) >= rate * seconds && series.in
    })
    assert.equal(sumOf(inward), rate * seconds)
    await window.page.getByRole('img', { name: `${sumOf(inward).toLocaleString('en')} altogether; out` }).waitFor()
    assert.ok(longest <= taskMsMax, `the page stood still for ${longest} ms`)
  })
})

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0)
