/**
 * A service with everything in it that can be attacked: a bot without a credential, one with tokens, one of the old
 * schema, a site to be spoilt, and in each conversation somebody, something said and a file.
 */
import assert from 'node:assert/strict'
import type { RecordsBody } from '../../../src/protocol/admin-conversations.ts'
import { type BotSettings, defaultBot, defaultSite, type Settings } from '../../../src/settings.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { startBot, type TestBot, type TestBotOptions } from '../../support/bot.ts'
import { ada, tokenOf } from '../../support/bot-tokens.ts'
import { call } from '../../support/http.ts'
import { basic, oldApp } from '../../support/old-bot.ts'
import { openTalk, type Talk } from '../../support/talk.ts'

/** One conversation of a bot, and what an attacker would like to have of it. */
export type Prey = {
  readonly talk: Talk
  /** The `t` of its stream URL. */
  readonly ticket: string
  /** The id of something its bot has said. */
  readonly said: string
  /** The path of a link to a file a client has uploaded, with the query that opens it. */
  readonly link: string
  /** The id of a file its bot has uploaded; empty for bots of the old schema. */
  readonly attachment: string
}

/** The service and what is in it. */
export type Ground = {
  readonly app: TestApp
  /** A conversation of the bot without a credential. */
  readonly open: Prey
  /** Another of the same bot, of another person. */
  readonly other: Prey
  /** One of the bot with tokens. */
  readonly ada: Prey
  /** One of the bot of the old schema. */
  readonly old: Prey
  /** What the bot with tokens calls with. */
  readonly botToken: string
  /** The Authorization header of the bot of the old schema. */
  readonly oldBasic: string
  /** The name of a site that nobody needs. */
  readonly spareSite: string
  readonly spareSecret: string
  /** The id of a turn of `other`. */
  readonly turn: string
}

/** A bot of the store that nobody needs, and its only site. */
export const spareBot = 'spare-bot'

/** The ids of the bots of the settings. */
export const botIds = { open: 'bot', ada: 'ada', old: 'old' } as const

const secretOf = (name: string) => `the-secret-of-${name}-${'0'.repeat(24)}`

/** The settings of the three bots. */
function botsAt(
  urls: { readonly open: string; readonly ada: string; readonly old: string },
  expectReplies: boolean,
): readonly BotSettings[] {
  const siteOf = (id: string) => ({
    ...defaultSite,
    id,
    secrets: [secretOf(id)],
    trustedOrigins: ['https://page.example'],
  })
  const where = 'landline.yaml:1'
  return [
    { ...defaultBot, where, endpoint: urls.open, sites: [siteOf('default'), siteOf('spare')] },
    {
      ...defaultBot,
      where,
      id: botIds.ada,
      name: 'Ada',
      endpoint: urls.ada,
      app: ada,
      expectReplies,
      sites: [siteOf(botIds.ada)],
    },
    {
      ...defaultBot,
      where,
      id: botIds.old,
      name: 'Old',
      endpoint: urls.old,
      schema: 'v1',
      app: oldApp,
      sites: [siteOf(botIds.old)],
    },
  ]
}

/** What a test may say of its ground. */
export type GroundOptions = {
  readonly settings?: Partial<Settings>
  /** What the bots do; the one of the old schema is told messages of that schema. */
  readonly bot?: TestBotOptions
  readonly oldBot?: TestBotOptions
  /** Whether the bot with tokens answers in its turns. */
  readonly expectReplies?: boolean
  /** A folder for SQLite; without it the store is in memory. */
  readonly dir?: string
}

/** Starts the bots and the service. */
export async function startGround(options: GroundOptions = {}): Promise<Ground & AsyncDisposable> {
  const bots = [await startBot(options.bot), await startBot(options.bot), await startBot(options.oldBot)] as const
  const dispose = async () => {
    for (const bot of bots) await bot[Symbol.asyncDispose]()
  }
  const [open, withTokens, old] = bots
  const urls = { open: open.url, ada: withTokens.url, old: old.url }
  let app: TestApp
  try {
    app = await startApp({
      settings: { ...options.settings, bots: botsAt(urls, options.expectReplies ?? false) },
      ...(options.dir === undefined ? {} : { dir: options.dir }),
    })
  } catch (error) {
    await dispose()
    throw error
  }
  const stop = async () => {
    await app[Symbol.asyncDispose]()
    await dispose()
  }
  try {
    return { ...(await populated(app, bots)), [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** New conversations on the same ground. */
export const repopulated = (ground: Ground): Promise<Ground> =>
  populated(ground.app, [ground.open.talk.bot, ground.ada.talk.bot, ground.old.talk.bot])

async function populated(app: TestApp, [open, withTokens, old]: readonly [TestBot, TestBot, TestBot]): Promise<Ground> {
  const botToken = await tokenOf(app.origin, ada)
  const oldBasic = basic(oldApp.id, oldApp.password)
  await addSpareBot(app)
  const of = (site: string): TestApp => ({ ...app, secret: secretOf(site) })
  const bearer = { authorization: `Bearer ${botToken}` }
  const other = await preyOf(await openTalk(of('default'), open, { id: 'u2', name: 'Udo' }), {})
  return {
    app,
    open: await preyOf(await openTalk(of('default'), open), {}),
    other,
    turn: await turnOf(app, other.talk.conversation),
    ada: await preyOf(await openTalk(of(botIds.ada), withTokens), bearer),
    old: await oldPreyOf(of(botIds.old), old, oldBasic),
    botToken,
    oldBasic,
    spareSite: 'spare',
    spareSecret: secretOf('spare'),
  }
}

async function turnOf({ origin, adminKey }: TestApp, conversation: string): Promise<string> {
  const { body } = await callAdmin(`${origin}/admin/v1/conversations/${conversation}/records`, { bearer: adminKey })
  return (body as unknown as RecordsBody).turns[0]?.id ?? assert.fail('nothing has been delivered')
}

/** Made-up keys from this address keep out the right one until the second is over. */
async function callAdmin(...asked: Parameters<typeof call>): ReturnType<typeof call> {
  for (let tries = 0; ; tries += 1) {
    const answer = await call(...asked)
    if (answer.status !== 429 || tries === 30) return answer
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

/** Again, if it has been removed. */
async function addSpareBot({ origin, adminKey }: TestApp): Promise<void> {
  const json = { id: spareBot, endpoint: 'http://127.0.0.1:9/api/messages' }
  const { status, text } = await callAdmin(`${origin}/admin/v1/bots`, { bearer: adminKey, json })
  assert.ok(status === 201 || status === 409, text)
}

async function preyOf(given: Talk, headers: Readonly<Record<string, string>>): Promise<Prey> {
  // Where the service tells a public address, it is reached here all the same.
  const talk = { ...given, connector: reached(given.app, given.connector) }
  const said = await call(`${talk.connector}/activities`, { json: { type: 'message', text: 'from the bot' }, headers })
  assert.equal(said.status, 200, said.text)
  const json = { type: 'text/plain', name: 'a.txt', originalBase64: 'YQ==', thumbnailBase64: 'YQ==' }
  const uploaded = await call(`${talk.connector}/attachments`, { json, headers })
  assert.equal(uploaded.status, 200, uploaded.text)
  return { talk, ...(await uploadedBy(talk)), said: String(said.body.id), attachment: String(uploaded.body.id) }
}

const reached = ({ origin }: TestApp, url: string): string => url.replace(/^https?:\/\/[^/]+/, origin)

/** Bots of the old schema are told of no address, and so of no talk. */
async function oldPreyOf(app: TestApp, bot: TestBot, oldBasic: string): Promise<Prey> {
  const started = await call(`${app.base}/conversations`, {
    bearer: app.secret,
    json: { user: { id: 'u1', name: 'Uma' } },
  })
  assert.equal(started.status, 201, started.text)
  const { conversationId: conversation = '', token = '', streamUrl = '' } = started.body
  const address = `${app.base}/conversations/${conversation}`
  const talk: Talk = {
    ...{ app, bot, conversation, token, streamUrl, address, secret: app.secret },
    ...{ join: {}, serviceUrl: '', mark: '', connector: '' },
  }
  const said = await call(`${app.origin}/bot/v1.0/messages`, {
    json: { conversationId: conversation, text: 'from the bot' },
    headers: { authorization: oldBasic },
  })
  assert.equal(said.status, 200, said.text)
  return { talk, ...(await uploadedBy(talk)), said: String(said.body.id), attachment: '' }
}

async function uploadedBy({ address, token, streamUrl }: Talk): Promise<Pick<Prey, 'ticket' | 'link'>> {
  const headers = { 'content-type': 'text/plain', 'content-disposition': 'attachment; filename="note.txt"' }
  const uploaded = await call(`${address}/upload?userId=u1`, { bearer: token, raw: 'a note', headers })
  assert.equal(uploaded.status, 200, uploaded.text)
  const { body } = await call(`${address}/activities`, { bearer: token })
  const contentUrl = body.activities?.at(-1)?.attachments?.[0]?.contentUrl ?? ''
  const link = new URL(contentUrl)
  return { ticket: new URL(streamUrl).searchParams.get('t') ?? '', link: link.pathname + link.search }
}
