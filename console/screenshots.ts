/**
 * Makes pictures of every screen, in both themes and in a narrow window: of a real service with three bots, after some
 * traffic. `npm run screenshots [FOLDER]`; the folder is `console/dist/screenshots` if none is given.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { buildConsole, consoleDir } from '../src/console-build.ts'
import { openBrowser } from '../test/clients/web-chat/browser.ts'
import type { Page } from '../test/console/console-page.ts'
import { type LivelyService, startLively } from '../test/console/lively.ts'

/** What is pictured: where it is, and what has to be there before the picture is taken. */
type Shot = {
  readonly name: string
  path(service: LivelyService): string
  /** A text that is on the screen when it is complete. */
  readonly shows?: string
  /** Names of buttons to press first. */
  readonly press?: readonly string[]
  /** Whether Web Chat is to have come up in its frame, where the window has room for it. */
  readonly hasChat?: boolean
}

const shots: readonly Shot[] = [
  { name: 'overview', path: () => '/console/', shows: 'NobodyListens' },
  { name: 'conversations', path: () => '/console/conversations', shows: 'All' },
  {
    name: 'conversation',
    path: service => `/console/conversations/${service.conversation}?a=3`,
    press: ['Continue chatting'],
    shows: 'receive',
    hasChat: true,
  },
  { name: 'conversation-failed', path: service => `/console/conversations/${service.failing}?a=1`, shows: 'TypeError' },
  { name: 'bots', path: () => '/console/bots/echo', press: ['Check now'], shows: 'nothing was sent' },
  { name: 'bots-broken', path: () => '/console/bots/broken' },
  { name: 'bots-edit', path: () => '/console/bots/broken', press: ['Edit'], shows: 'Messaging endpoint' },
  {
    name: 'bots-secret',
    path: () => '/console/bots/echo',
    press: ['New secret 1 of Default'],
    shows: 'Make a new one',
  },
  { name: 'bots-address', path: () => '/console/bots/echo', press: ['Change …', 'Docker'] },
  { name: 'connect', path: () => '/console/connect' },
  { name: 'connect-curl', path: () => '/console/connect?client=curl' },
  { name: 'settings', path: () => '/console/settings', shows: 'In effect' },
  { name: 'nowhere', path: () => '/console/nowhere' },
]

const sizes = [
  { name: 'wide', width: 1280, height: 800, themes: ['light', 'dark'] },
  { name: 'narrow', width: 320, height: 700, themes: ['light'] },
] as const

/** How long is talked before, so that charts have lines: milliseconds. */
const talkMs = 15_000

const folder = process.argv[2] ?? join(consoleDir, 'screenshots')
const only = process.argv[3]

await mkdir(folder, { recursive: true })
await buildConsole(line => console.log(line))
const context = await openBrowser()
if (typeof context === 'string') throw new Error(context)
try {
  await using service = await startLively()
  for (const startMs = performance.now(); performance.now() - startMs < talkMs; await pause(150 + Math.random() * 400))
    await service.talk()
  for (const size of sizes) {
    for (const theme of size.themes) {
      const own = await context.browser()?.newContext({ viewport: size, colorScheme: theme, deviceScaleFactor: 1 })
      if (own === undefined) throw new Error('The browser has gone.')
      const page = await own.newPage()
      await page.goto(`${service.origin}/console/#key=${service.adminKey}`)
      await page.getByRole('heading', { name: 'Overview' }).waitFor()
      for (const { name, path, shows, press = [], hasChat = false } of shots) {
        if (only !== undefined && !name.startsWith(only)) continue
        await page.goto(service.origin + path(service))
        await page.getByRole('heading').first().waitFor()
        for (const button of press) await page.getByRole('button', { name: button, exact: true }).first().click()
        if (shows !== undefined) await page.getByText(shows).first().waitFor({ state: 'attached' })
        if (hasChat && size.name === 'wide') await page.frameLocator('iframe').getByRole('textbox').first().waitFor()
        if (name === 'overview') await talkUntilSeen(service, page)
        const file = join(folder, `${name}.${size.name}.${theme}.png`)
        await page.screenshot({ path: file, fullPage: size.name === 'narrow' })
        console.log(file)
      }
      await own.close()
    }
  }
} finally {
  await context.browser()?.close()
}

/** The list of what passes is filled by what passes. */
async function talkUntilSeen(service: LivelyService, page: Page): Promise<void> {
  const list = page.getByRole('region', { name: 'Live' }).getByRole('listitem')
  for (let round = 0; round < 50 && (await list.count()) < 12; round += 1) {
    await service.talk()
    await pause(200)
  }
}
