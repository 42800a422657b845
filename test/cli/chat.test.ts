/**
 * `landline chat`: what a script says to a bot and hears of it.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startBot } from '../support/bot.ts'
import type { WireActivity } from '../support/http.ts'
import { startBrokenBot, startEchoBot } from '../support/three-bots.ts'
import { openDesk } from './desk.ts'

const memory = ['--port', '0', '--memory', '--bot']

suite('landline chat', { concurrency: 2 }, () => {
  test('prints what the bot answers to each line, one turn after the other, and exits with 0 at the end', async () => {
    await using desk = await openDesk()
    await using bot = await startEchoBot()
    await using service = await desk.start([...memory, bot.url])
    const { code, out, err } = await desk.run(['chat'], {
      input: 'hi\ntyping\nsleep 300\n\nlast, without an end of line',
    })
    assert.equal(code, 0, err)
    assert.deepEqual(out.trimEnd().split('\n'), [
      'You said: hi',
      'I have finished typing.',
      'You said: sleep 300',
      'You said: last, without an end of line',
    ])
    const users = new Set(bot.activities.filter(({ type }) => type === 'message').map(({ from }) => from?.id))
    assert.equal(users.size, 1)
    assert.match([...users][0] ?? '', /^dl_/)
    assert.equal(await service.stop(), 0)
  })

  test('tells cards as text and buttons with numbers, and a number presses its button', async () => {
    await using desk = await openDesk()
    await using bot = await startEchoBot()
    await using service = await desk.start([...memory, bot.url])
    const { code, out, err } = await desk.run(['chat'], { input: 'card\n1\nsuggest\n2\n7\n' })
    assert.equal(code, 0, err)
    assert.match(out, /^Two cards\.\n[\s\S]*A hero\nwith a button\n[\s\S]*1\. pressed\n[\s\S]*Adapted\n/m)
    assert.match(out, /^You said: pressed$/m)
    assert.match(
      out,
      /^Which one\?\n\n1\. red\n2\. blue\nYou said: blue\nYou said: 7\n$/m,
      'where there is no button, it is a text',
    )
    assert.equal(await service.stop(), 0)
  })

  test('begins again as the same person with /restart, as another with /new, and ends with /quit', async () => {
    await using desk = await openDesk()
    await using bot = await startEchoBot()
    await using service = await desk.start([...memory, bot.url])
    const input = 'one\n/restart\ntwo\n/new\nthree\n/quit\nfour\n'
    const { code, err } = await desk.run(['chat', '--user', 'dl_ana'], { input })
    assert.equal(code, 0, err)
    const [one, two, three, four] = bot.activities.filter(({ type }) => type === 'message')
    assert.deepEqual([one?.text, two?.text, three?.text, four], ['one', 'two', 'three', undefined])
    assert.deepEqual([one?.from?.id, two?.from?.id], ['dl_ana', 'dl_ana'])
    assert.notEqual(three?.from?.id, 'dl_ana')
    assert.equal(new Set([one, two, three].map(activity => activity?.conversation?.id)).size, 3)
    assert.equal(await service.stop(), 0)
  })

  test('goes on with a conversation, and tells nothing twice', async () => {
    await using desk = await openDesk()
    await using bot = await startEchoBot()
    await using service = await desk.start([...memory, bot.url])
    const first = await desk.run(['chat'], { input: 'one\n' })
    const id = /Conversation (\S+),/.exec(first.err)?.[1] ?? ''
    const { code, out, err } = await desk.run(['chat', '--conversation', id], { input: 'two\n' })
    assert.equal(code, 0, err)
    assert.equal(out, 'You said: two\n')
    const [one, two] = bot.of(id, 'message')
    assert.deepEqual([one?.text, two?.text], ['one', 'two'])
    assert.equal(one?.from?.id, two?.from?.id)
    const unknown = await desk.run(['chat', '--conversation', 'nowhere'], { input: 'hi\n' })
    assert.equal(unknown.code, 2, unknown.err)
    assert.equal(await service.stop(), 0)
  })

  test('prints whole activities with --json, both sides, one on a line', async () => {
    await using desk = await openDesk()
    await using bot = await startEchoBot()
    await using service = await desk.start([...memory, bot.url])
    const { code, out, err } = await desk.run(['chat', '--json', '--quiet'], { input: 'hi\n' })
    assert.equal(code, 0)
    assert.equal(err, '')
    const activities = out
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as WireActivity)
    assert.deepEqual(
      activities.map(({ text }) => text),
      ['hi', 'You said: hi'],
    )
    assert.equal(await service.stop(), 0)
  })

  test('says that the bot does not take what it is sent, sends the rest, and exits with 4', async () => {
    await using desk = await openDesk()
    await using bot = await startBrokenBot()
    await using service = await desk.start([...memory, bot.url])
    const { code, out, err } = await desk.run(['chat'], { input: 'one\ntwo\n' })
    assert.equal(code, 4, err)
    assert.equal(out, '')
    assert.match(err, /^landline: [^\n]+ \(BotError\)\n[^\n]*bot check[^\n]*\n$/m)
    assert.equal(bot.activities.filter(({ type }) => type === 'message').length, 2)
    assert.equal(await service.stop(), 0)
  })

  test('lets no bot steer the terminal', async () => {
    await using desk = await openDesk()
    await using bot = await startBot({
      onActivity: async (activity, itself) => {
        const text = 'be\u001b]0;title\u0007fore\u001b[2Jaf\u009bter\r\nnext\u202e line'
        if (activity.type === 'message') await itself.reply(activity, { type: 'message', text })
      },
    })
    await using service = await desk.start([...memory, bot.url])
    const { out } = await desk.run(['chat'], { input: 'hi\n' })
    assert.equal(out, 'be]0;titlefore[2Jafter\nnext line\n')
    assert.equal(await service.stop(), 0)
  })
})
