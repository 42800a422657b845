/**
 * What a bot takes back or asks about, whatever its SDK.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readLog } from '../support/rest.ts'
import { type Stage, texts } from './stage.ts'

/** The tests of updates, deletions and members. */
export function changes({ app, greeted }: Stage): void {
  test('updates what it has said: clients see the whole activity again under its id', async () => {
    using chat = await greeted('dl_update')
    await chat.say('update')
    const updated = await chat.reply('Done.')
    const first = chat.fromBot().find(({ text }) => text === 'Wait …')
    assert.equal(updated.id, first?.id)
    assert.equal(updated.timestamp, first?.timestamp)
    const { activities } = await readLog(app(), chat.connection.conversationId)
    assert.deepEqual(texts(activities), ['Hello, dl_update.', 'update', 'Done.'])
  })

  test('deletes what it has said: clients are told under its id, and the text is gone', async () => {
    using chat = await greeted('dl_delete')
    await chat.say('delete')
    await chat.reply('I have said nothing.')
    const first = chat.fromBot().find(({ text }) => text === 'Forget this.')
    assert.deepEqual(
      chat.fromBot('messageDelete').map(({ id }) => id),
      [first?.id],
    )
    const log = JSON.stringify(await readLog(app(), chat.connection.conversationId))
    assert.equal(log.includes('Forget this.'), false)
  })

  test('asks who is there', async () => {
    using chat = await greeted('dl_member')
    await chat.say('members')
    const { value } = await chat.until('the members', () =>
      chat.fromBot('event').find(({ name }) => name === 'members'),
    )
    const { all, one } = value as { all?: { id: string }[]; one: { id: string } }
    assert.equal(one.id, 'dl_member')
    if (all !== undefined) assert.ok(all.some(({ id }) => id === 'dl_member'))
  })
}
