/**
 * What must hold between settings, and what is unsafe and still may be meant.
 */
import { statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { isLoopback } from './network.ts'
import { shown } from './problem.ts'
import type { Read } from './read.ts'
import type { FoundBot } from './read-bots.ts'
import type { Found, Reading } from './reading.ts'
import { variableOf } from './row.ts'
import { checkS3, isS3Open } from './s3.ts'
import { table, type Values } from './table.ts'

/** Secrets shorter than this are taken on a developer's machine only. */
const secretCharactersMin = 32

/** Whether nobody but this machine can reach the service, and it was started for a developer. */
export function isDevelopment(mode: 'dev' | 'serve', values: Values): boolean {
  return mode === 'dev' && isLoopback(values['listen.host']) && !isPublic(values)
}

const isPublic = ({ publicUrl }: Values) => publicUrl !== undefined && !isLoopback(new URL(publicUrl).hostname)

/**
 * Notes what is wrong with a setting: where it is given; where it is not, in the file at the setting it is needed
 * because of, or else by its variable.
 */
type Refuse = (path: keyof Values, message: string, because?: keyof Values) => void

const inFile = ({ origin, where }: Found): string | undefined => (origin === 'file' ? where : undefined)

/** Says what can not go together, and what this version can not do. */
export function check({ reading, values: found, bots }: Read, values: Values): void {
  const refuse: Refuse = (path, message, because) => {
    const where = found[path].where ?? (because && inFile(found[because])) ?? variableOf(path, table[path]) ?? path
    reading.refuse(where, path, message)
  }
  checkStore(values, found.masterKey.isWrong, refuse)
  checkBus(values, refuse)
  checkS3(found, values, refuse)
  checkStorePath(reading.resolve(values['store.path'], found['store.path'].origin), values, refuse)
  if (values['limits.silenceMs'] <= values['limits.pingMs'])
    refuse(
      'limits.silenceMs',
      'must be more than limits.pingMs: a socket is silent until it is pinged',
      'limits.pingMs',
    )
  if (!values.entraUrl.startsWith('https:') && !isLoopback(new URL(values.entraUrl).hostname))
    refuse('entraUrl', 'takes an https address: what comes from there is trusted')
  if (!(found.publicUrl.isWrong || found['admin.listen'].isWrong)) checkAdmin(values, refuse)
  const isStrict = !isDevelopment(reading.mode, values)
  if (isStrict && (values['admin.key']?.length ?? secretCharactersMin) < secretCharactersMin)
    refuse('admin.key', `takes at least ${secretCharactersMin} characters where other machines reach the service`)
  checkBots(reading, bots, isStrict)
}

/** Nodes that share a store read what others of them have signed and sealed. */
function checkStore(values: Values, isKeyWrong: boolean | undefined, refuse: Refuse): void {
  const { 'store.kind': kind, 'store.url': url, masterKey } = values
  if (kind !== 'postgres') {
    if (url !== undefined) refuse('store.url', 'goes with the kind postgres')
    return
  }
  if (url === undefined) refuse('store.kind', 'postgres takes a store.url, such as postgres://user@host:5432/database')
  else if (!/^postgres(?:ql)?:\/\//.test(url)) refuse('store.url', 'begins with postgres:// for the kind postgres')
  if (masterKey === undefined && !isKeyWrong)
    refuse(
      'masterKey',
      'is needed with a store in PostgreSQL, the same for every node: "openssl rand -base64 32" makes one',
      'store.kind',
    )
}

/** News is for nodes that share a store. */
function checkBus(values: Values, refuse: Refuse): void {
  const { 'store.kind': store, 'bus.kind': kind, 'bus.url': url } = values
  if (kind === 'local') {
    if (url !== undefined) refuse('bus.url', 'goes with the kinds postgres and redis')
    return
  }
  if (store !== 'postgres') refuse('bus.kind', 'goes with a store in PostgreSQL: nodes share no other')
  else if (kind === 'redis' && url === undefined) refuse('bus.kind', 'redis takes a bus.url, such as redis://host:6379')
  const schemes = kind === 'redis' ? /^rediss?:\/\// : /^postgres(?:ql)?:\/\//
  if (url !== undefined && !schemes.test(url))
    refuse('bus.url', `begins with ${kind === 'redis' ? 'redis:// or rediss://' : 'postgres://'} for the kind ${kind}`)
}

/** Who can reach the admin API with its key can read everything: not over plain http, unless it is meant. */
function checkAdmin(values: Values, refuse: Refuse): void {
  const { publicUrl, 'admin.listen': own, 'listen.host': host } = values
  if (!values['admin.enabled']) return
  if (own !== undefined && own.port !== 0 && own.host === host && own.port === values['listen.port'])
    refuse('admin.listen', 'is the address that everything else listens on: leave it out')
  if (publicUrl?.startsWith('https:') || values['admin.allowPlainHttp'] || isLoopback(own?.host ?? host)) return
  refuse(
    own === undefined ? 'listen.host' : 'admin.listen',
    'lets other machines reach the admin API without https. Put a TLS proxy in front and give its address as publicUrl; or keep the admin API to this machine by admin.listen (such as 127.0.0.1:3976), switch it off by admin.enabled, or allow it by admin.allowPlainHttp',
  )
}

/** Looked for before the folder is made: a file of people's own must not become one, and can't be one. */
function checkStorePath(path: string, { 'store.kind': kind }: Values, refuse: Refuse): void {
  const isDatabase = basename(path) === 'landline.db'
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  if (path.endsWith('.db') && !isDatabase && !isFolder)
    refuse('store.path', 'takes a folder, or the database in one, which is always called landline.db')
  else if (kind === 'sqlite' && !isFolder && isFile(isDatabase ? dirname(path) : path))
    refuse('store.path', `takes a folder, and ${shown(path)} is a file or below one`)
}

/** Whether a file stands where a folder would have to be made. */
function isFile(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  const parent = dirname(path)
  if (found !== undefined) return !found.isDirectory()
  return parent !== path && isFile(parent)
}

function checkBots(reading: Reading, bots: readonly FoundBot[], isStrict: boolean): void {
  const ids = new Set<unknown>()
  const secrets = new Set<string>()
  for (const { path, rows, sites, place } of bots) {
    const refuse = (name: keyof typeof rows, found: Found, message: string) =>
      reading.refuse(found.where ?? place ?? path, `${path}.${name}`, message)
    if (!rows.id.isWrong)
      refuseTwice(ids, rows.id.value, () => refuse('id', rows.id, 'is the id of another bot: give each its own'))
    const [hasId, hasPassword] = [rows.appId, rows.appPassword].map(
      ({ value, isWrong }) => isWrong || value !== undefined,
    )
    if (rows.authority.value === 'microsoft' && !(hasId && hasPassword))
      refuse('authority', rows.authority, appMissing(rows.authority))
    // In the environment it may be there for good; in a file it was meant to be used.
    if (hasPassword && !hasId && rows.appPassword.origin === 'file')
      refuse('appPassword', rows.appPassword, 'goes with an appId')
    if (rows.allowSelfSigned.value === true && reading.mode === 'serve')
      refuse('allowSelfSigned', rows.allowSelfSigned, selfSigned)
    const siteIds = new Set<unknown>()
    for (const { path: sitePath, place: sitePlace, rows: site } of sites) {
      const whereOf = (found: Found) => found.where ?? sitePlace ?? sitePath
      const sayTwice = () =>
        reading.refuse(whereOf(site.id), `${sitePath}.id`, 'is the id of another site: give each its own')
      if (!site.id.isWrong) refuseTwice(siteIds, site.id.value, sayTwice)
      for (const secret of site.secrets.value as readonly string[]) {
        const say = (message: string) => reading.refuse(whereOf(site.secrets), `${sitePath}.secrets`, message)
        refuseTwice(secrets, secret, () => say('has a secret that is here twice: each is for one site alone'))
        if (isStrict && secret.length < secretCharactersMin)
          say(`takes at least ${secretCharactersMin} characters where other machines reach the service`)
      }
    }
  }
}

function refuseTwice<Value>(seen: Set<Value>, value: Value, refuse: () => void): void {
  if (seen.has(value)) refuse()
  seen.add(value)
}

const selfSigned =
  "is for a developer's own machine only: have whoever signed the certificate trusted, by NODE_EXTRA_CA_CERTS"

const appMissing = ({ origin }: Found): string =>
  `microsoft takes the app id and password the bot is registered with: give ${origin === 'flag' ? '--app' : 'appId and appPassword'}`

/** What is unsafe, and still may be meant: a sentence each. */
export function warningsOf(values: Values): readonly string[] {
  const warnings: string[] = []
  const { publicUrl, 'listen.host': host } = values
  const isReached = !isLoopback(host) || isPublic(values)
  if (!isLoopback(host) && publicUrl === undefined) {
    warnings.push(
      'Clients and bots are told an address of this machine alone, because no --public-url (publicUrl) says how others reach it.',
    )
  }
  if (isReached && !publicUrl?.startsWith('https:')) {
    warnings.push(
      'Other machines can reach this service, and there is no https in front of it: secrets and messages can be read on the way. Put a TLS proxy in front and give its address as --public-url (publicUrl).',
    )
  }
  if (values['store.kind'] === 'postgres' && publicUrl === undefined) {
    warnings.push(
      'Nodes that share a store must tell clients and bots the same address: without --public-url (publicUrl) each tells its own, and takes no tokens that bots were issued by another.',
    )
  }
  if (isS3Open(values)) warnings.push('Files are sent to files.s3.endpoint without https: they can be read on the way.')
  if (!values.rateLimits)
    warnings.push('LANDLINE_RATE_LIMITS=off: nobody is held to a rate. This is for load tests only.')
  return warnings
}
