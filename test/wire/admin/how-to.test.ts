/**
 * The commands of the guide to secrets and keys, run as they stand there, one after another, by a shell.
 */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { startChat } from '../../support/direct-line.ts'

const guide = new URL('../../../docs/how-to/rotate-secrets-and-keys.md', import.meta.url)
const isThere = (program: string) => spawnSync(program, ['--version']).error === undefined
const skip = isThere('bash') && isThere('curl') ? false : 'there is no bash or no curl here'

/** The commands in a document's blocks, in their order. */
const commandsIn = (markdown: string): string =>
  [...markdown.matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].map(([, block]) => block).join('\n')

/** Puts a value in the place of the one the guide makes up. */
function withValue(commands: string, name: string, value: string): string {
  const line = new RegExp(`^${name}=.*$`, 'm')
  assert.match(commands, line)
  return commands.replace(line, `${name}=${value}`)
}

test('every command of the guide to secrets and keys does what it says', { skip }, async () => {
  await using bot = await startBot()
  await using app = await startApp({ bot: bot.url })
  const { token, conversation } = await startChat(app, { id: 'u1' })
  const reveal = 'admin --request POST "$LANDLINE/admin/v1/sites/default/secrets/2/reveal"'
  const values = {
    LANDLINE: app.origin,
    KEY: app.adminKey,
    SECRET: `$(${reveal} | sed 's/.*:"//;s/".*//')`,
    CONVERSATION: conversation,
    TOKEN: token,
  }
  const commands = Object.entries(values).reduce(
    (text, [name, value]) => withValue(text, name, value),
    commandsIn(readFileSync(guide, 'utf8')),
  )
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', commands], { timeout: 30_000 })
  assert.match(stdout, new RegExp(`"conversationId":"${conversation}","token":`))
  const audited = app.events.flatMap(event => (event.event === 'audit' ? [event.action] : []))
  assert.deepEqual([...new Set(audited)].sort(), [
    'conversationDeleted',
    'conversationRevoked',
    'keysRotated',
    'secretRegenerated',
    'secretRevealed',
    'secretRevoked',
    'siteRevoked',
    'siteSwitched',
    'tokenRevoked',
  ])
})
