/**
 * A master key that is given takes the place of the one that is kept beside the store.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openOutside } from '../../src/outside.ts'
import { makeFolder } from '../support/folder.ts'

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

type Outside = Awaited<ReturnType<typeof openOutside>>
