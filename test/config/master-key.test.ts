/**
 * A master key that is given takes the place of the one that is kept beside the store.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openOutside } from '../../src/outside.ts'
import { makeFolder } from '../support/folder.ts'
import { folderWith } from './files.ts'

const masterKey = Buffer.alloc(32, 5).toString('base64')

test('what is sealed under a given master key opens with it and with no other, and none is made', async () => {
  await using folder = await makeFolder()
  const seal = async (options: { masterKey?: string }, work: (keys: Outside['keys']) => void) => {
    await using outside = await openOutside({ kind: 'sqlite', dir: folder.path }, options)
    work(outside.keys)
  }
  let sealed = ''
  await seal({ masterKey }, keys => {
    sealed = keys.seal('a secret')
  })
  assert.equal(existsSync(join(folder.path, 'master.key')), false)
  await seal({ masterKey }, keys => assert.equal(keys.unseal(sealed), 'a secret'))
  await seal({}, keys => assert.equal(keys.unseal(sealed), undefined))
})

test('nodes that share a store must be given the key, and are told so before they start', async () => {
  const store = 'store: { kind: postgres, url: "postgres://landline@127.0.0.1/landline" }\n'
  await using folder = await folderWith({ 'landline.yaml': store })
  const about = (problems: readonly string[]) => problems.filter(line => line.includes('masterKey'))
  assert.match(about(folder.problems()).join(), /^masterKey {2}masterKey: is needed with a store in PostgreSQL/)
  assert.deepEqual(about(folder.problems({ environment: { LANDLINE_MASTER_KEY: masterKey } })), [])
  const wrong = folder.problems({ environment: { LANDLINE_MASTER_KEY: 'short' } }).join('\n')
  assert.doesNotMatch(wrong, /is needed with/, 'what is wrong is not missing')
  await using alone = await folderWith({})
  assert.equal(alone.read().settings.masterKey, undefined)
})

type Outside = Awaited<ReturnType<typeof openOutside>>
