/**
 * The links that messages carry: absolute, good without a header for a day, and no longer.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp, type TestApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { makeFolder } from '../../support/folder.ts'
import { call } from '../../support/http.ts'
import { assertNothing, type OldChat, readMessages, startOldChat, uploadOld } from '../../support/old-direct-line.ts'
import { filePart, formOf } from './form.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

/** The link of one uploaded picture, as the client reads it. */
async function picture(service: TestApp, bytes: string | Uint8Array): Promise<{ chat: OldChat; link: string }> {
  const chat = await startOldChat(service, { id: 'u1' })
  assertNothing(await uploadOld(chat, formOf([filePart('door.png', bytes, 'image/png')])))
  return { chat, link: (await readMessages(chat))[0]?.images?.[0] ?? '' }
}

test('are absolute, and lead whoever holds one to the file, type and bytes', async () => {
  const bytes = Buffer.from('89504e470d0a1a0a00ff', 'hex')
  const { link } = await picture(app, bytes)
  assert.ok(link.startsWith(`${app.origin}/`), link)
  for (const headers of [{}, { origin: 'https://page.example' }]) {
    const answer = await call(link, { headers })
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.bytes, bytes)
    assert.equal(answer.headers['content-type'], 'image/png')
    assert.ok(answer.headers['access-control-allow-origin'])
  }
})

test('are the same for the bot and for both kinds of clients, and stay the same', async () => {
  const { chat, link } = await picture(app, 'bytes')
  assert.equal((await readMessages(chat))[0]?.images?.[0], link)
  assert.equal(bot.of(chat.conversation, 'message')[0]?.attachments?.[0]?.contentUrl, link)
  const { body } = await call(`${chat.address}/activities`, { bearer: chat.token })
  assert.equal(body.activities?.[0]?.attachments?.[0]?.contentUrl, link)
})

test('are good for 24 hours, over a restart too, and then lead nowhere', async () => {
  await using folder = await makeFolder()
  let link: string
  let port: number
  {
    await using own = await startApp({ bot: bot.url, dir: folder.path })
    port = own.port
    link = (await picture(own, 'kept')).link
  }
  await using again = await startApp({ bot: bot.url, dir: folder.path, port })
  assert.equal((await call(link)).text, 'kept')
  again.advanceClock(23.9 * 3_600_000)
  assert.equal((await call(link)).status, 200)
  again.advanceClock(0.2 * 3_600_000)
  assert.equal((await call(link)).status, 404)
})

test('cannot be made up', async () => {
  const { link } = await picture(app, 'bytes')
  const url = new URL(link)
  const mark = url.searchParams.get('s') ?? ''
  for (const changed of [
    link.replace(mark, `${mark.slice(0, -1)}${mark.endsWith('A') ? 'B' : 'A'}`),
    link.replace(/\?.*/, ''),
    link.replace(/e=\d+/, match => `${match}0`),
  ]) {
    assert.notEqual(changed, link)
    assert.equal((await call(changed)).status, 404, changed)
  }
})
