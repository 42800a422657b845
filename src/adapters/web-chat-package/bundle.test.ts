/**
 * Web Chat's files, fetched by the real npm: from a registry on this machine where something is to go wrong, from the
 * person's own where not.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { createGzip } from 'node:zlib'
import { pack } from 'tar-stream'
import { WebChatBundle } from './bundle.ts'

let dir = ''
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'landline-test-'))
})
after(() => rm(dir, { recursive: true, force: true }))

const released = '0a68ad0a64fc04d621197da10c3eec0f843e16f7d03f6bcbed29b47517cf9bff'
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** For the time of one test: another registry for npm, a cache of its own, and another place for temporary files. */
function askingRegistry(url: string): Disposable {
  const settings = {
    npm_config_registry: url,
    npm_config_cache: join(dir, `npm-${Math.random()}`),
    TMPDIR: dir,
    TEMP: dir,
  }
  const old = Object.keys(settings).map(name => [name, process.env[name]] as const)
  Object.assign(process.env, settings)
  return {
    [Symbol.dispose]: () => {
      for (const [name, value] of old) {
        if (value === undefined) delete process.env[name]
        else process.env[name] = value
      }
    },
  }
}

/** A registry on which the release holds other bytes, and which counts how often it is fetched. */
async function startDoctoredRegistry() {
  const tar = pack()
  tar.entry({ name: 'package/package.json' }, '{"name":"botframework-webchat","version":"4.18.1"}')
  tar.entry({ name: 'package/dist/webchat.js' }, 'alert("not Web Chat")')
  tar.finalize()
  const tarball = await buffer(tar.pipe(createGzip()))
  let fetched = 0
  const server = createServer((request, response) => {
    const origin = `http://${request.headers.host}`
    // Else npm would answer from its own cache, and nobody could tell how often it was run.
    response.setHeader('cache-control', 'no-store')
    if (request.url?.endsWith('.tgz')) {
      fetched += 1
      response.end(tarball)
      return
    }
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
    const release = { name: 'botframework-webchat', version: '4.18.1', dist: { tarball: `${origin}/w.tgz`, integrity } }
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({
        name: 'botframework-webchat',
        'dist-tags': { latest: '4.18.1' },
        versions: { '4.18.1': release },
      }),
    )
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fetched: () => fetched,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

test('refuses a package of the right name with other bytes, keeps nothing of it, and tries again when asked again', async () => {
  await using registry = await startDoctoredRegistry()
  using _npm = askingRegistry(registry.origin)
  const cache = join(dir, 'doctored')
  const bundle = new WebChatBundle({ cacheDirs: [cache], pauseMs: 1_000 })
  const asked = await Promise.allSettled(Array.from({ length: 5 }, () => bundle.read('webchat.js')))
  for (const answer of asked) assert.match(String(answer.status === 'rejected' && answer.reason), /its SHA-512 differs/)
  await assert.rejects(bundle.read('webchat.js'), /its SHA-512 differs/)
  assert.equal(registry.fetched(), 1, 'five who ask at once, and one right after, wait for one fetch')
  for (let tries = 0; registry.fetched() < 2 && tries < 100; tries += 1) {
    await setTimeout(50)
    await assert.rejects(bundle.read('webchat.js'), /its SHA-512 differs/)
  }
  assert.equal(registry.fetched(), 2)
  await assert.rejects(readdir(cache), { code: 'ENOENT' })
  assert.deepEqual(
    (await readdir(dir)).filter(name => name.startsWith('landline-package-')),
    [],
  )
})

test('says why when the registry can not be reached', async () => {
  using _npm = askingRegistry('http://127.0.0.1:9')
  const bundle = new WebChatBundle({ cacheDirs: [join(dir, 'unreached')] })
  await assert.rejects(
    bundle.read('webchat.js'),
    /npm could not fetch botframework-webchat@4\.18\.1 from its registry: [\s\S]*ECONNREFUSED/,
  )
})

test('gives the released bundle, and once it is cached, without asking the registry', async t => {
  const first = new WebChatBundle()
  let bytes: Uint8Array
  try {
    bytes = await first.read('webchat.js')
  } catch (error) {
    return t.skip(`Web Chat can't be had here: ${String(error)}`)
  }
  assert.equal(sha256(bytes), released)
  assert.match(Buffer.from(await first.read('webchat.js.LICENSE.txt')).toString(), /MIT/)

  using _npm = askingRegistry('http://127.0.0.1:9')
  assert.equal(sha256(await new WebChatBundle().read('webchat.js')), released)
})

test('never gives what has been put into the cache in place of the bundle', async () => {
  using _npm = askingRegistry('http://127.0.0.1:9')
  const cache = join(dir, 'tampered')
  await mkdir(join(cache, 'web-chat-4.18.1'), { recursive: true })
  for (const file of ['webchat.js', 'webchat.js.LICENSE.txt'])
    await writeFile(join(cache, 'web-chat-4.18.1', file), 'alert(1)')
  await assert.rejects(new WebChatBundle({ cacheDirs: [cache] }).read('webchat.js'), /npm could not fetch/)
})
