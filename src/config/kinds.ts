/**
 * What a setting can be: each kind has a valibot schema that checks and reads it, and says in words what it takes.
 */
import * as v from 'valibot'
import { asWritten } from '../protocol/endpoint.ts'
import { isHost, isNetwork, readHostAndPort, readUrl } from './network.ts'
import { address } from './problem.ts'
import {
  durationPattern,
  readDuration,
  readSize,
  sizePattern,
  type TimeUnit,
  writeDuration,
  writeSize,
} from './units.ts'

/** What a setting can be. */
export type Kind<Value> = {
  /** Checks and reads the value as it stands in a file. */
  readonly schema: v.GenericSchema<unknown, Value>
  /** Completes the sentence "It takes …", without a full stop. */
  readonly takes: string
  /** How it is shown, where that is not as it is kept. */
  write?(value: Value): unknown
  /** Never shown; may be written as `{env: NAME}` or `{file: PATH}`. */
  readonly secret?: true
  /** What there are several of: from text, with commas between. */
  readonly item?: Kind<unknown>
}

/** Text of a pattern. */
export const text = (takes: string, pattern: RegExp): Kind<string> => ({
  takes,
  schema: v.pipe(v.string(), v.regex(pattern)),
})

/** Text that a check lets pass. */
export const checked = (takes: string, isMeant: (text: string) => boolean): Kind<string> => ({
  takes,
  schema: v.pipe(v.string(), v.check(isMeant)),
})

/** One of a few words. */
export const oneOf = <const Word extends string>(words: readonly [Word, ...Word[]]): Kind<Word> => ({
  takes: words.join(' or '),
  schema: v.picklist(words),
})

/** On or off. YAML 1.2 reads `on` as a word, and people write it. */
export const onOrOff: Kind<boolean> = {
  takes: 'on or off, true or false',
  schema: v.union([
    v.boolean(),
    v.pipe(
      v.picklist(['on', 'off']),
      v.transform(word => word === 'on'),
    ),
  ]),
}

/** A whole number. */
export const whole = (min: number, max: number): Kind<number> => ({
  takes: max === Number.MAX_SAFE_INTEGER ? `a whole number from ${min}` : `a number from ${min} to ${max}`,
  schema: v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max)),
})

/** Any whole number of things, at least one. */
export const count = whole(1, Number.MAX_SAFE_INTEGER)

/** A part of something: 1 is all of it. */
export const share: Kind<number> = {
  takes: 'a number from 0 to 1',
  schema: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
}

/** How often in a second; may be a fraction. */
export const perSecond: Kind<number> = {
  takes: 'a number above 0',
  schema: v.pipe(v.number(), v.gtValue(0), v.maxValue(Number.MAX_SAFE_INTEGER)),
}

const words = { ms: 'milliseconds', s: 'seconds', m: 'minutes', h: 'hours', d: 'days' } as const
const examples = { ms: '15s', s: '30m', m: '30m', h: '24h', d: '14d' } as const

/** A duration, kept in `unit`, in which plain numbers are counted too. Longer ones than 10,000 days are mistakes. */
export const duration = (unit: TimeUnit, { min = 1, max = readDuration('10000d', unit) } = {}): Kind<number> => ({
  takes: `a duration such as ${examples[unit]}, or a number of ${words[unit]}`,
  schema: v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.regex(durationPattern))]),
    v.transform(given => (typeof given === 'number' ? given : readDuration(given, unit))),
    v.finite(),
    v.minValue(min),
    v.maxValue(max),
  ),
  write: value => writeDuration(value, unit),
})

/** A duration that a timer runs for: no timer takes longer ones. */
export const timeMs = duration('ms', { max: 2 ** 31 - 1 })

/** A size, kept in bytes. */
export const size: Kind<number> = {
  takes: 'a size such as 16KiB, or a number of bytes',
  schema: v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.regex(sizePattern))]),
    v.transform(given => (typeof given === 'number' ? given : readSize(given))),
    v.safeInteger(),
    v.minValue(0),
  ),
  write: writeSize,
}

/** An address to listen on. */
export const host = checked('an address such as 0.0.0.0', isHost)

/** An address to listen on, with its port. */
export const hostAndPort: Kind<{ readonly host: string; readonly port: number }> = {
  takes: 'an address with a port, such as 127.0.0.1:3976',
  schema: v.pipe(
    v.string(),
    v.check(given => readHostAndPort(given) !== undefined),
    v.transform(given => readHostAndPort(given) ?? { host: '', port: 0 }),
  ),
  write: value => (value.host.includes(':') ? `[${value.host}]:${value.port}` : `${value.host}:${value.port}`),
}

/** An http or https address. */
export const url = (example: string): Kind<string> => ({
  takes: `an http or https address such as ${example}, without user name`,
  schema: v.pipe(
    v.string(),
    v.check(given => readUrl(given) !== undefined),
    v.transform(given => asWritten(given, readUrl(given) ?? { href: given, origin: given })),
  ),
  write: address,
})

/** An http or https address that paths are put behind: no query, no slash at its end. */
export const baseUrl = (example: string): Kind<string> => ({
  takes: `an http or https address such as ${example}, without query, fragment or user name`,
  schema: v.pipe(
    v.string(),
    v.check(given => {
      const read = readUrl(given)
      return read !== undefined && read.search === '' && read.hash === ''
    }),
    v.transform(given => (readUrl(given)?.href ?? given).replace(/\/+$/, '')),
  ),
})

/** A proxy: an address or a network. */
export const network = checked('an address such as 10.0.0.7 or a network such as 10.0.0.0/8', isNetwork)

/** A page's origin, as its browser writes it. Apps have schemes of their own. */
export const origin = (charactersMax: number): Kind<string> => ({
  takes: 'an origin such as https://www.example.org, without path',
  schema: v.pipe(
    v.string(),
    v.maxLength(charactersMax),
    v.regex(/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#@\s]+$/),
    v.transform(given => (/^https?:/i.test(given) ? (readUrl(given)?.origin ?? given) : given)),
  ),
})

/** A secret that nobody has to type. */
export const secret = (
  takes = 'up to 256 printable characters without spaces',
  pattern = /^[\x21-\x7e]{1,256}$/,
): Kind<string> => ({
  ...text(takes, pattern),
  secret: true,
})

/** Several of a kind. */
export const listOf = <Value>(item: Kind<Value>, max: number): Kind<readonly Value[]> => ({
  takes: `a list, each ${item.takes}`,
  schema: v.pipe(v.array(item.schema), v.maxLength(max)),
  item,
  ...(item.secret && { secret: true }),
})
