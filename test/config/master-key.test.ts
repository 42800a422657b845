/**
 * A master key that is given takes the place of the one that is kept beside the store.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Event } from '../../src/domain/events.ts'
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
  assert.match(
    about(folder.problems()).join(),
    /^landline\.yaml:1:16 {2}masterKey: is needed with a store in PostgreSQL/,
  )
  assert.deepEqual(about(folder.problems({ environment: { LANDLINE_MASTER_KEY: masterKey } })), [])
  const wrong = folder.problems({ environment: { LANDLINE_MASTER_KEY: 'short' } }).join('\n')
  assert.doesNotMatch(wrong, /is needed with/, 'what is wrong is not missing')
  await using alone = await folderWith({})
  const environment = { LANDLINE_STORE_KIND: 'postgres', LANDLINE_STORE_URL: 'postgres://landline@127.0.0.1/landline' }
  assert.match(alone.problems({ environment }).join('\n'), /^LANDLINE_MASTER_KEY: is needed with a store/m)
  assert.equal(alone.read().settings.masterKey, undefined)
})

type Outside = Awaited<ReturnType<typeof openOutside>>

test('a key beside the store that others on the machine can read is told of', async () => {
  await using folder = await makeFolder()
  const open = async () => {
    const events: Event[] = []
    await using _outside = await openOutside(
      { kind: 'sqlite', dir: folder.path },
      { events: event => events.push(event) },
    )
    return events
  }
  assert.deepEqual(await open(), [], 'as it is made, only we can read it')
  await chmod(join(folder.path, 'master.key'), 0o640)
  const [event, ...more] = await open()
  assert.deepEqual(more, [])
  assert.equal(event?.event, 'storeAtRisk')
  assert.match(event.why, /can read master\.key in .*: chmod 600/)
})
