/**
 * The settings of files in S3: what they take, what they take from the environment of Amazon's own programs, and that
 * nobody else loads the library.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { folderWith, type SettingsFolder } from './files.ts'

const secret = 'a-secret-access-key-of-the-tests'

/** Where the files are, by settings of the file `landline.yaml`. */
function s3Of(folder: SettingsFolder, environment: Record<string, string> = {}) {
  const { store } = folder.read({ environment }).settings
  return store.kind === 'memory' ? undefined : store.s3
}

test('a bucket takes the place of the folder, with a key that is shown nowhere', async () => {
  await using folder = await folderWith({
    'landline.yaml': [
      'files:',
      '  s3:',
      '    bucket: chat-files',
      '    prefix: landline/prod',
      '    region: eu-central-1',
      '    endpoint: https://s3.example.org/',
      '    accessKeyId: { env: ID }',
      '    secretAccessKey: { file: key }',
      '    sessionToken: { env: TOKEN }',
      '    timeoutMs: 5s',
    ].join('\n'),
    key: `${secret}\n`,
  })
  const environment = { ID: 'AKIAEXAMPLE', TOKEN: 'a-token-of-the-tests', AWS_ACCESS_KEY_ID: 'another' }
  assert.deepEqual(s3Of(folder, environment), {
    bucket: 'chat-files',
    prefix: 'landline/prod/',
    region: 'eu-central-1',
    endpoint: 'https://s3.example.org',
    pathStyle: true,
    accessKeyId: 'AKIAEXAMPLE',
    secretAccessKey: secret,
    sessionToken: 'a-token-of-the-tests',
    timeoutMs: 5_000,
  })
  const { lines, warnings } = folder.read({ environment })
  assert.doesNotMatch(JSON.stringify(lines), /a-secret|AKIAEXAMPLE|a-token/)
  assert.deepEqual(warnings, [])
})

test('what is not said is as Amazon’s own programs have it: its address in the region, and a key of the environment', async () => {
  await using folder = await folderWith({ 'landline.yaml': 'files: { s3: { bucket: chat-files } }' })
  const keys = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: 'a-token' }
  const found = s3Of(folder, { ...keys, AWS_REGION: 'eu-west-1' })
  assert.deepEqual(found, {
    bucket: 'chat-files',
    prefix: '',
    region: 'eu-west-1',
    endpoint: 'https://s3.eu-west-1.amazonaws.com',
    pathStyle: false,
    accessKeyId: 'AKIAEXAMPLE',
    secretAccessKey: secret,
    sessionToken: 'a-token',
    timeoutMs: 2_000,
  })
  assert.equal(s3Of(folder, { ...keys, AWS_REGION: 'cn-north-1' })?.endpoint, 'https://s3.cn-north-1.amazonaws.com.cn')
  const { lines } = folder.read({ environment: { ...keys, AWS_REGION: 'eu-west-1' } })
  assert.doesNotMatch(JSON.stringify(lines), /a-secret|AKIAEXAMPLE|a-token/)
  const elsewhere = s3Of(folder, { ...keys, LANDLINE_FILES_S3_ENDPOINT: 'http://127.0.0.1:9000' })
  assert.deepEqual([elsewhere?.region, elsewhere?.pathStyle], ['us-east-1', true])
})

test('half a key is not made whole by half of another', async () => {
  await using folder = await folderWith({ 'landline.yaml': 'files: { s3: { bucket: chat-files, region: r } }' })
  const environment = { LANDLINE_FILES_S3_ACCESS_KEY_ID: 'ours', AWS_SECRET_ACCESS_KEY: 'theirs' }
  assert.match(folder.problems({ environment }).join(), /files\.s3\.secretAccessKey.*is needed/)
})

test('says each part that is missing, and what does not go together', async () => {
  await using folder = await folderWith({})
  const about = (environment: Record<string, string>) => folder.problems({ environment }).join('\n')
  const missing = about({ LANDLINE_FILES_S3_BUCKET: 'chat-files' })
  for (const part of ['REGION', 'ACCESS_KEY_ID', 'SECRET_ACCESS_KEY'])
    assert.match(missing, new RegExp(`^LANDLINE_FILES_S3_${part}: is needed`, 'm'))
  const keys = { LANDLINE_FILES_S3_ACCESS_KEY_ID: 'id', LANDLINE_FILES_S3_SECRET_ACCESS_KEY: secret }
  const whole = { LANDLINE_FILES_S3_BUCKET: 'chat-files', LANDLINE_FILES_S3_REGION: 'r', ...keys }
  assert.equal(about(whole), '')
  assert.match(about({ ...whole, LANDLINE_FILES_PATH: '/srv/files' }), /FILES_PATH.*kept in one place/)
  assert.match(about({ ...whole, LANDLINE_STORE_KIND: 'memory' }), /S3_BUCKET.*not with one in memory/)
  assert.match(about({ ...whole, LANDLINE_FILES_S3_BUCKET: 'Chat_Files' }), /takes the name of a bucket/)
  assert.match(about({ ...whole, LANDLINE_FILES_S3_PREFIX: '../x/' }), /FILES_S3_PREFIX/)
  assert.match(about({ LANDLINE_FILES_S3_REGION: 'r', ...keys }), /S3_REGION.*goes with a files\.s3\.bucket/)
  assert.doesNotMatch(missing + about({ ...keys }), new RegExp(secret))
})

test('a storage that other machines see files go to in clear is warned of', async () => {
  await using folder = await folderWith({
    'landline.yaml': `files: { s3: { bucket: chat-files, accessKeyId: id, secretAccessKey: ${secret} } }`,
  })
  const warned = (endpoint: string) =>
    folder.read({ environment: { LANDLINE_FILES_S3_ENDPOINT: endpoint } }).warnings.join()
  assert.match(warned('http://s3.example.org'), /without https/)
  assert.doesNotMatch(warned('https://s3.example.org'), /without https/)
  assert.doesNotMatch(warned('http://127.0.0.1:9000'), /without https/)
})

test('whoever keeps files in a folder does not load the library for S3', async () => {
  const root = pathToFileURL(`${join(import.meta.dirname, '..', '..')}/`)
  await using folder = await folderWith({
    'start.mjs': `
      import { createRequire } from 'node:module'
      import { openOutside } from '${new URL('src/outside.ts', root)}'
      const s3 = {
        bucket: 'files', prefix: '', region: 'r', endpoint: 'http://127.0.0.1:9', pathStyle: true, accessKeyId: 'id',
        secretAccessKey: 'secret', timeoutMs: 1,
      }
      await using outside = await openOutside({ kind: 'sqlite', dir: 'store', ...(process.argv[2] === 's3' && { s3 }) })
      const loaded = Object.keys(createRequire(import.meta.url).cache)
      console.log(loaded.some(path => /node_modules.(@aws-sdk|@smithy)./.test(path)))`,
  })
  const isLoaded = (which: string) =>
    execFileSync(process.execPath, ['start.mjs', which], { cwd: folder.dir, encoding: 'utf8' }).trim()
  assert.equal(isLoaded('s3'), 'true', 'it would be seen')
  assert.equal(isLoaded('folder'), 'false')
})
