/**
 * The options that say how a bot is to be.
 */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { BotChange } from '../protocol/admin.ts'
import { type Context, type ServiceOptions, withService } from './context.ts'
import { usageFailure } from './failure.ts'

/** What is said of a bot on the command line. `none` takes a thing away. */
export type ChangeOptions = ServiceOptions & {
  readonly name?: string
  readonly schema?: string
  readonly appId?: string
  readonly appPasswordFile?: string
  readonly authority?: string
  readonly tenant?: string
  readonly serviceUrl?: string
  readonly timeout?: number
  readonly expectReplies?: boolean
  readonly allowSelfSigned?: boolean
  readonly echo?: string
  readonly updates?: boolean
}

/** Adds these options, and those of the service. */
export const withBotChanges = (command: Command): Command =>
  withService(
    command
      .option('--name <name>', 'what people call it')
      .option('--schema <schema>', 'v3, or v1 for bots of the Bot Framework of 2016')
      .option('--app-id <id>', 'its app id; `none` takes it away')
      .option('--app-password-file <file>', 'a file that holds its password; - is standard input')
      .option('--authority <who>', 'who issues its tokens: landline, microsoft or none')
      .option('--tenant <tenant>', 'the tenant in those tokens; `none` takes it away')
      .option('--service-url <url>', 'what it is told as our address; `none` is the public one')
      .option('--timeout <ms>', 'how long a turn may take: milliseconds', readMs)
      .option('--expect-replies', 'it answers in the body of the turn')
      .option('--no-expect-replies', 'the opposite of --expect-replies')
      .option('--allow-self-signed', 'take a certificate that nobody vouches for')
      .option('--no-allow-self-signed', 'the opposite of --allow-self-signed')
      .option('--echo <when>', 'when users see their own message: before or after the bot’s turn')
      .option('--updates', 'it may update and delete what it has sent')
      .option('--no-updates', 'the opposite of --updates'),
  )

/** What is to be changed, as the admin API takes it. @throws CommandFailure for a password that can't be read */
export async function botChange(options: ChangeOptions, context: Context): Promise<BotChange> {
  const { name, schema, appId, appPasswordFile, authority, tenant, serviceUrl, timeout } = options
  const { expectReplies, allowSelfSigned, echo, updates } = options
  const given = {
    ...{ name, schema, authority, echo, expectReplies, allowSelfSigned, updates, timeoutMs: timeout },
    ...{ appId: orNull(appId), tenantId: orNull(tenant), serviceUrl: orNull(serviceUrl) },
    appPassword: appPasswordFile === undefined ? undefined : await readPassword(appPasswordFile, context),
  }
  // The service checks the words: it knows better than we do what it takes.
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as BotChange
}

const orNull = (text: string | undefined): string | null | undefined => (text === 'none' ? null : text)

function readMs(text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw usageFailure(`--timeout takes milliseconds, not "${text}"`, 'Such as --timeout 15000')
  return Number(text)
}

/** The words of a command line can be read by others on the machine: a password comes from a file. */
async function readPassword(file: string, { cwd }: Context): Promise<string> {
  try {
    const text = file === '-' ? await readInput() : await readFile(resolve(cwd, file), 'utf8')
    return text.replace(/\r?\n$/, '')
  } catch (cause) {
    throw usageFailure(`The password in ${file} can’t be read`, cause instanceof Error ? cause.message : String(cause))
  }
}

async function readInput(): Promise<string> {
  let text = ''
  for await (const part of process.stdin.setEncoding('utf8')) text += part
  return text
}
