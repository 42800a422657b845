/**
 * The command line: which commands there are, and how they end. Each command is read when it is used, so that asking
 * for the version does not wait for a server to be loaded.
 */
import type { Command, CommanderError } from 'commander'
import type { CommandEntry, Context } from './commands/context.ts'
import { usageFailure } from './commands/failure.ts'
import { readVersion } from './version.ts'

/** Every command, in the order of the help. The first is meant where none is named. */
export const commandEntries: readonly [CommandEntry, ...CommandEntry[]] = [
  {
    name: 'dev',
    about: 'run the service on your own machine, with nothing to set first',
    load: async () => (await import('./commands/dev.ts')).dev,
  },
  {
    name: 'serve',
    about: 'run the service for others, as its settings file says',
    load: async () => (await import('./commands/serve.ts')).serve,
  },
  {
    name: 'chat',
    about: 'talk with a bot in the terminal',
    load: async () => (await import('./commands/chat.ts')).chat,
  },
  {
    name: 'tail',
    about: 'show what is said, and what became of it, as it happens',
    load: async () => (await import('./commands/tail.ts')).tail,
  },
  {
    name: 'token',
    about: 'print a new token',
    load: async () => (await import('./commands/token.ts')).token,
  },
  {
    name: 'bot',
    about: 'add, show, change, check and remove bots',
    load: async () => (await import('./commands/bot.ts')).bot,
  },
  {
    name: 'site',
    about: 'add, show, change and remove sites',
    load: async () => (await import('./commands/site.ts')).site,
  },
  {
    name: 'secret',
    about: 'show the secrets of a site, or make new ones',
    load: async () => (await import('./commands/secret.ts')).secret,
  },
  {
    name: 'config',
    about: 'check, show and describe the settings, without starting anything',
    load: async () => (await import('./commands/config.ts')).config,
  },
  {
    name: 'migrate',
    about: 'bring the store up to date, without starting anything',
    load: async () => (await import('./commands/migrate.ts')).migrate,
  },
]

/**
 * The tree of commands.
 *
 * @param only the one command whose options and subcommands are needed; all if not given
 */
export async function commandTree(context: Context, only?: string): Promise<Command> {
  const { Command } = await import('commander')
  const program = new Command('landline')
    .description(
      'A Direct Line service of your own. Without a command it does what `landline dev` does, and takes its options.',
    )
    .version(context.version, '--version', 'print the version')
    .helpOption('--help', 'print how it is used')
    .helpCommand(false)
  settle(program)
  for (const [at, { name, about, load }] of commandEntries.entries()) {
    const command = program.command(name, { isDefault: at === 0 }).description(about)
    command.helpOption('--help', 'print how it is used')
    if (only === undefined || only === name) (await load())(command, context)
    for (const each of [command, ...command.commands]) settle(each)
    if (command.commands.length > 0) command.exitOverride(thrown => refuseAlone(command, thrown))
  }
  return program
}

/** Errors come back to us, and help goes where results go. */
function settle(command: Command): void {
  command
    .exitOverride()
    .helpCommand(false)
    .configureOutput({ writeErr: () => undefined })
}

/** A command that is only the first of two words has no help to print where the second is missing: it was not asked. */
function refuseAlone(command: Command, thrown: CommanderError): never {
  if (thrown.code !== 'commander.help') throw thrown
  const words = command.commands.map(inner => inner.name())
  const last = words.pop()
  throw usageFailure(
    `\`landline ${command.name()}\` takes another word: ${words.join(', ')} or ${last}`,
    `\`landline ${command.name()} --help\` says what each does.`,
  )
}

/**
 * Runs a command line. Answers the exit code, or undefined where the process goes on, as a service does.
 *
 * @param words the command line without the program
 */
export async function runCommand(words: readonly string[]): Promise<number | undefined> {
  const version = readVersion()
  if (words.length === 1 && words[0] === '--version') {
    process.stdout.write(`${version}\n`)
    return 0
  }
  // Whoever read our output and went away has had enough. A service goes on without them.
  let ends = true
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    if (ends) process.exit(0)
  })
  const { ownEnvironment } = await import('./config.ts')
  const context: Context = {
    environment: ownEnvironment,
    cwd: process.cwd(),
    version,
    survivePipe: () => {
      ends = false
    },
  }
  const { exitCodes, failureLines, CommandFailure } = await import('./commands/failure.ts')
  try {
    const { named } = await import('./commands/words.ts')
    const program = await commandTree(context, named(words, commandEntries))
    await program.parseAsync([...words], { from: 'user' })
    return undefined
  } catch (thrown) {
    const { understood } = await import('./commands/words.ts')
    const error = understood(thrown)
    if (error === undefined) return 0
    process.stderr.write(`${failureLines(error).join('\n')}\n`)
    if (words.includes('--verbose') && error instanceof Error) process.stderr.write(`${error.stack}\n`)
    return exitCodes[error instanceof CommandFailure ? error.exit : 'unexpected']
  }
}
