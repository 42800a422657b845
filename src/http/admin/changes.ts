/**
 * What the admin API is told of bots and sites, checked field by field: every refusal names its field.
 */
import type { BotChange, SiteChange } from '../../protocol/admin.ts'
import { asWritten } from '../../protocol/endpoint.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { type JsonObject, parseOptionalObject } from '../../protocol/fields.ts'
import { idCharactersMax, originCharactersMax, tokenOriginsMax } from '../../protocol/limits.ts'
import { isSlug, slugCharactersMax, tenantPattern } from '../../protocol/slug.ts'
import { knownFields } from './bodies.ts'

/** The least and the most a turn may be given: milliseconds. */
const timeoutMsLeast = 100
const timeoutMsMost = 10 * 60 * 1000

const urlCharactersMax = 2048
const passwordCharactersMax = 1024

/** Checks a value; `null` has been dealt with. @throws ProtocolError */
type Check = (value: unknown, name: string) => unknown

const botChecks: Readonly<Record<keyof BotChange, Check>> = {
  id,
  name: text(idCharactersMax),
  endpoint: url,
  schema: oneOf('v3', 'v1'),
  appId: word(idCharactersMax),
  appPassword: word(passwordCharactersMax),
  authority: oneOf('landline', 'microsoft', 'none'),
  tenantId: tenant,
  serviceUrl: ownAddress,
  timeoutMs: milliseconds,
  expectReplies: flag,
  allowSelfSigned: flag,
  echo: oneOf('before', 'after'),
  updates: flag,
}

/** `null` takes these away. */
const removable: readonly string[] = ['appId', 'appPassword', 'tenantId', 'serviceUrl']

const siteChecks: Readonly<Record<keyof SiteChange, Check>> = {
  id,
  name: text(idCharactersMax),
  enabled: flag,
  v3: flag,
  v1: flag,
  uploads: flag,
  enhancedAuth: flag,
  trustedOrigins: origins,
  enforceOrigins: flag,
}

/**
 * The body of `POST /bots` and `PATCH /bots/{bot}`.
 *
 * @param fixed the id in the path, which a body may repeat and not change
 * @throws ProtocolError `MalformedBody` for a wrong type, `Unacceptable` for a value that can't be used
 */
export const parseBotChange = (body: string, fixed?: string): BotChange => checked(body, botChecks, fixed)

/** The body of `POST /bots/{bot}/sites` and `PATCH /sites/{site}`. @throws ProtocolError as `parseBotChange` */
export const parseSiteChange = (body: string, fixed?: string): SiteChange => checked(body, siteChecks, fixed)

function checked(body: string, checks: Readonly<Record<string, Check>>, fixed: string | undefined): JsonObject {
  const fields = knownFields(parseOptionalObject(body), Object.keys(checks))
  if (fixed !== undefined && fields['id'] !== undefined && fields['id'] !== fixed)
    throw new ProtocolError('Unacceptable', "An 'id' is given once and cannot be changed.")
  const values = Object.entries(fields).flatMap(([name, value]) => {
    if (name === 'id' && fixed !== undefined) return []
    if (value === null && removable.includes(name)) return [[name, null]]
    return [[name, checks[name]?.(value, name)]]
  })
  return Object.fromEntries(values)
}

function id(value: unknown, name: string): string {
  if (typeof value !== 'string') throw wrongType(name, 'a string')
  if (isSlug(value)) return value
  throw new ProtocolError(
    'Unacceptable',
    `'${name}' takes up to ${slugCharactersMax} lower-case letters, digits and dashes, no dash at either end.`,
  )
}

function text(charactersMax: number): Check {
  return (value, name) => {
    if (typeof value !== 'string') throw wrongType(name, 'a string')
    const trimmed = value.trim()
    if (trimmed === '' || trimmed.length > charactersMax)
      throw new ProtocolError('Unacceptable', `'${name}' has from 1 to ${charactersMax} characters.`)
    return trimmed
  }
}

/** What stands in a header: printable, without spaces. */
function word(charactersMax: number): Check {
  return (value, name) => {
    if (typeof value !== 'string') throw wrongType(name, 'a string or null')
    const isWord = /^[\x21-\x7e]+$/.test(value) && value.length <= charactersMax
    // An app id is written before a colon where both go into one header.
    if (isWord && !(name === 'appId' && value.includes(':'))) return value
    throw new ProtocolError(
      'Unacceptable',
      `'${name}' takes up to ${charactersMax} printable characters without spaces${name === 'appId' ? ' or colons' : ''}.`,
    )
  }
}

function url(value: unknown, name: string): string {
  if (typeof value !== 'string') throw wrongType(name, 'a string')
  const read = value.length > urlCharactersMax ? null : URL.parse(value)
  const isHttp = read?.protocol === 'http:' || read?.protocol === 'https:'
  if (read !== null && isHttp && read.username === '' && read.password === '' && read.hash === '')
    return asWritten(value, read)
  throw new ProtocolError(
    'Unacceptable',
    `'${name}' takes an http or https address such as http://localhost:3978/api/messages, without user name or fragment.`,
  )
}

function ownAddress(value: unknown, name: string): string {
  if (typeof value !== 'string') throw wrongType(name, 'a string or null')
  const address = url(value, name)
  if (address.includes('?')) throw new ProtocolError('Unacceptable', `'${name}' takes an address without a query.`)
  return address.replace(/\/+$/, '')
}

function tenant(value: unknown, name: string): string {
  if (typeof value !== 'string') throw wrongType(name, 'a string or null')
  if (tenantPattern.test(value)) return value
  throw new ProtocolError(
    'Unacceptable',
    `'${name}' takes up to 63 lower-case letters, digits, dots and dashes, and not admin or console.`,
  )
}

function milliseconds(value: unknown, name: string): number {
  if (typeof value !== 'number') throw wrongType(name, 'a number')
  if (Number.isInteger(value) && value >= timeoutMsLeast && value <= timeoutMsMost) return value
  throw new ProtocolError(
    'Unacceptable',
    `'${name}' takes whole milliseconds, from ${timeoutMsLeast} to ${timeoutMsMost}.`,
  )
}

function flag(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') throw wrongType(name, 'true or false')
  return value
}

function oneOf(...words: readonly string[]): Check {
  return (value, name) => {
    if (typeof value !== 'string') throw wrongType(name, 'a string')
    if (words.includes(value)) return value
    throw new ProtocolError('Unacceptable', `'${name}' takes ${words.map(known => `"${known}"`).join(' or ')}.`)
  }
}

/** Written as browsers write them: they are compared as text. */
function origins(value: unknown, name: string): readonly string[] {
  if (!Array.isArray(value) || !value.every(origin => typeof origin === 'string'))
    throw wrongType(name, 'a list of strings')
  if (value.length > tokenOriginsMax)
    throw new ProtocolError('Unacceptable', `'${name}' takes up to ${tokenOriginsMax} origins.`)
  return [...new Set(value.map(origin => readOrigin(origin, name)))]
}

function readOrigin(value: string, name: string): string {
  const read = value.length > originCharactersMax ? null : URL.parse(value)
  const isWhole = read !== null && /^https?:$/.test(read.protocol) && `${read.origin}/` === read.href
  if (isWhole) return read.origin
  throw new ProtocolError(
    'Unacceptable',
    `'${name}' takes origins such as https://www.example.org: a scheme and a host, no path.`,
  )
}

const wrongType = (name: string, expected: string) =>
  new ProtocolError('MalformedBody', `'${name}' must be ${expected}.`)
