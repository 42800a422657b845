/**
 * The documents that are made of the tables of settings. To write them anew: `node test/config/reference.test.ts --write`.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { reference } from '../../src/config/reference.ts'
import { sampleSettings } from '../../src/config.ts'

const root = join(import.meta.dirname, '..', '..')
const made = { 'docs/reference/settings.md': reference(), 'landline.sample.yaml': sampleSettings() }

for (const [path, text] of Object.entries(made)) {
  if (process.argv.includes('--write')) writeFileSync(join(root, path), text)
  test(`${path} says what the tables say`, () => {
    assert.equal(
      readFileSync(join(root, path), 'utf8'),
      text,
      `${path} is made, not written: run "node test/config/reference.test.ts --write"`,
    )
  })
}
