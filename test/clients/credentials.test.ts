/**
 * Unmodified bots with an app id, set up with exactly what the documentation prints: their whole work through the
 * service, over plain http and over https; what they refuse, and what the service refuses them.
 */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { trustedCertificate } from '../support/certificate.ts'
import { call as callRaw } from '../support/http.ts'
import { readJwt } from '../support/jwt.ts'
import { testsOfBot } from './bot-suite/suite.ts'
import {
  agents,
  agentsBelowPath,
  botbuilder,
  botbuilderWithSecret,
  type Company,
  type Recipe,
  startCompany,
} from './credentials/company.ts'
import { forgeriesOf } from './credentials/forgeries.ts'

/** A company that is started before the tests of a suite and gone after them. */
function company(start: () => Promise<Company>): () => Company {
  let running: Company | undefined
  before(async () => {
    running = await start()
  })
  after(async () => {
    await running?.[Symbol.asyncDispose]()
  })
  return () => {
    if (running === undefined) throw new Error('The company has not been started.')
    return running
  }
}

/** The tests of every bot, with one of a company that is yet to be started. */
function suiteOf(recipe: Recipe, running: () => Company): void {
  const stage = () => running().stage(recipe)
  suite(`the ${recipe.id} bot`, { concurrency: true }, () => {
    testsOfBot({
      bot: () => stage().bot(),
      app: () => stage().app(),
      showsTokens: true,
      greeted: (user, options) => stage().greeted(user, options),
      received: chat => stage().received(chat),
    })
  })
}

/** The app a token was issued to: undefined for tokens of others. */
const appOf = (token: string): unknown => (token.split('.').length === 3 ? readJwt(token).claims['appid'] : undefined)

suite('bots with credentials, as documented, over http', () => {
  const running = company(() => startCompany([botbuilder, agents]))
  suiteOf(botbuilder, running)
  suiteOf(agents, running)

  for (const [recipe, other] of [
    [botbuilder, agents],
    [agents, botbuilder],
  ] as const) {
    test(`the ${recipe.id} bot refuses every token that is not its service's, for it and for now`, async () => {
      const { door, bot, signingKey } = running()
      const target = { origin: door.origin, app: recipe.app.id, other: other.app.id, ...(await signingKey()) }
      const answers: Record<string, number> = {}
      const expected: Record<string, number> = {}
      for (const [name, forgery] of Object.entries(forgeriesOf(target))) {
        const { status } = await callRaw(bot(recipe).url, {
          json: {
            type: 'typing',
            channelId: 'directline',
            from: { id: 'somebody' },
            recipient: { id: recipe.id },
            conversation: { id: 'any' },
            serviceUrl: forgery.serviceUrl,
          },
          headers: forgery.authorization === undefined ? {} : { authorization: forgery.authorization },
        })
        answers[name] = status
        expected[name] = forgery[recipe === botbuilder ? 'botbuilder' : 'agents']
      }
      assert.deepEqual(answers, expected)
    })
  }

  test("each bot's token opens its own conversations and not the other's", async () => {
    const { door, app, stage } = running()
    const talks: { recipe: Recipe; token: string | undefined; conversation: string }[] = []
    for (const recipe of [botbuilder, agents]) {
      using chat = await stage(recipe).greeted(`dl_two_${recipe.id}`)
      const token = door.tokens().findLast(shown => appOf(shown) === recipe.app.id)
      talks.push({ recipe, token, conversation: chat.connection.conversationId })
    }
    for (const { recipe, token } of talks) {
      for (const { recipe: owner, conversation } of talks) {
        const address = `${app().origin}/v3/conversations/${conversation}`
        const expected = recipe === owner ? 200 : 403
        const json = { type: 'message', text: 'from a bot' }
        assert.equal((await callRaw(`${address}/members`, { bearer: token })).status, expected)
        assert.equal((await callRaw(`${address}/activities`, { bearer: token, json })).status, expected)
      }
    }
  })

  test('both bots go on after the service was restarted, with the tokens they had', async () => {
    const { door, stage, bot, restart } = running()
    using first = await stage(botbuilder).greeted('dl_lasting_botbuilder', { clockSpeed: 20 })
    using second = await stage(agents).greeted('dl_lasting_agents', { clockSpeed: 20 })
    const issued = () => door.tokens().filter(token => appOf(token) !== undefined)
    const before = issued()
    await restart()
    for (const [recipe, chat] of [
      [botbuilder, first],
      [agents, second],
    ] as const) {
      await bot(recipe).proactive(chat.connection.conversationId, 'We are back.')
      await chat.reply('We are back.')
      await chat.until('a connection', () => chat.status === 'Online')
      await chat.say('echo still here')
      await chat.reply('You said: still here')
    }
    assert.deepEqual(issued(), before)
  })
})

suite('bots with credentials, as documented, over https with an authority of its own', () => {
  const recipes = [botbuilder, agents, botbuilderWithSecret]
  const running = company(() => startCompany(recipes, { certificate: trustedCertificate() }))
  suiteOf(botbuilder, running)
  suiteOf(agents, running)
  suiteOf(botbuilderWithSecret, running)
})

test('bots with credentials, as documented, work with a service below a path', async () => {
  const recipes = [agentsBelowPath, botbuilderWithSecret]
  await using running = await startCompany(recipes, { certificate: trustedCertificate(), path: '/line' })
  for (const recipe of recipes) {
    using chat = await running.stage(recipe).greeted('dl_path')
    await chat.say('update')
    await chat.reply('Done.')
  }
})
