/**
 * Whom files in S3 call, and with what: only the storage that was named, signed, over connections that are checked.
 */
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import type { S3Settings } from '../../src/settings.ts'
import { type Certificate, trustedCertificate, untrustedCertificate } from '../support/certificate.ts'
import { makeFolder } from '../support/folder.ts'
import { patienceMs } from '../support/until.ts'
import { noonMs } from './log-samples.ts'
import { a, assertUnavailable, file, fileId, open } from './s3-opened.ts'

/** A server of the test's own on a free port. */
async function listening(t: TestContext, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
}

const somewhere: S3Settings = {
  bucket: 'files',
  prefix: '',
  region: 'us-east-1',
  endpoint: 'http://127.0.0.1:9',
  pathStyle: true,
  accessKeyId: 'id',
  secretAccessKey: 'secret',
  timeoutMs: patienceMs,
}

test('a redirect is not followed: nobody but the storage that was named is called', async t => {
  const seen: IncomingMessage[] = []
  const elsewhere = await listening(
    t,
    createServer((request, response) => {
      seen.push(request)
      response.end()
    }),
  )
  for (const status of [301, 302, 307, 308]) {
    const endpoint = await listening(
      t,
      createServer((request, response) => {
        request.resume()
        response.writeHead(status, { location: `${elsewhere}/files`, 'x-amz-bucket-region': 'eu-west-1' }).end()
      }),
    )
    const files = open(t, { ...somewhere, endpoint })
    await assertUnavailable(files.put(a, fileId('x'), file('x'), noonMs))
    await assertUnavailable(files.get(a, fileId('x')))
    await assertUnavailable(files.bytesOf(a))
  }
  assert.deepEqual(seen, [])
})

test('every call is signed, its body and the token of keys for a while included', async t => {
  const seen: IncomingMessage[] = []
  const endpoint = await listening(
    t,
    createServer((request, response) => {
      seen.push(request)
      request.resume()
      if (request.method === 'GET') response.setHeader('content-type', 'application/xml').end('<ListBucketResult/>')
      else response.end()
    }),
  )
  const files = open(t, { ...somewhere, endpoint, sessionToken: 'the-token-of-a-while' })
  await files.put(a, fileId('x'), file('x'), noonMs)
  await files.bytesOf(a)
  await files.forgetBefore(noonMs)
  const puts = seen.filter(({ method }) => method === 'PUT').map(({ url }) => url?.split('/')[2])
  assert.deepEqual(puts, ['times', 'files'], 'what a crash in between leaves is found by its time')
  assert.ok(seen.some(({ method }) => method === 'GET'))
  for (const { headers } of seen) {
    assert.equal(headers['x-amz-security-token'], 'the-token-of-a-while')
    assert.match(headers.authorization ?? '', /^AWS4-HMAC-SHA256 Credential=id\/\d{8}\/us-east-1\/s3\/aws4_request/)
    for (const name of ['host', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-security-token'])
      assert.match(headers.authorization ?? '', new RegExp(`SignedHeaders=[^,]*\\b${name}\\b`))
    assert.match(String(headers['x-amz-content-sha256']), /^[0-9a-f]{64}$/)
  }
})

test('over https a storage is sent files, and one whose certificate nobody vouches for is sent nothing', async t => {
  const seen: IncomingMessage[] = []
  const filesAt = async (certificate: Certificate) => {
    const server = createTlsServer(certificate, (request, response) => {
      seen.push(request)
      request.resume()
      response.end()
    })
    return open(t, { ...somewhere, endpoint: (await listening(t, server)).replace('http:', 'https:') })
  }
  const unknown = await filesAt(untrustedCertificate())
  assert.match(await assertUnavailable(unknown.put(a, fileId('x'), file('x'), noonMs)), /SELF_SIGNED/)
  assert.equal(seen.length, 0)
  const known = await filesAt(trustedCertificate())
  await known.put(a, fileId('x'), file('x'), noonMs)
  assert.ok(seen.some(({ method, url }) => method === 'PUT' && url?.startsWith(`/files/files/${a}/`)))
})

const posix = { skip: process.platform === 'win32' && 'there are no named pipes' }
test('what Amazon’s programs keep in a home folder is not even looked at', posix, async () => {
  await using home = await makeFolder()
  await mkdir(join(home.path, '.aws'))
  // Who opens one of these waits for ever.
  execFileSync('/bin/sh', ['-c', 'mkfifo config credentials'], { cwd: join(home.path, '.aws') })
  const adapter = new URL('../../src/adapters/s3/files.ts', import.meta.url)
  const script = `
    import { openS3Files } from '${adapter}'
    const files = openS3Files(${JSON.stringify(somewhere)}, () => undefined)
    await files.get('a', 'b').catch(error => console.log(error.cause.message))
    files[Symbol.dispose]()`
  const child = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    env: { PATH: process.env['PATH'], HOME: home.path, AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_PROFILE: 'x' },
    timeout: patienceMs,
    killSignal: 'SIGKILL',
  })
  assert.match((await child).stdout, /GetObject could not be done \(ECONNREFUSED\)/)
})
