/**
 * Opens the adapters the settings ask for, and closes them.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { openSigner } from './adapters/authority/signer.ts'
import { openBotClient } from './adapters/bot-http/client.ts'
import { StandIn } from './adapters/bot-http/stand-in.ts'
import { openEntra } from './adapters/entra/entra.ts'
import { openDiskFiles } from './adapters/files/files.ts'
import { LocalBus } from './adapters/memory/bus.ts'
import { MemoryFiles } from './adapters/memory/files.ts'
import { MemoryStore } from './adapters/memory/store.ts'
import { openSqliteStore } from './adapters/sqlite/store.ts'
import { readBase64 } from './adapters/system/base64.ts'
import { systemClock } from './adapters/system/clock.ts'
import { masterKeyBytes, openKeys } from './adapters/system/keys.ts'
import { openLoad } from './adapters/system/load.ts'
import { openMasterKey } from './adapters/system/master-key.ts'
import { systemRandom } from './adapters/system/random.ts'
import type { Entra, Signer } from './domain/authority-port.ts'
import type { Events } from './domain/events.ts'
import type { Load } from './domain/health-port.ts'
import type { BotClient, Bus, Clock, ConversationStore, Files, Keys, Random, ReadBase64 } from './domain/ports.ts'
import { defaultLimits, type Limits } from './protocol/limits.ts'
import type { StoreSettings } from './settings.ts'

/** Everything the domain asks of the world. Disposing it closes what was opened, the store last. */
export type Outside = AsyncDisposable & {
  readonly store: ConversationStore
  readonly files: Files
  readonly bus: Bus
  readonly bots: BotClient
  readonly keys: Keys
  readonly clock: Clock
  readonly random: Random
  readonly readBase64: ReadBase64
  readonly signer: Signer
  readonly load: Load
  /** Microsoft's identity service at an address. @throws Error for one that is neither https nor on this machine */
  readonly openEntra: (url: string) => Entra
}

/** What stands in for a part of the world. */
export type OutsideOptions = {
  /** Where calls go while nothing listens at the bot's address. */
  readonly standInUrl?: string | undefined
  readonly clock?: Clock | undefined
  /** Hears of what fails where nobody waits for it. */
  readonly events?: Events | undefined
  readonly limits?: Limits | undefined
}

/**
 * Opens the world.
 *
 * @throws StoreInUseError if another service has the store open; Error for a store that can't be used
 */
export async function openOutside(settings: StoreSettings, options: OutsideOptions = {}): Promise<Outside> {
  const limits = options.limits ?? defaultLimits
  const { store, files, master } = await openStore(settings, limits)
  const client = openBotClient({ connectionsMax: limits.turnsPerBot })
  const bots = options.standInUrl === undefined ? client : new StandIn(client, options.standInUrl)
  const clock = options.clock ?? systemClock
  const load = openLoad()
  return {
    store,
    files,
    bus: new LocalBus(error => options.events?.({ event: 'fault', during: 'telling listeners', error })),
    bots,
    keys: openKeys(master),
    clock,
    random: systemRandom,
    readBase64,
    signer: openSigner(),
    load,
    openEntra: url => openEntra(url, clock),
    async [Symbol.asyncDispose]() {
      load[Symbol.dispose]()
      await bots[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}

async function openStore(
  settings: StoreSettings,
  { logEntries, logCharacters, diskReserve }: Limits,
): Promise<{ store: ConversationStore; files: Files; master: Uint8Array }> {
  const limits = { entriesMax: logEntries, charactersMax: logCharacters }
  switch (settings.kind) {
    case 'memory':
      return { store: new MemoryStore(limits), files: new MemoryFiles(), master: randomBytes(masterKeyBytes) }
    case 'sqlite': {
      const store = await openSqliteStore({ dir: settings.dir, limits })
      const files = await openDiskFiles({ dir: join(settings.dir, 'files'), reserve: diskReserve })
      return { store, files, master: await openMasterKey(settings.dir) }
    }
    default:
      return settings satisfies never
  }
}
