/**
 * A service with things to see: three bots, one that answers, one whose code is broken, one where nobody listens; and
 * people who talk to them.
 */
import assert from 'node:assert/strict'
import type { BotChange } from '../../src/protocol/admin.ts'
import type { SeriesBody } from '../../src/protocol/admin-live.ts'
import { defaultBot, defaultSite, defaults } from '../../src/settings.ts'
import { eventually } from '../clients/support/eventually.ts'
import { type Administered, ask, done } from '../support/admin.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { call } from '../support/http.ts'
import { startBrokenBot, startEchoBot } from '../support/three-bots.ts'

/** A running service that is talked to. */
export type LivelyService = AsyncDisposable &
  Pick<TestApp, 'origin' | 'adminKey' | 'base'> & {
    /** A conversation with the bot that answers, and one with the bot that is broken. */
    readonly conversation: string
    readonly failing: string
    /** The first secrets of its sites. */
    readonly secrets: readonly string[]
    /** Says a few things more. */
    talk(): Promise<void>
  }

/** Starts it, and has somebody talk to each bot. */
export async function startLively(): Promise<LivelyService> {
  const echo = await startEchoBot()
  const broken = await startBrokenBot()
  const secrets = { echo: 'the-secret-of-echo-0000000000000001', idle: 'the-secret-of-idle-0000000000000001' }
  const app = await startApp({
    settings: {
      mode: 'dev',
      development: true,
      revealSecrets: true,
      bots: [
        {
          ...defaultBot,
          id: 'echo',
          name: 'echo',
          endpoint: echo.url,
          sites: [{ ...defaultSite, secrets: [secrets.echo] }],
        },
        {
          ...defaultBot,
          id: 'idle',
          name: 'idle',
          endpoint: 'http://127.0.0.1:9/api/messages',
          where: 'landline.yaml:14',
          sites: [{ ...defaultSite, secrets: [secrets.idle] }],
        },
      ],
      inspect: { ...defaults.inspect, bodies: 'full' },
    },
  })
  await addBot(app, { id: 'broken', endpoint: broken.url })
  const site = await done(app, 'POST', '/sites/broken.broken/secrets/1/reveal')
  const talkers = [
    await startTalking(app, secrets.echo),
    await startTalking(app, secrets.idle),
    await startTalking(app, String(site['secret'])),
  ] as const
  const texts = ['hi', 'Book a table for two on Friday', 'card', 'typing', 'suggest']
  let said = 0
  const talk = async () => {
    for (let round = 0; round < 3; round += 1) {
      said += 1
      await talkers[0].say(texts[said % texts.length] ?? 'hi')
    }
    if (said % 2 === 0) await Promise.all([talkers[1].say('Is anybody there?'), talkers[2].say('Where is my order?')])
  }
  await talk()
  await talk()
  return {
    origin: app.origin,
    base: app.base,
    adminKey: app.adminKey,
    conversation: talkers[0].conversation,
    failing: talkers[2].conversation,
    secrets: [...Object.values(secrets), String(site['secret'])],
    talk,
    [Symbol.asyncDispose]: async () => {
      await app[Symbol.asyncDispose]()
      await echo[Symbol.asyncDispose]()
      await broken[Symbol.asyncDispose]()
    },
  }
}

/** Starts something at a port that was in use a moment ago: it may have been given to somebody else meanwhile. */
export const atPort = <Started>(start: () => Promise<Started>): Promise<Started> =>
  eventually('the port is free', () =>
    start().catch((error: Error) => {
      if (!/EADDRINUSE|is taken/.test(error.message)) throw error
      return undefined
    }),
  )

/** Waits until the service has counted so many more seconds. */
export async function secondsPass(app: Administered, seconds: number): Promise<void> {
  const newest = async () => ((await done(app, 'GET', '/series?seconds=5')) as unknown as SeriesBody).t.at(-1) ?? 0
  const before = await newest()
  await eventually(`${seconds} more seconds`, async () => (await newest()) >= before + seconds)
}

/** Adds a bot to a running service. */
export async function addBot(app: Administered, bot: BotChange): Promise<void> {
  const { status, text } = await ask(app, 'POST', '/bots', bot)
  assert.equal(status, 201, text)
}

/** Somebody in a conversation of their own. What a bot does not take is said all the same. */
async function startTalking(app: TestApp, secret: string) {
  const started = await call(`${app.base}/conversations`, { method: 'POST', bearer: secret })
  const conversation = String(started.body['conversationId'])
  return {
    conversation,
    say: (text: string) =>
      call(`${app.base}/conversations/${conversation}/activities`, {
        method: 'POST',
        bearer: secret,
        json: { type: 'message', from: { id: 'dl_ana', name: 'Ana' }, text },
      }),
  }
}
