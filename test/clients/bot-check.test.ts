/**
 * What a check says of unmodified bots of both SDKs: which one refuses what it is not shown, and that one that runs as
 * its guide says is well.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assertFound, checkAt, stepOf } from '../support/check.ts'
import { startAgentsBot, startBotbuilderBot } from './bots/start.ts'

const app = { id: '0b7d0b7d-0000-4000-8000-000000000001', password: 'the-password-of-the-checked-bot-0002' }

const sdks = [
  {
    name: 'botbuilder',
    start: startBotbuilderBot,
    secured: { MicrosoftAppId: app.id, MicrosoftAppPassword: app.password },
  },
  {
    name: 'Agents SDK',
    start: startAgentsBot,
    secured: { clientId: app.id, clientSecret: app.password, tenantId: 'landline' },
  },
]

for (const { name, start, secured } of sdks) {
  describe(name, () => {
    it('without credentials takes the event, and answers to it arrive', async () => {
      await using bot = await start()
      const report = await checkAt(bot.url)
      assert.equal(report.ok, true, JSON.stringify(report))
      assert.equal(stepOf(report, 'answers').ok, true)
      assert.deepEqual(
        (await bot.received()).map(({ type, name: event }) => [type, event]),
        [['event', 'landline.check']],
      )
    })

    it('with credentials that are not here is recognised by how it says no', async () => {
      await using bot = await start(secured)
      assertFound(await checkAt(bot.url), 'BotWantsCredentials', 'post', new RegExp(`401.*${name}`))
    })

    it('that does not trust this service rejects what it is shown', async () => {
      await using bot = await start(secured)
      assertFound(await checkAt(bot.url, { app }), 'BotRejectsCredentials', 'post', new RegExp(`401.*${name}`))
    })
  })
}
