/**
 * What an operator has switched while the service ran. It is kept, and wins over the settings until they change: each
 * switch is kept with what the settings said then.
 */
import type { ConversationStore } from './ports.ts'
import type { Switches } from './sites.ts'

/** The names of the switches. */
export const switchNames = ['enabled', 'v3', 'v1', 'uploads'] as const

type Kept = { readonly [Name in (typeof switchNames)[number]]?: { readonly is: boolean; readonly was: boolean } }
type Place = { readonly bot: string; readonly site: string }

/** The switches of a site as they are now. @param given as the settings have them */
export async function openSwitches(store: ConversationStore, place: Place, given: Switches): Promise<Switches> {
  const text = await store.setting(settingName(place))
  const kept = text === undefined ? {} : (JSON.parse(text) as Kept)
  const now = (name: keyof Switches) => (kept[name]?.was === given[name] ? kept[name].is : given[name])
  return { enabled: now('enabled'), v3: now('v3'), v1: now('v1'), uploads: now('uploads') }
}

/** Keeps the switches of a site as they are from now on. */
export function keepSwitches(store: ConversationStore, place: Place, given: Switches, now: Switches): Promise<void> {
  const changed = switchNames.filter(name => now[name] !== given[name])
  const kept: Kept = Object.fromEntries(changed.map(name => [name, { is: now[name], was: given[name] }]))
  return store.putSetting(settingName(place), JSON.stringify(kept))
}

/** Forgets what was switched at a site that is gone. */
export const forgetSwitches = (store: ConversationStore, place: Place): Promise<void> =>
  store.putSetting(settingName(place), '{}')

const settingName = ({ bot, site }: Place): string => `switches of ${JSON.stringify([bot, site])}`
