/**
 * The settings of a store in PostgreSQL, and where files are kept.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { folderWith } from './files.ts'

const masterKey = Buffer.alloc(32, 5).toString('base64')
const url = 'postgres://landline:s3cret@db.example.org:5432/landline'

test('a store in PostgreSQL takes its address, its connections and a folder for files, and shows no password', async () => {
  await using folder = await folderWith({
    'landline.yaml': [
      `store: { kind: postgres, url: { env: DATABASE }, writers: 2, readers: 3 }`,
      `files: { path: shared/files }`,
      `masterKey: ${masterKey}`,
    ].join('\n'),
  })
  const { settings, lines } = folder.read({ environment: { DATABASE: url } })
  assert.deepEqual(settings.store, {
    kind: 'postgres',
    url,
    filesDir: join(folder.dir, 'shared/files'),
    writers: 2,
    readers: 3,
  })
  assert.doesNotMatch(JSON.stringify(lines), /s3cret/)
})

test('files lie in the folder of a store that has one, unless another is named', async () => {
  await using folder = await folderWith({})
  const environment = { LANDLINE_STORE_KIND: 'postgres', LANDLINE_STORE_URL: url, LANDLINE_MASTER_KEY: masterKey }
  const shared = folder.read({ environment }).settings.store
  assert.equal(shared.kind === 'postgres' && shared.filesDir, '.landline/files')
  const named = folder.read({ environment: { LANDLINE_FILES_PATH: '/srv/files' } }).settings.store
  assert.equal(named.kind === 'sqlite' && named.filesDir, '/srv/files')
})

test('a store in PostgreSQL without its address, or with another’s, is refused', async () => {
  await using folder = await folderWith({})
  const about = (environment: Record<string, string>) =>
    folder.problems({ environment: { LANDLINE_MASTER_KEY: masterKey, ...environment } })
  assert.match(about({ LANDLINE_STORE_KIND: 'postgres' }).join(), /takes a store\.url/)
  const wrong = about({ LANDLINE_STORE_KIND: 'postgres', LANDLINE_STORE_URL: 'mysql://u:s3cret@h/d' }).join()
  assert.match(wrong, /begins with postgres:\/\//)
  assert.doesNotMatch(wrong, /s3cret/)
  assert.match(about({ LANDLINE_STORE_URL: url }).join(), /goes with the kind postgres/)
})

test('whoever keeps the log in a file does not load the driver for PostgreSQL', async () => {
  const root = pathToFileURL(`${join(import.meta.dirname, '..', '..')}/`)
  await using folder = await folderWith({
    'start.mjs': `
      import { createRequire } from 'node:module'
      import { openOutside } from '${new URL('src/outside.ts', root)}'
      await using outside = await openOutside({ kind: 'sqlite', dir: 'store' })
      if (process.argv[2] === 'all') await import('${new URL('node_modules/pg/lib/index.js', root)}')
      const loaded = Object.keys(createRequire(import.meta.url).cache)
      console.log(loaded.some(path => /node_modules.(pg|pg-pool|redis|@redis)./.test(path)))`,
  })
  const isLoaded = (which: string) =>
    execFileSync(process.execPath, ['start.mjs', which], { cwd: folder.dir, encoding: 'utf8' }).trim()
  assert.equal(isLoaded('all'), 'true', 'it would be seen')
  assert.equal(isLoaded('needed'), 'false')
})
