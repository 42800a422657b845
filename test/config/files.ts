/**
 * Settings read from files of a folder of a test's own.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Flags, type ReadSettings, readSettings, SettingsError } from '../../src/config.ts'
import { makeFolder } from '../support/folder.ts'

/** A folder with files, and what the settings are when they are read there. */
export type SettingsFolder = AsyncDisposable & {
  readonly dir: string
  read(from?: { flags?: Flags; environment?: Record<string, string>; mode?: 'dev' | 'serve' }): ReadSettings
  /** The lines of everything that is wrong. */
  problems(from?: Parameters<SettingsFolder['read']>[0]): readonly string[]
}

/** Makes the folder. @param files their text by name; for their owner alone */
export async function folderWith(files: Readonly<Record<string, string | Uint8Array>>): Promise<SettingsFolder> {
  const folder = await makeFolder()
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.path, name)), { recursive: true })
    writeFileSync(join(folder.path, name), text, { mode: 0o600 })
  }
  const read: SettingsFolder['read'] = ({ flags = {}, environment = {}, mode = 'serve' } = {}) =>
    readSettings({ flags, environment, cwd: folder.path, mode })
  return {
    dir: folder.path,
    read,
    problems: from => {
      try {
        read(from)
        return []
      } catch (error) {
        if (error instanceof SettingsError) return error.message.split('\n')
        throw error
      }
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}
