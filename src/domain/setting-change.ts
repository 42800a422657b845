/**
 * Changes of a setting that depend on what it was. Several nodes may do so at once: whoever was overtaken reads again,
 * so that no change is lost.
 */
import { ProtocolError } from '../protocol/errors.ts'
import type { SettingStore } from './setting-port.ts'

/** What a setting is to be, or undefined where it stays as it is; and what whoever changes it learns. */
export type SettingChange<Result> = { readonly next: string | undefined; readonly result: Result }

/** How often one change may be overtaken by others. Each time another one has succeeded. */
const triesMax = 100

/**
 * Changes a setting.
 *
 * @param change answers what is to become of what is there; asked again whenever somebody else was faster
 * @throws ProtocolError `Unavailable` if others were faster all the time; what the store and `change` throw
 */
export async function changeSetting<Result>(
  store: Pick<SettingStore, 'setting' | 'putSettingIf'>,
  name: string,
  change: (kept: string | undefined) => SettingChange<Result> | Promise<SettingChange<Result>>,
): Promise<Result> {
  for (let tried = 0; tried < triesMax; tried += 1) {
    const kept = await store.setting(name)
    const { next, result } = await change(kept)
    if (next === undefined || next === kept || (await store.putSettingIf(name, next, kept))) return result
  }
  throw new ProtocolError('Unavailable', 'Others are changing the same all the time.')
}
