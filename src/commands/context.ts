/**
 * What a command is given: the world it was typed into. No command reads the environment or the command line by itself.
 */
import type { Command } from 'commander'

/** Where a command runs. */
export type Context = {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly version: string
  /** Keeps a reader of standard output that went away from ending the process: a service goes on without. */
  readonly survivePipe: () => void
}

/** Adds a command's options, arguments and action to its place in the tree. */
export type Definition = (command: Command, context: Context) => void

/** A command of the first level. */
export type CommandEntry = {
  readonly name: string
  /** A sentence without its full stop. */
  readonly about: string
  readonly load: () => Promise<Definition>
}

/** Options that every command takes; those that run a service print no JSON. */
export type CommonOptions = {
  readonly json?: boolean
  readonly quiet?: boolean
  readonly verbose?: boolean
}

/** Adds what every command takes. */
export const withManners = (command: Command): Command =>
  command.option('--quiet', 'print results and errors only').option('--verbose', 'print where an error happened')

/** Adds what every command takes that has a result. */
export const withCommon = (command: Command): Command =>
  withManners(command.option('--json', 'print JSON, and nothing else, on standard output'))

/** Options of commands that talk to a running service. */
export type ServiceOptions = CommonOptions & { readonly url?: string; readonly key?: string }

/** Adds what commands take that talk to a running service. */
export const withService = (command: Command): Command =>
  withCommon(
    command
      .option('--url <url>', 'the service (default: the one running in this folder)')
      .option('--key <key>', 'its admin key; LANDLINE_ADMIN_KEY keeps it out of sight of others'),
  )

/** An option that may be given several times: each value is added. */
export const collected = (value: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  value,
]
