/**
 * `landline config`: the settings, looked at without starting anything.
 */
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Flags, type ReadSettings, sampleSettings, settingsSchema } from '../config.ts'
import type { SettingBody } from '../protocol/admin.ts'
import { type CommonOptions, type Context, type Definition, withCommon } from './context.ts'
import { usageFailure } from './failure.ts'
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
    const { file, warnings } = read(options, context)
    const out = new Output(options)
    for (const warning of warnings) out.note(`landline: ${warning}`)
    out.result({ ok: true, file, warnings }, `${file ?? 'Without a settings file'}: nothing is wrong.`)
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
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    throw usageFailure(`${file} is there already`, 'Name another file.')
  }
}
