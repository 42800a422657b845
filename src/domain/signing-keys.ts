/**
 * Which of our keys signs and which are published: pure rules over a list and a time. Bots fetch the published keys at
 * most once a day and some refuse everything signed by a key they do not know, so a new key is published long before
 * it signs, and an old one long after it has stopped.
 */
import type { KeyPair } from './authority-port.ts'

const hourMs = 60 * 60 * 1000

/** How long a key is published before it signs: milliseconds. Bots keep what they have fetched for a day. */
export const publishedBeforeMs = 24 * hourMs

/** How long a key is published after it has stopped signing: milliseconds. Tokens of bots live an hour. */
export const publishedAfterMs = 24 * hourMs

/** How long a key signs before another takes over by itself: milliseconds. */
export const signingLifetimeMs = 90 * 24 * hourMs

/** A key, and when it begins to sign: milliseconds since 1970. It stops when the next one begins. */
export type SigningKey = KeyPair & { readonly signsFromMs: number }

/** Our keys, in the order they were made. There is always one. */
export type SigningKeys = readonly [SigningKey, ...SigningKey[]]

/** A key that signs at once, and none beside it: at first start, or because the others have leaked. */
export const onlyKey = (pair: KeyPair, nowMs: number): SigningKeys => [{ ...pair, signsFromMs: nowMs }]

/** The key that signs now. Should the clock have gone back to before all of them, it is the oldest. */
export const signerAt = (keys: SigningKeys, nowMs: number): SigningKey =>
  keys.findLast(key => key.signsFromMs <= nowMs) ?? keys[0]

/**
 * The keys as they are to be kept from now on: those that have been out of use for long enough are gone, and none waits
 * longer than it must, which one made while the clock was wrong would. The very same list if nothing has changed.
 */
export function settled(keys: SigningKeys, nowMs: number): SigningKeys {
  const latestMs = nowMs + publishedBeforeMs
  const kept = keys
    .map(key => (key.signsFromMs > latestMs ? { ...key, signsFromMs: latestMs } : key))
    .filter((_key, at, all) => {
      const next = all[at + 1]
      return next === undefined || nowMs < next.signsFromMs + publishedAfterMs
    })
  const isSame = kept.length === keys.length && kept.every((key, at) => key === keys[at])
  // The newest key has no next one, so something is left.
  return isSame ? keys : (kept as unknown as SigningKeys)
}

/** Whether the newest key has served so long that the next one must be published now. */
export const isDue = (keys: SigningKeys, nowMs: number): boolean =>
  nowMs >= newest(keys).signsFromMs + signingLifetimeMs - publishedBeforeMs

/** Whether a key is published that does not sign yet: a change of keys is under way. */
export const isWaiting = (keys: SigningKeys, nowMs: number): boolean => newest(keys) !== signerAt(keys, nowMs)

/** The keys with one more, which is published now and will sign when bots have had time to fetch it. */
export const withNext = (keys: SigningKeys, pair: KeyPair, nowMs: number): SigningKeys => [
  ...keys,
  { ...pair, signsFromMs: nowMs + publishedBeforeMs },
]

const newest = (keys: SigningKeys): SigningKey => keys.at(-1) ?? keys[0]
