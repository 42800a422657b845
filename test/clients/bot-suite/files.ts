/**
 * Files between users and a bot, whatever its SDK.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { botFile } from '../bots/commands.ts'
import { readLog } from '../support/rest.ts'
import type { Stage } from './stage.ts'

/** The tests of files. */
export function files({ app, greeted, received, showsTokens }: Stage): void {
  const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

  test('loads a file that a user sends, byte for byte, by its plain link', async () => {
    using chat = await greeted('dl_file')
    await chat.upload('', [botFile])
    const { value } = await chat.until('what the bot got', () =>
      chat.fromBot('event').find(({ name }) => name === 'files'),
    )
    const { name, type, bytes } = botFile
    assert.deepEqual(value, [
      { name, contentType: type, status: 200, servedType: type, length: bytes.length, sha256: sha256(bytes) },
    ])
  })

  test('uploads a file that users can load, by a link that does not tell where the bot answers', async () => {
    using chat = await greeted('dl_picture')
    await chat.say('upload')
    const { attachments = [] } = await chat.reply('A file for you.')
    assert.deepEqual(
      attachments.map(({ name, contentType }) => [name, contentType]),
      [[botFile.name, botFile.type]],
    )
    const shown = await fetch(attachments[0]?.contentUrl ?? '')
    assert.deepEqual([shown.status, shown.headers.get('content-type')], [200, botFile.type])
    assert.deepEqual(new Uint8Array(await shown.arrayBuffer()), botFile.bytes)

    const { conversationId } = chat.connection
    const [{ serviceUrl = '' } = {}] = await received(chat)
    const secrets = new URL(serviceUrl).pathname.split('/').filter(part => part.length > 20 && part !== conversationId)
    assert.equal(secrets.length === 0, showsTokens)
    const visible = JSON.stringify([chat.seen, await readLog(app(), conversationId)])
    for (const secret of secrets) assert.equal(visible.includes(secret), false)
  })
}
