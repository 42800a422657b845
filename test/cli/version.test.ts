/**
 * What the program says of itself, and how soon.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { openDesk } from './desk.ts'

/** How soon the version is there: milliseconds. */
const soonMs = 100

/** Tries: others may have the machine for a moment. */
const triesMax = 20

test('--version says the version of the package, and in less than a tenth of a second', async () => {
  await using desk = await openDesk()
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  let fastestMs = Number.POSITIVE_INFINITY
  for (let tries = 0; tries < triesMax && fastestMs >= soonMs; tries += 1) {
    const startedMs = performance.now()
    const { code, out, err } = await desk.run(['--version'])
    fastestMs = Math.min(fastestMs, performance.now() - startedMs)
    assert.deepEqual([code, out, err], [0, `${version}\n`, ''])
  }
  assert.ok(fastestMs < soonMs, `${fastestMs} ms`)
})
