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
import { replies } from './replies.ts'
import type { Stage } from './stage.ts'
import { unasked } from './unasked.ts'

/** Runs the suite with the bot of one SDK. `more` adds what is true of this SDK alone. */
export function suiteOfBot(sdk: string, startBot: () => Promise<RealBot>, more: (stage: Stage) => void): void {
  let bot: RealBot
  let app: TestApp
  const stage: Stage = {
    bot: () => bot,
    app: () => app,
    greeted: async (user, { app: own = app, webSocket = true, clockSpeed = 1 } = {}) => {
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
      (await bot.received()).filter(({ conversation }) => conversation?.id === chat.connection.conversationId),
  }

  suite(`a bot made with ${sdk}`, { concurrency: true }, () => {
    before(async () => {
      bot = await startBot()
      app = await startApp({ bot: bot.url })
    })
    after(async () => {
      await app?.[Symbol.asyncDispose]()
      await bot?.stop()
    })
    greetings(stage)
    replies(stage)
    changes(stage)
    files(stage)
    unasked(stage)
    failures(stage)
    more(stage)
  })
}
