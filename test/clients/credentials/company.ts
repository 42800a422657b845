/**
 * A service and several real bots of it, each with an app id and exactly the environment that the documentation prints.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openKeys } from '../../../src/adapters/system/keys.ts'
import { openMasterKey } from '../../../src/adapters/system/master-key.ts'
import { defaultBot, defaultSite } from '../../../src/settings.ts'
import { startApp, type TestApp } from '../../support/app.ts'
import { type App, publishedKeys } from '../../support/bot-tokens.ts'
import type { Certificate } from '../../support/certificate.ts'
import { makeFolder } from '../../support/folder.ts'
import type { Stage } from '../bot-suite/stage.ts'
import { stageOf } from '../bot-suite/suite.ts'
import { type BotEnvironment, type RealBot, startAgentsBot, startBotbuilderBot } from '../bots/start.ts'
import { type Door, openDoor } from '../support/door.ts'
import { blocksOf, environmentOf } from './pages.ts'

/** A bot as a page of the documentation has it. */
export type Recipe = {
  /** Its id at the service, and its name in the tests. */
  readonly id: string
  readonly app: App
  /** The block of the page that holds its environment. */
  readonly block: string
  readonly start: (environment: BotEnvironment) => Promise<RealBot>
}

const passwordOf = (id: string): string => `the-password-of-${id}~000000000001`
const [asIdentity = '', ca = '', withSecret = ''] = blocksOf('bot-with-botbuilder.md', 'ini')
const [agentsBlock = ''] = blocksOf('bot-with-the-agents-sdk.md', 'ini')

const botbuilderId = 'aaaaaaaa-0000-4000-8000-00000000000a'
const agentsId = 'bbbbbbbb-0000-4000-8000-00000000000b'
const secretId = 'cccccccc-0000-4000-8000-00000000000c'

/** A bot of botbuilder that gets its tokens as a managed identity. */
export const botbuilder: Recipe = {
  id: 'botbuilder',
  app: { id: botbuilderId, password: passwordOf(botbuilderId) },
  block: asIdentity,
  start: startBotbuilderBot,
}

/** A bot of the Agents SDK that gets its tokens as a managed identity. */
export const agents: Recipe = {
  id: 'agents',
  app: { id: agentsId, password: passwordOf(agentsId) },
  block: agentsBlock,
  start: startAgentsBot,
}

/** The same below a path, where the page has one line differ. */
export const agentsBelowPath: Recipe = {
  ...agents,
  block: agents.block.replace(/authorityEndpoint=\S+/, '$&/landline'),
}

/** A bot of botbuilder that gets its tokens with a client secret. */
export const botbuilderWithSecret: Recipe = {
  id: 'botbuilder-secret',
  app: { id: secretId, password: passwordOf(secretId) },
  block: withSecret,
  start: startBotbuilderBot,
}

/** The service and its bots. Disposing it stops all of them. */
export type Company = AsyncDisposable & {
  /** The service's address as everybody knows it. */
  readonly door: Door
  /** The service as it runs now. */
  readonly app: () => TestApp
  /** What the suite of bots takes, for one of them: the service is called through its door. */
  readonly stage: (recipe: Recipe) => Stage
  /** The running bot. */
  readonly bot: (recipe: Recipe) => RealBot
  /** Stops the service and starts it anew, on another port behind the same door. */
  restart(): Promise<void>
  /** The key with which the service signs, and its name: what nobody else can have. */
  signingKey(): Promise<{ readonly kid: string; readonly jwk: Readonly<Record<string, unknown>> }>
}

/**
 * Starts the bots, and a service with them behind a door.
 *
 * @param options.certificate makes the service's address https
 * @param options.path what stands behind the host in that address, such as `/line`
 */
export async function startCompany(
  recipes: readonly Recipe[],
  { certificate, path = '' }: { readonly certificate?: Certificate; readonly path?: string } = {},
): Promise<Company> {
  const folder = await makeFolder()
  const door = await openDoor(certificate)
  const address = door.origin + path
  const caFile = join(folder.path, 'ca.pem')
  if (certificate !== undefined) await writeFile(caFile, certificate.cert)
  const trust =
    certificate === undefined ? {} : environmentOf(ca.replace('/path/to/ca.pem', caFile), botbuilder.app, '')
  const bots = new Map<Recipe, RealBot>()
  await Promise.all(
    recipes.map(async recipe => {
      const environment = { ...environmentOf(recipe.block, recipe.app, address), ...trust }
      bots.set(recipe, await recipe.start(environment))
    }),
  )
  const botOf = (recipe: Recipe): RealBot => {
    const bot = bots.get(recipe)
    if (bot === undefined) throw new Error(`${recipe.id} has not been started.`)
    return bot
  }
  const dir = join(folder.path, 'store')
  const open = async () => {
    const app = await startApp({
      dir,
      settings: {
        publicUrl: address,
        bots: recipes.map(recipe => ({
          ...defaultBot,
          id: recipe.id,
          endpoint: botOf(recipe).url,
          app: recipe.app,
          sites: [{ ...defaultSite, secrets: [secretOf(recipe)] }],
        })),
      },
    })
    door.lead(app.port)
    return app
  }
  let app = await open()
  return {
    door,
    app: () => app,
    bot: botOf,
    stage: recipe =>
      stageOf({
        bot: () => botOf(recipe),
        app: () => ({ ...app, base: `${address}/v3/directline`, secret: secretOf(recipe) }),
        showsTokens: true,
      }),
    restart: async () => {
      await app.stop()
      app = await open()
    },
    signingKey: async () => {
      // Answered when there is a key: the first one takes a moment to make.
      await publishedKeys(app.origin)
      const sealed = await app.store.setting('signing keys')
      const text = openKeys(await openMasterKey(dir)).unseal(sealed ?? '')
      const [key] = JSON.parse(text ?? '[]') as { id: string; secret: string }[]
      return { kid: key?.id ?? '', jwk: JSON.parse(key?.secret ?? '{}') as Record<string, unknown> }
    },
    [Symbol.asyncDispose]: async () => {
      await app.stop()
      for (const bot of bots.values()) await bot.stop()
      await door[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

const secretOf = ({ id }: Recipe): string => `the-secret-of-${id}-00000000000000000001`
