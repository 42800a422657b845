/**
 * `landline migrate`: the store's schema brought up to date while nothing serves, for those who want to see it happen.
 */
import type { Flags } from '../config.ts'
import { type CommonOptions, type Definition, withCommon } from './context.ts'
import { Output } from './output.ts'
import { Progress } from './progress.ts'
import { readOrFail, sourcesOf, withSettings } from './settings-flags.ts'

/** Adds the command. */
export const migrate: Definition = (command, context) => {
  withCommon(withSettings(command))
    .option('--dev', 'the store of `landline dev` (default: that of `landline serve`)')
    .action(async (flags: Flags & CommonOptions & { readonly dev?: boolean }) => {
      const { upgradeStore } = await import('../outside.ts')
      const { storeInUse } = await import('./in-use.ts')
      const { settings } = readOrFail(sourcesOf(flags, context, flags.dev === true ? 'dev' : 'serve'))
      const out = new Output(flags)
      using progress = new Progress('steps of the schema', flags)
      try {
        const versions = await upgradeStore(settings.store, (done, total) => progress.tell(done, total))
        progress[Symbol.dispose]()
        out.result(versions ?? null, textOf(versions))
      } catch (error) {
        throw storeInUse(error) ?? error
      }
    })
}

function textOf(versions: { readonly from: number; readonly to: number } | undefined): string {
  if (versions === undefined) return 'There is no store yet: the first start makes one.'
  const { from, to } = versions
  return from === to ? `The store is up to date: version ${to}.` : `The store is at version ${to} now, from ${from}.`
}
