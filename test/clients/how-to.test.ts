/**
 * The pages on bots in `docs/how-to`, done step by step by somebody who has nothing else: the real service from the
 * command line, the printed bot in the printed environment.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { startProcess } from '../support/app.ts'
import { makeFolder } from '../support/folder.ts'
import { call } from '../support/http.ts'
import { freePort } from '../support/ports.ts'
import { startPrintedBot } from './credentials/newcomer.ts'
import { blocksOf } from './credentials/pages.ts'
import { eventually } from './support/eventually.ts'
import { readLog, type Service, say, startConversation } from './support/rest.ts'

const id = 'dddddddd-0000-4000-8000-00000000000d'

async function assertEchoes(service: Service, conversation: string, text: string): Promise<void> {
  await say(service, conversation, text)
  await eventually(`the answer to ${text}`, async () =>
    (await readLog(service, conversation)).activities.find(activity => activity.text === `You said: ${text}`),
  )
}

suite('the how-to pages on bots', { concurrency: 2 }, () => {
  for (const page of ['bot-with-botbuilder.md', 'bot-with-the-agents-sdk.md']) {
    test(`${page}: a bot that answers, refuses strangers, and goes on after Landline was killed`, async () => {
      await using folder = await makeFolder()
      const port = await freePort()
      const args = ['--dir', 'store', '--bot', `http://localhost:${port}/api/messages`, '--app', id]
      await using first = await startProcess({ args: ['--port', String(await freePort()), ...args], cwd: folder.path })
      const printed = /App id +(\S+)\n +App password +(\S+)/.exec(first.output())
      assert.equal(printed?.[1], id)
      const app = { id, password: printed?.[2] ?? '' }
      await using bot = await startPrintedBot(page, {
        folder: join(folder.path, 'bot'),
        app,
        origin: first.origin,
        port,
      })
      const { conversationId } = await startConversation(first)
      await assertEchoes(first, conversationId, 'hello')

      const [request = ''] = blocksOf(page, 'sh').flatMap(block => /--data '(.*)'/.exec(block)?.[1] ?? [])
      const stranger = await call(`http://localhost:${port}/api/messages`, {
        raw: request.replaceAll('http://127.0.0.1:3977', first.origin),
        headers: { 'content-type': 'application/json' },
      })
      assert.equal(stranger.status, 401, bot.output())

      await first.kill()
      await using second = await startProcess({ args: ['--port', String(first.port), ...args], cwd: folder.path })
      assert.ok(second.output().includes(app.password), 'the password is kept')
      await assertEchoes(second, conversationId, 'hello again')
    })
  }
})
