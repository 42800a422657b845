/**
 * Nodes whose files are in S3: what is uploaded to one is given by any, by their own links, and a storage that is away
 * stops nothing but files.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { ask } from '../../support/admin.ts'
import { startBot } from '../../support/bot.ts'
import { assertRefused, readLog, say, startChat } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { call } from '../../support/http.ts'
import { startPostgres, withoutPostgres } from '../../support/postgres.ts'
import { startS3, withoutS3 } from '../../support/s3.ts'
import { filePart, formOf, newest, upload } from '../direct-line-v3/form.ts'
import { openDatabase } from './grounds.ts'
import { at, startNodes, urlAt } from './nodes.ts'

/** What somebody who uploads may wait for a storage that is away, with a machine that is busy: milliseconds. */
const refusedMs = 5_000

const skip = withoutPostgres ?? withoutS3

suite('several nodes with their files in S3', { skip: skip ?? false }, async () => {
  if (skip !== undefined) return
  await using opened = new AsyncDisposableStack()
  const postgres = opened.use(await startPostgres())
  const storage = opened.use(await startS3())
  const folder = opened.use(await makeFolder())
  const bucket = { ...(await storage.makeBucket()), timeoutMs: 2_000 }
  const filesDir = join(folder.path, 'files')
  const bot = opened.use(await startBot())
  const world = opened.use(
    await startNodes(openDatabase(postgres.url, filesDir, bucket), 2, {
      bot: bot.url,
      botSettings: { expectReplies: false },
    }),
  )
  const [a, b] = world.nodes
  const kept = opened.move()
  after(() => kept.disposeAsync())

  /** The link of the newest file of a chat. */
  const linkIn = async (chat: Parameters<typeof newest>[0]) => (await newest(chat)).attachments?.[0]?.contentUrl ?? ''

  test('a file uploaded to one is given by both, by a link of theirs, inert, and out of the bucket', async () => {
    const chat = await startChat(a, { id: 'u1' })
    const { status, text } = await upload(
      chat,
      formOf([filePart('page.html', '<script>alert(1)</script>', 'text/html')]),
    )
    assert.equal(status, 200, text)
    const link = await linkIn(at(b, chat))
    for (const node of world.nodes) {
      const found = await call(urlAt(node, link))
      assert.equal(found.status, 200, 'and no redirect to the bucket')
      assert.equal(found.text, '<script>alert(1)</script>')
      assert.equal(found.headers['x-content-type-options'], 'nosniff')
      assert.match(String(found.headers['content-security-policy']), /sandbox/)
      assert.match(found.headers['content-disposition'] ?? '', /^attachment;/)
      const forged = urlAt(node, link).replace(/([?&]s=)[^&]{4}/, '$1AAAA')
      assert.equal((await call(forged)).status, 404, 'only by its signature')
    }
    assert.equal((await storage.keysIn(bucket)).filter(key => key.startsWith(`files/${chat.conversation}/`)).length, 1)
    assert.equal(existsSync(filesDir), false, 'and nothing is kept in a folder')
  })

  test('a conversation that is deleted at one takes its files out of the bucket', async () => {
    const chat = await startChat(a, { id: 'u1' })
    assert.equal((await upload(chat, formOf([filePart('note.txt', 'a note')]))).status, 200)
    const link = await linkIn(chat)
    assert.equal((await ask(b, 'DELETE', `/conversations/${chat.conversation}`)).status, 204)
    assert.deepEqual(
      (await storage.keysIn(bucket)).filter(key => key.startsWith(`files/${chat.conversation}/`)),
      [],
    )
    assert.equal((await call(urlAt(a, link))).status, 404)
  })

  test('while the storage is away uploads are refused in time and messages go on; then all works, and nothing is lost', async () => {
    const chat = await startChat(a, { id: 'u1' })
    const form = formOf([filePart('note.txt', 'a note')])
    assert.equal((await upload(chat, form)).status, 200)
    const link = await linkIn(chat)
    await storage.kill()
    for (const node of world.nodes) {
      const beganMs = performance.now()
      const refused = await upload(at(node, chat), form)
      assert.ok(performance.now() - beganMs < refusedMs, 'not in time')
      assertRefused(refused, 503, 'ServiceError')
      assert.match(refused.headers['retry-after'] ?? '', /^\d+$/)
      assertRefused(await call(urlAt(node, link)), 503, 'ServiceError')
      await say(at(node, chat), 'meanwhile')
      assert.equal((await call(`${node.origin}/ready`)).status, 200)
    }
    assert.deepEqual(
      (await readLog(chat)).map(({ text, attachments }) => text ?? attachments?.length),
      [1, 'meanwhile', 'meanwhile'],
    )
    await storage.start()
    for (const node of world.nodes) {
      assert.equal((await call(urlAt(node, link))).text, 'a note')
      assert.equal((await upload(at(node, chat), form)).status, 200)
    }
    assert.equal((await call(urlAt(a, await linkIn(at(b, chat))))).text, 'a note')
    for (const { events } of world.nodes) {
      const told = events.flatMap(event => (event.event === 'fault' ? [String(event.error)] : []))
      assert.ok(
        told.some(text => /storage of files/.test(text)),
        told.join(),
      )
    }
  })
})
