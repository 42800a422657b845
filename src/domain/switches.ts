/**
 * What an operator has switched while the service ran. It is kept, and wins over the settings until they change: each
 * switch is kept with what the settings said then.
 */
import type { ConversationStore } from './ports.ts'
import { changeSetting } from './setting-change.ts'
import type { Switches } from './sites.ts'

/** The names of the switches. */
export const switchNames = ['enabled', 'v3', 'v1', 'uploads'] as const

type Kept = { readonly [Name in (typeof switchNames)[number]]?: { readonly is: boolean; readonly was: boolean } }
type Place = { readonly bot: string; readonly site: string }

/** The switches of a site as they are now. @param given as the settings have them */
export async function openSwitches(store: ConversationStore, place: Place, given: Switches): Promise<Switches> {
  return switchesIn(await store.setting(switchesSetting(place)), given)
}

/** Keeps some switches of a site as they are from now on. Answers all of them: others may just have been changed. */
export function keepSwitches(
  store: ConversationStore,
  place: Place,
  given: Switches,
  change: Partial<Switches>,
): Promise<Switches> {
  return changeSetting(store, switchesSetting(place), text => {
    const now = { ...switchesIn(text, given), ...change }
    const changed = switchNames.filter(name => now[name] !== given[name])
    const kept: Kept = Object.fromEntries(changed.map(name => [name, { is: now[name], was: given[name] }]))
    return { next: JSON.stringify(kept), result: now }
  })
}

/** Forgets what was switched at a site that is gone. */
export const forgetSwitches = (store: ConversationStore, place: Place): Promise<void> =>
  store.putSetting(switchesSetting(place), '{}')

/** The setting in which the switches of a site are kept. */
export const switchesSetting = ({ bot, site }: Place): string => `switches of ${JSON.stringify([bot, site])}`

function switchesIn(text: string | undefined, given: Switches): Switches {
  const kept = text === undefined ? {} : (JSON.parse(text) as Kept)
  const now = (name: keyof Switches) => (kept[name]?.was === given[name] ? kept[name].is : given[name])
  return { enabled: now('enabled'), v3: now('v3'), v1: now('v1'), uploads: now('uploads') }
}
