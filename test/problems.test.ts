/**
 * The reference of problems and the table in the code are held to each other.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { it } from 'node:test'
import { problems } from '../src/protocol/problems.ts'

it('docs/reference/problems.md is the table of problems: every code, in its order, in the same words', () => {
  const page = readFileSync(new URL('../docs/reference/problems.md', import.meta.url), 'utf8')
  const rows = page.split('\n').flatMap(line => {
    const [, code, means, remedy] = /^\| `(\w+)` \| (.*) \| (.*) \|$/.exec(line) ?? []
    return code === undefined ? [] : [[code, means, remedy]]
  })
  const table = Object.entries(problems).map(([code, { means, remedy }]) => [code, means, remedy])
  assert.deepEqual(rows, table)
})
