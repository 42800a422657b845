/**
 * What a bot made with any SDK can count on, as one suite that is run with each: an unmodified bot on one side, an
 * unmodified DirectLineJS on the other.
 */
import { after, before, suite } from 'node:test'
import { startApp, type TestApp } from '../../support/app.ts'
import type { RealBot } from '../bots/start.ts'
import { Chat } from '../support/chat.ts'
import { generateToken } from '../support/rest.ts'
import { changes } from './changes.ts'
import { failures } from './failures.ts'
import { files } from './files.ts'
import { greetings } from './greetings.ts'
import { replies, repliesInBody } from './replies.ts'
import type { Stage } from './stage.ts'
import { unasked, unaskedAfterRestart } from './unasked.ts'

/** Runs the suite with the bot of one SDK, without credentials. `more` adds what is true of this SDK alone. */
export function suiteOfBot(sdk: string, startBot: () => Promise<RealBot>, more: (stage: Stage) => void): void {
  let bot: RealBot
  let app: TestApp
  const stage = stageOf({ bot: () => bot, app: () => app, showsTokens: false })

  suite(`a bot made with ${sdk}`, { concurrency: true }, () => {
    before(async () => {
      bot = await startBot()
      app = await startApp({ bot: bot.url })
    })
    after(async () => {
      await app?.[Symbol.asyncDispose]()
      await bot?.stop()
    })
    testsOfBot(stage)
    repliesInBody(stage)
    unaskedAfterRestart(stage)
    failures(stage)
    more(stage)
  })
}

/** The tests that need nothing but a bot and the service in front of it. */
export function testsOfBot(stage: Stage): void {
  greetings(stage)
  replies(stage)
  changes(stage)
  files(stage)
  unasked(stage)
}

/** What the tests are given, made of a bot and a service that may be started later. */
export const stageOf = ({ bot, app, showsTokens }: Pick<Stage, 'bot' | 'app' | 'showsTokens'>): Stage => ({
  bot,
  app,
  showsTokens,
  greeted: async (user, { app: own = app(), webSocket = true, clockSpeed = 1 } = {}) => {
    const { token } = await generateToken(own, { id: user })
    const chat = new Chat({ domain: own.base, token, webSocket, pollingInterval: 200 }, { user, clockSpeed })
    try {
      await chat.reply(`Hello, ${user}.`)
    } catch (error) {
      chat.close()
      throw error
    }
    return chat
  },
  received: async chat =>
    (await bot().received()).filter(({ conversation }) => conversation?.id === chat.connection.conversationId),
})
