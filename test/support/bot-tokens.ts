/**
 * Bots with credentials: what they ask the service for, and a conversation with one.
 */
import assert from 'node:assert/strict'
import { type BotSettings, defaultBot, defaultSite } from '../../src/settings.ts'
import { startApp, type TestApp, type TestAppOptions } from './app.ts'
import { startBot, type TestBot } from './bot.ts'
import { type Answer, call } from './http.ts'
import { openTalk, startTalk, type Talk } from './talk.ts'

/** A registration: an app id and its password. */
export type App = { readonly id: string; readonly password: string }

/** The registrations of the tests. */
export const ada: App = { id: 'aaaaaaaa-0000-4000-8000-00000000000a', password: 'the-password-of-ada~00000000000001' }
/** Another one. */
export const ben: App = { id: 'bbbbbbbb-0000-4000-8000-00000000000b', password: 'the-password-of-ben~00000000000002' }

/** What SDKs ask for. */
export const connectorScope = 'https://api.botframework.com/.default'

/** Asks for a token as MSAL does; a field given as undefined is left out. */
export function askToken(
  origin: string,
  app: App,
  change: Readonly<Record<string, string | undefined>> = {},
  tenant = 'landline',
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const fields = {
    grant_type: 'client_credentials',
    client_id: app.id,
    client_secret: app.password,
    scope: connectorScope,
    ...change,
  }
  const given = Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined)
  return call(`${origin}/${tenant}/oauth2/v2.0/token`, {
    raw: new URLSearchParams(given).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  })
}

/** A token of an app. */
export async function tokenOf(origin: string, app: App): Promise<string> {
  const { status, body, text } = await askToken(origin, app)
  assert.equal(status, 200, text)
  return String(body['access_token'])
}

/** The keys the service publishes. */
export async function publishedKeys(origin: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { status, body, text } = await call(`${origin}/landline/discovery/v2.0/keys`)
  assert.equal(status, 200, text)
  return body['keys'] as readonly Readonly<Record<string, unknown>>[]
}

/** A conversation with Ada's bot, which is shown tokens and shows its own. */
export function startAdasTalk(
  options: { readonly app?: TestAppOptions; readonly bot?: Partial<BotSettings> } = {},
): Promise<Talk & AsyncDisposable> {
  return startTalk({ app: { ...options.app, botSettings: { app: ada, ...options.bot } } })
}

/** The header of the newest turn. */
export const shownTo = (bot: TestBot): string => bot.requests.at(-1)?.headers.authorization ?? ''

/** Two bots of one service, each with a registration of its own unless settings say otherwise, and a talk with each. */
export async function startTwo(
  settings: readonly [Partial<BotSettings>, Partial<BotSettings>] = [{ app: ada }, { app: ben }],
): Promise<AsyncDisposable & { readonly app: TestApp; readonly first: Talk; readonly second: Talk }> {
  const bots = [await startBot(), await startBot()] as const
  const secrets = ['the-secret-of-the-first-bot-00000000001', 'the-secret-of-the-second-bot-0000000002'] as const
  const botSettings = bots.map((bot, at) => ({
    ...defaultBot,
    id: `bot${at}`,
    endpoint: bot.url,
    sites: [{ ...defaultSite, secrets: [secrets[at] ?? ''] }],
    ...settings[at],
  }))
  const app = await startApp({ settings: { bots: botSettings } })
  const dispose = async () => {
    for (const bot of bots) await bot[Symbol.asyncDispose]()
    await app[Symbol.asyncDispose]()
  }
  try {
    const first = await openTalk({ ...app, secret: secrets[0] }, bots[0])
    const second = await openTalk({ ...app, secret: secrets[1] }, bots[1])
    return { app, first, second, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

/** Changes the keys as an operator does. */
export async function rotateKeys(app: TestApp, how: 'overlap' | 'at once'): Promise<void> {
  const { status, text } = await call(`${app.origin}/admin/v1/keys/rotate`, { bearer: app.adminKey, json: { how } })
  assert.equal(status, 204, text)
}
