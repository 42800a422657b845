/**
 * What is taken out of everything that is kept for people who look in: credentials, cookies, and whatever else the
 * settings name. It is taken out before anything is kept.
 */
import type { AnswerHeaders } from './turn-port.ts'

/** Header names and values, in order. */
export type KeptHeaders = readonly (readonly [name: string, value: string])[]

/** Stands where something has been taken out. */
export const redacted = '•••'

/** Headers that carry a credential, whoever sends them. */
const credentialHeaders = [
  'authorization',
  'proxy-authorization',
  'authentication-info',
  'cookie',
  'set-cookie',
  'x-api-key',
  'x-functions-key',
]

/** Takes credentials out of headers and addresses. */
export class Redaction {
  readonly #names: ReadonlySet<string>

  /** @param names of more headers whose values are not kept, in any case */
  constructor(names: readonly string[]) {
    this.#names = new Set([...credentialHeaders, ...names.map(name => name.toLowerCase())])
  }

  /** A copy of headers without what is not kept. */
  headers(headers: AnswerHeaders): KeptHeaders {
    return Object.entries(headers).flatMap(([name, value]) => {
      if (value === undefined) return []
      if (this.#names.has(name.toLowerCase())) return [[name, redacted] as const]
      return (typeof value === 'string' ? [value] : value).map(one => [name, hidden(one)] as const)
    })
  }

  /** An address without the password in it, nor parameters of these names or of those that keys go by. */
  address(url: string): string {
    return url
      .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, `$1${redacted}@`)
      .replace(/([?&])([^=&#]+)=[^&#]*/g, (parameter, before: string, name: string) =>
        this.#names.has(name.toLowerCase()) || keyNames.test(name) ? `${before}${name}=${redacted}` : parameter,
      )
  }
}

/** What keys are called in addresses of functions, storage and webhooks. */
const keyNames = /^(?:code|key|sig|signature|token|secret|password|api[-_]?key|access[-_]?token)$/i

/** The path of a conversation's `serviceUrl`, slashes escaped or not: whoever holds it speaks as the bot. */
const connectorPath = /(\\?\/connector\\?\/)[\w-]{1,55}\\?\/[\w-]{43}/g

/** What the path has at most: characters. */
const connectorPathCharactersMax = 128

/** A text without the unguessable addresses of conversations. */
const hidden = (text: string): string =>
  text.includes('/connector') ? text.replace(connectorPath, `$1${redacted}`) : text

/**
 * As much of a text, without those addresses, as fits into so many bytes of UTF-8. Addresses are taken out before the cut,
 * because half of one is not recognised, and no more of a long text is looked at than can be kept.
 */
export function hiddenWithin(text: string, max: number): { readonly text: string; readonly isCut: boolean } {
  const charactersMax = max + connectorPathCharactersMax
  if (text.length <= charactersMax) return withinBytes(hidden(text), max)
  const near = hidden(text.slice(0, charactersMax))
  return { text: withinBytes(copied(near.slice(0, -connectorPathCharactersMax)), max).text, isCut: true }
}

/** Names of events that carry a user's token. */
const tokenNames = /"name":"(?:tokens\/response|signin\/)/i

/**
 * Whether an activity may carry a user's token to a bot, which is kept nowhere: neither what the bot is sent, nor what it
 * answers, because that may hold it too.
 */
export const isPrivate = (type: string, text: string): boolean =>
  /^invoke$/i.test(type) || (/^event$/i.test(type) && tokenNames.test(text))

/** As much of a text as fits into so many bytes of UTF-8, without half a character at its end. */
function withinBytes(text: string, max: number): { readonly text: string; readonly isCut: boolean } {
  if (text.length * 3 <= max) return { text, isCut: false }
  let bytes = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.codePointAt(at) ?? 0
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    if (bytes > max) return { text: copied(text.slice(0, at)), isCut: true }
    if (code >= 0x10000) at += 1
  }
  return { text, isCut: false }
}

/** A part of a text keeps all of it in memory, unless it is written anew. */
const copied = (text: string): string => JSON.parse(JSON.stringify(text)) as string
