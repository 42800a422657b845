/**
 * `landline config`: the settings, looked at without starting anything.
 */
import { writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import {
  type Flags,
  type ReadSettings,
  type SettingProblem,
  SettingsError,
  sampleSettings,
  settingsSchema,
} from '../config.ts'
import type { SettingBody } from '../protocol/admin.ts'
import { type CommonOptions, type Context, type Definition, withCommon } from './context.ts'
import { CommandFailure, usageFailure } from './failure.ts'
import { Output, plain, table } from './output.ts'
import { readOrFail, sourcesOf, withSettings } from './settings-flags.ts'

/** Adds the command. */
export const config: Definition = (command, context) => {
  const reading = (name: string, about: string) =>
    withCommon(withSettings(command.command(name).description(about))).option(
      '--dev',
      'as `landline dev` reads them (default: as `landline serve` does)',
    )
  reading('check', 'say everything that is wrong with the settings').action(async (options: ReadingOptions) => {
    const out = new Output(options)
    try {
      const { file, warnings } = read(options, context)
      for (const warning of warnings) out.note(`landline: ${warning}`)
      const report: Report = { ok: true, file, warnings, problems: [] }
      out.result(report, `${file ?? 'Without a settings file'}: nothing is wrong.`)
    } catch (error) {
      // What is wrong is the result of this command; to people it is told as any failure is.
      const found = error instanceof CommandFailure ? error.cause : undefined
      if (found instanceof SettingsError) {
        const { file, warnings, problems } = found
        out.result({ ok: false, file, warnings, problems } satisfies Report, '')
      }
      throw error
    }
  })
  reading('show', 'print every setting, and where it comes from').action(async (options: ReadingOptions) => {
    const { lines } = read(options, context)
    new Output(options).result(lines, table(['SETTING', 'VALUE', 'FROM'], lines.map(row)))
  })
  withCommon(command.command('schema').description('print the JSON Schema of the settings file')).action(
    async (options: CommonOptions) => {
      new Output(options).line(JSON.stringify(await settingsSchema(), undefined, 2))
    },
  )
  withCommon(command.command('init').description('write a settings file to start from'))
    .argument('[file]', 'where', 'landline.yaml')
    .action(async (file: string, options: CommonOptions) => {
      await init(resolve(context.cwd, file))
      new Output(options).result({ file }, `${file} is written.`)
    })
}

/** What `config check --json` prints. */
type Report = Pick<ReadSettings, 'file' | 'warnings'> & {
  readonly ok: boolean
  /** Everything that is wrong. */
  readonly problems: readonly SettingProblem[]
}

type ReadingOptions = CommonOptions & Flags & { readonly dev?: boolean }

const read = (options: ReadingOptions, context: Context): ReadSettings =>
  readOrFail(sourcesOf(options, context, options.dev === true ? 'dev' : 'serve'))

function row({ name, value, origin, where }: SettingBody): readonly string[] {
  const shown = value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value)
  return [name, plain(shown), where === undefined ? origin : `${origin} ${where}`]
}

/** A file that is there is somebody's: it is not written over. It may come to hold secrets, so nobody else can read it. */
async function init(file: string): Promise<void> {
  try {
    await writeFile(file, sampleSettings(), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
    if (code === undefined) throw error
    if (code === 'EEXIST') throw usageFailure(`${file} is there already`, 'Name another file.')
    if (code === 'ENOENT') throw usageFailure(`There is no folder ${dirname(file)}`, 'Make it, or name another file.')
    throw usageFailure(`${file} can’t be written (${code})`, 'Name a file that you may write.')
  }
}
