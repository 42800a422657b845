/**
 * What files in S3 promise beyond the contract of all files: over a server that speaks it, and with it gone.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer as createTcpServer } from 'node:net'
import { after, suite, test } from 'node:test'
import { Bucket, type Listed } from '../../src/adapters/s3/bucket.ts'
import { BucketFiles } from '../../src/adapters/s3/files.ts'
import { everythingIn } from '../support/planted.ts'
import { startS3, withoutS3 } from '../support/s3.ts'
import { patienceMs } from '../support/until.ts'
import { conversationId, dayMs, noonMs } from './log-samples.ts'
import { a, assertUnavailable, file, fileId, open, textOf } from './s3-opened.ts'

const b = conversationId('b')

suite('files in S3', { skip: withoutS3 ?? false }, async () => {
  if (withoutS3 !== undefined) return
  const server = await startS3()
  after(() => server[Symbol.asyncDispose]())

  test('that other nodes have put are given at once, and counted soon', async t => {
    const bucket = await server.makeBucket()
    const [one, other] = [open(t, bucket), open(t, bucket)]
    assert.equal(await one.bytesOf(a), 0)
    await other.put(a, fileId('x'), file('x'.repeat(10_000)), noonMs)
    assert.equal(await textOf(one), 'x'.repeat(10_000))
    const untilMs = performance.now() + patienceMs
    while ((await one.bytesOf(a)) < 10_000) {
      assert.ok(performance.now() < untilMs, 'not counted in time')
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    assert.ok((await one.bytesOf(a)) < 11_000, 'counted once')
    await one.forgetConversation(a)
    assert.equal(await textOf(other), undefined)
    await Promise.all([one, other].map(files => files.forgetBefore(noonMs + dayMs)))
    assert.deepEqual(await server.keysIn(bucket), [])
  })

  test('are where they should be, under keys that say nothing of what people wrote, and leave nothing behind', async t => {
    const bucket = { ...(await server.makeBucket()), prefix: 'chat/' }
    const files = open(t, bucket)
    await files.put(a, fileId('x'), file('text', 'name-of-the-file.txt'), noonMs)
    await files.put(b, fileId('x'), file('text', 'name-of-the-file.txt'), noonMs)
    const time = String(noonMs).padStart(15, '0')
    assert.deepEqual(await server.keysIn(bucket), [
      `chat/files/${a}/${fileId('x')}`,
      `chat/files/${b}/${fileId('x')}`,
      `chat/times/${time}/${a}/${fileId('x')}`,
      `chat/times/${time}/${b}/${fileId('x')}`,
    ])
    assert.equal(await textOf(open(t, { ...bucket, prefix: 'other/' })), undefined)
    await files.forgetConversation(a)
    await files.forgetBefore(noonMs + 1)
    assert.deepEqual(await server.keysIn(bucket), [])
  })

  test('past their time go, page after page, and what follows stays', async t => {
    const settings = await server.makeBucket()
    using bucket = new Bucket(settings, 3)
    const files = open(t, settings)
    const numbers = Array.from({ length: 10 }, (_, n) => n)
    for (const n of numbers) await files.put(n % 2 ? a : b, fileId(`f${n}x`), file(`${n}`), noonMs + (n % 2))
    const pages: (readonly Listed[])[] = []
    for await (const page of bucket.list('times/')) pages.push(page)
    assert.deepEqual(
      pages.map(({ length }) => length),
      [3, 3, 3, 1],
    )
    const keys = pages.flat().map(({ key }) => key)
    assert.deepEqual(keys, [...keys].sort())
    // The second page is the first that has any of the later time.
    const paged = new BucketFiles(bucket, '')
    await paged.forgetBefore(noonMs + 1)
    assert.equal(await textOf(files, b, fileId('f8x')), undefined)
    for (const n of [1, 9]) assert.equal(await textOf(files, a, fileId(`f${n}x`)), `${n}`)
    await paged.forgetBefore(noonMs + 2)
    assert.deepEqual(await server.keysIn(settings), [])
  })

  test('a wrong key is refused, heard of at the start, and told to nobody', async t => {
    const bucket = { ...(await server.makeBucket()), secretAccessKey: 'another-secret-key-of-nobody-000001' }
    const heard = Promise.withResolvers<unknown>()
    const files = open(t, bucket, heard.resolve)
    const told = [
      everythingIn(await heard.promise),
      await assertUnavailable(files.put(a, fileId('x'), file('x'), noonMs)),
      await assertUnavailable(files.get(a, fileId('x'))),
      await assertUnavailable(files.bytesOf(a)),
    ]
    for (const text of told) {
      assert.match(text, /answered 403 \(SignatureDoesNotMatch\)/)
      assert.doesNotMatch(text, /another-secret|AWS4-HMAC|Signature=/)
    }
  })

  test('a bucket that is not there is no file that is not there', async t => {
    const files = open(t, { ...(await server.makeBucket()), bucket: 'nobodys' })
    assert.match(await assertUnavailable(files.get(a, fileId('x'))), /answered 404 \(NoSuchBucket\)/)
  })

  test('an upload that is cut in the middle leaves no file, nor anything that stays', async t => {
    const bucket = await server.makeBucket()
    const cutting = createTcpServer(near => {
      const far = connect(server.port, '127.0.0.1')
      let bytes = 0
      near.on('error', () => far.destroy()).on('close', () => far.destroy())
      far.on('error', () => near.destroy()).pipe(near)
      near.on('data', some => {
        bytes += some.length
        if (bytes > 200_000) near.destroy()
        else far.write(some)
      })
    })
    cutting.listen(0, '127.0.0.1')
    await once(cutting, 'listening')
    t.after(() => cutting.close())
    const address = cutting.address()
    const endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
    const cut = open(t, { ...bucket, endpoint })
    await assertUnavailable(cut.put(a, fileId('x'), file('x'.repeat(1_000_000)), noonMs))
    const files = open(t, bucket)
    assert.equal(await textOf(files), undefined)
    assert.equal(await files.bytesOf(a), 0)
    await files.forgetBefore(noonMs + 1)
    assert.deepEqual(await server.keysIn(bucket), [])
  })

  test('with the storage killed all is refused in time, and once it is back nothing is lost and all works', async t => {
    const files = open(t, { ...(await server.makeBucket()), timeoutMs: 2_000 })
    await files.put(a, fileId('x'), file('kept'), noonMs)
    assert.ok((await files.bytesOf(a)) > 0)
    await server.kill()
    assert.match(await assertUnavailable(files.put(a, fileId('y'), file('y'), noonMs)), /ECONNREFUSED/)
    await assertUnavailable(files.get(a, fileId('x')))
    await assertUnavailable(files.bytesOf(b))
    await assertUnavailable(files.forgetBefore(noonMs + 1))
    await server.start()
    assert.equal(await textOf(files), 'kept')
    assert.equal(await textOf(files, a, fileId('y')), undefined)
    await files.put(a, fileId('y'), file('later'), noonMs)
    assert.equal(await textOf(files, a, fileId('y')), 'later')
  })

  test('with the storage frozen all is refused in time, and once it is back all works', async t => {
    const files = open(t, { ...(await server.makeBucket()), timeoutMs: 2_000 })
    await files.put(a, fileId('x'), file('kept'), noonMs)
    server.freeze()
    try {
      await assertUnavailable(files.put(a, fileId('y'), file('y'), noonMs))
      await assertUnavailable(files.get(a, fileId('x')))
    } finally {
      server.thaw()
    }
    assert.equal(await textOf(files), 'kept')
    await files.put(a, fileId('y'), file('later'), noonMs)
    assert.equal(await textOf(files, a, fileId('y')), 'later')
  })
})
