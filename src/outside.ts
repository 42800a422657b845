/**
 * Opens the adapters the settings ask for, and closes them.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { openSigner } from './adapters/authority/signer.ts'
import { openBotProbe } from './adapters/bot-check/probe.ts'
import { openBotClient } from './adapters/bot-http/client.ts'
import { isRefused } from './adapters/bot-http/guard.ts'
import { StandIn, type StandInUrls } from './adapters/bot-http/stand-in.ts'
import { openEntra } from './adapters/entra/entra.ts'
import { openDiskFiles } from './adapters/files/files.ts'
import { LocalBus } from './adapters/memory/bus.ts'
import { MemoryFiles } from './adapters/memory/files.ts'
import { MemoryLook } from './adapters/memory/look.ts'
import { MemoryStore } from './adapters/memory/store.ts'
import { SqliteLook } from './adapters/sqlite/look.ts'
import { openSqliteStore } from './adapters/sqlite/store.ts'
import { upgradeSqliteStore } from './adapters/sqlite/upgrade.ts'
import { readBase64 } from './adapters/system/base64.ts'
import { systemClock } from './adapters/system/clock.ts'
import { masterKeyBytes, openKeys } from './adapters/system/keys.ts'
import { openLoad } from './adapters/system/load.ts'
import { isMasterKeyReadable, openMasterKey } from './adapters/system/master-key.ts'
import { systemRandom } from './adapters/system/random.ts'
import type { Entra, Signer } from './domain/authority-port.ts'
import type { BotClient } from './domain/bot-port.ts'
import { CarriedBus } from './domain/carried-bus.ts'
import type { Events } from './domain/events.ts'
import type { Load } from './domain/health-port.ts'
import type { Look } from './domain/look-port.ts'
import type { Bus, Clock, ConversationStore, Files, Keys, Random, ReadBase64 } from './domain/ports.ts'
import type { BotProbe } from './domain/probe-port.ts'
import type { RateStore } from './domain/rate-port.ts'
import type { TurnStore } from './domain/turn-port.ts'
import { defaultLimits, type Limits } from './protocol/limits.ts'
import type { BusSettings, S3Settings, StoreSettings } from './settings.ts'

/** Enough that no two nodes have one name. */
const nodeNameCharacters = 12

/** Everything the domain asks of the world. Disposing it closes what was opened, the store last. */
export type Outside = AsyncDisposable & {
  readonly store: ConversationStore
  /** Whether other nodes work on the same store at the same time. */
  readonly isShared: boolean
  /** Where they hold callers to one rate together; undefined where there is nobody to do it with. */
  readonly rateStore: RateStore | undefined
  readonly turns: TurnStore
  /** For people who look in. */
  readonly look: Look
  readonly files: Files
  readonly bus: Bus
  readonly bots: BotClient
  readonly probe: BotProbe
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
  /** Where calls go while nothing listens at a bot's address. */
  readonly standIn?: StandInUrls | undefined
  readonly clock?: Clock | undefined
  /** Hears of what fails where nobody waits for it. */
  readonly events?: Events | undefined
  readonly limits?: Limits | undefined
  /** How news gets from node to node. Without it, it does not. */
  readonly bus?: BusSettings | undefined
  /** The master key: 32 bytes in base64. Without it, the one beside the store. */
  readonly masterKey?: string | undefined
}

/**
 * Opens the world.
 *
 * @throws StoreInUseError if another service has the store open; Error for a store that can't be used
 */
export async function openOutside(settings: StoreSettings, options: OutsideOptions = {}): Promise<Outside> {
  const limits = options.limits ?? defaultLimits
  const events = options.events ?? (() => undefined)
  const { store, rateStore, look, files, master, isShared } = await openStore(
    settings,
    limits,
    options.masterKey,
    events,
  )
  const client = openBotClient({ connectionsMax: limits.turnsPerBot })
  const bots = options.standIn === undefined ? client : new StandIn(client, options.standIn)
  const clock = options.clock ?? systemClock
  const load = openLoad()
  const bus = await openBus(options.bus ?? { kind: 'local' }, clock, events)
  return {
    store,
    isShared,
    rateStore,
    turns: store.turns,
    look,
    files,
    bus,
    bots,
    probe: openBotProbe(isRefused),
    keys: openKeys(master),
    clock,
    random: systemRandom,
    readBase64,
    signer: openSigner(),
    load,
    openEntra: url => openEntra(url, clock),
    async [Symbol.asyncDispose]() {
      load[Symbol.dispose]()
      if (bus instanceof CarriedBus) await bus[Symbol.asyncDispose]()
      await bots[Symbol.asyncDispose]()
      files[Symbol.dispose]?.()
      await look[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}

/** Drivers are loaded only where they are asked for. */
async function openBus(settings: BusSettings, clock: Clock, events: Events): Promise<Bus> {
  const local = new LocalBus(error => events({ event: 'fault', during: 'telling listeners', error }))
  if (settings.kind === 'local') return local
  const node = systemRandom.text(nodeNameCharacters)
  const { url } = settings
  const open =
    settings.kind === 'redis'
      ? (await import('./adapters/redis/bus.ts')).redisLink({ url, node })
      : (await import('./adapters/postgres/bus.ts')).postgresLink({ url, node })
  const bus = new CarriedBus({ local, open, clock, events, soon: callback => void setImmediate(callback) })
  await bus.open()
  return bus
}

/** A store with what stands beside it. */
type Opened = Pick<Outside, 'look' | 'isShared'> &
  Partial<Pick<Outside, 'rateStore'>> & {
    readonly files: Files & Partial<Disposable>
    readonly store: ConversationStore & { readonly turns: TurnStore }
    readonly master: Uint8Array
  }

async function openStore(
  settings: StoreSettings,
  { logEntries, logCharacters, diskReserve }: Limits,
  given: string | undefined,
  events: Events,
): Promise<Opened> {
  const limits = { entriesMax: logEntries, charactersMax: logCharacters }
  const master = given === undefined ? undefined : Buffer.from(given, 'base64')
  switch (settings.kind) {
    case 'memory': {
      const store = new MemoryStore(limits)
      const look = new MemoryLook(store)
      return { store, look, files: new MemoryFiles(), master: master ?? randomBytes(masterKeyBytes), isShared: false }
    }
    case 'sqlite': {
      const store = await openSqliteStore({ dir: settings.dir, limits })
      const dir = settings.filesDir ?? join(settings.dir, 'files')
      const files = await openFiles(settings.s3, events, { dir, reserve: diskReserve })
      const key = master ?? (await openMasterKey(settings.dir))
      if (master === undefined && (await isMasterKeyReadable(settings.dir)))
        events({
          event: 'storeAtRisk',
          why: `Others on this machine can read master.key in ${settings.dir}: chmod 600.`,
        })
      return { store, look: new SqliteLook(settings), files, master: key, isShared: false }
    }
    case 'postgres': {
      if (master === undefined)
        throw new Error('A store in PostgreSQL takes a master key (masterKey): the same one for every node.')
      const { openPostgresLook, openPostgresStore } = await import('./adapters/postgres/store.ts')
      const { url, filesDir, writers, readers } = settings
      const files = await openFiles(settings.s3, events, { dir: filesDir, reserve: diskReserve, isShared: true })
      const store = await openPostgresStore({ url, limits, writers, readers })
      const { risksOf } = await import('./adapters/postgres/risks.ts')
      risksOf(url).then(
        risks => {
          for (const why of risks) events({ event: 'storeAtRisk', why })
        },
        error => events({ event: 'fault', during: 'asking the store how it keeps things', error }),
      )
      return { store, rateStore: store.rates, look: openPostgresLook(url), files, master, isShared: true }
    }
    default:
      return settings satisfies never
  }
}

/** In a bucket, if there is one, whose library is loaded only then; else in a folder. */
async function openFiles(
  s3: S3Settings | undefined,
  events: Events,
  folder: Parameters<typeof openDiskFiles>[0],
): Promise<Files & Partial<Disposable>> {
  if (s3 === undefined) return openDiskFiles(folder)
  const { openS3Files } = await import('./adapters/s3/files.ts')
  return openS3Files(s3, error => events({ event: 'fault', during: 'looking at the storage of files', error }))
}

/**
 * Brings a store's schema up to date without opening it for service.
 *
 * @param told hears of each step that is done
 * @returns the version it had, and the one it has now; undefined where there is nothing on disk
 * @throws StoreInUseError if somebody has it open; Error for a store that can't be used
 */
export async function upgradeStore(
  settings: StoreSettings,
  told: (done: number, total: number) => void,
): Promise<{ readonly from: number; readonly to: number } | undefined> {
  if (settings.kind === 'memory') return undefined
  if (settings.kind === 'sqlite') return upgradeSqliteStore(settings.dir, told)
  const { migrate } = await import('./adapters/postgres/migrations.ts')
  return migrate(settings.url, told)
}
