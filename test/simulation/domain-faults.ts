/**
 * A store that fails: appends that are refused, or kept although whoever asked is told that they were not, and reads
 * whose answers take their time.
 */
import type { ConversationStore } from '../../src/domain/ports.ts'
import { ProtocolError } from '../../src/protocol/errors.ts'
import type { AppendMode } from './domain-steps.ts'

/** What goes wrong. */
export type Faults = {
  /** What becomes of the next append. */
  readonly append: () => AppendMode
  /** What an answer that has been read waits for. */
  readonly reading: () => Promise<void> | undefined
}

/** The others know their store by `this`. */
const untouched = [
  'find',
  'newest',
  'join',
  'announced',
  'unannounced',
  'settle',
  'touch',
  'entryAt',
  'members',
] as const

/** The store with its faults. */
export function faultyStore(store: ConversationStore, { append, reading }: Faults): ConversationStore {
  const unavailable = () => new ProtocolError('Unavailable', 'The store fails in this world.')
  const faulty: Partial<ConversationStore> = {
    append: async request => {
      const mode = append()
      if (mode === 'refused') throw unavailable()
      const appended = await store.append(request)
      if (mode === 'unsaid') throw unavailable()
      return appended
    },
    read: async (...asked) => {
      const page = await store.read(...asked)
      await reading()
      return page
    },
  }
  const rest = Object.fromEntries(untouched.map(name => [name, (store[name] as () => unknown).bind(store)]))
  return Object.assign(Object.create(store) as ConversationStore, rest, faulty)
}
