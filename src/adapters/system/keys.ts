/**
 * The service's secrets at work: tokens, marks and sealed texts, each under a key of its own derived from one master
 * key. A token is a compact JWT, because clients decode it; only HS256 under our own header is ever accepted.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import type { Keys } from '../../domain/ports.ts'
import { tokenCharactersMax } from '../../protocol/limits.ts'

/** Length of the master key: bytes. */
export const masterKeyBytes = 32

/** Marks remembered at most: about 2 MB. */
const connectorMarksMax = 10_000

const nonceBytes = 12
const tagBytes = 16

/**
 * Takes a master key to work.
 *
 * @param master 32 random bytes: whoever knows them can make every token
 * @throws RangeError for another length
 */
export function openKeys(master: Uint8Array): Keys {
  if (master.byteLength !== masterKeyBytes) {
    throw new RangeError(`A master key has ${masterKeyBytes} bytes, not ${master.byteLength}.`)
  }
  return new DerivedKeys(master)
}

class DerivedKeys implements Keys {
  readonly #tokenKey: KeyObject
  readonly #markKeys: { readonly connector: KeyObject; readonly file: KeyObject }
  readonly #sealKey: KeyObject
  /** Asked for several times with each message of a conversation; links to files are rare. */
  readonly #connectorMarks = new Map<string, string>()
  /** How every token of ours begins, the dot included. */
  readonly #tokenHead: string

  constructor(master: Uint8Array) {
    this.#tokenKey = derived(master, 'token')
    this.#markKeys = { connector: derived(master, 'connector mark'), file: derived(master, 'file mark') }
    this.#sealKey = derived(master, 'seal')
    const kid = derived(master, 'token key id').export().toString('base64url').slice(0, 12)
    this.#tokenHead = `${base64url(JSON.stringify({ alg: 'HS256', typ: 'JWT', kid }))}.`
  }

  sign(claims: string): string {
    const signed = this.#tokenHead + base64url(claims)
    return `${signed}.${mac(this.#tokenKey, signed)}`
  }

  /**
   * The header is compared, not read: a token has no say in how it is verified, so whatever else a header may name
   * (`none`, another algorithm, a key or where to fetch one) is just not ours.
   */
  verified(token: string): string | undefined {
    if (token.length > tokenCharactersMax || !token.startsWith(this.#tokenHead)) return undefined
    const end = token.lastIndexOf('.')
    if (end < this.#tokenHead.length || !isSame(token.slice(end + 1), mac(this.#tokenKey, token.slice(0, end))))
      return undefined
    return textOf(Buffer.from(token.slice(this.#tokenHead.length, end), 'base64url'))
  }

  mark(purpose: 'connector' | 'file', text: string): string {
    if (purpose === 'file') return mac(this.#markKeys.file, text)
    const known = this.#connectorMarks.get(text)
    if (known !== undefined) return known
    const made = mac(this.#markKeys.connector, text)
    if (this.#connectorMarks.size >= connectorMarksMax) this.#connectorMarks.clear()
    this.#connectorMarks.set(text, made)
    return made
  }

  isMark(purpose: 'connector' | 'file', text: string, mark: string): boolean {
    return isSame(mark, this.mark(purpose, text))
  }

  digest(text: string): string {
    return hash('sha256', text, 'base64url')
  }

  seal(text: string): string {
    const nonce = randomBytes(nonceBytes)
    const cipher = createCipheriv('aes-256-gcm', this.#sealKey, nonce, { authTagLength: tagBytes })
    const sealed = [cipher.update(text, 'utf8'), cipher.final()]
    return Buffer.concat([nonce, cipher.getAuthTag(), ...sealed]).toString('base64url')
  }

  unseal(sealed: string): string | undefined {
    const bytes = Buffer.from(sealed, 'base64url')
    if (bytes.length < nonceBytes + tagBytes) return undefined
    const decipher = createDecipheriv('aes-256-gcm', this.#sealKey, bytes.subarray(0, nonceBytes), {
      authTagLength: tagBytes,
    })
    decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes))
    const opened = decipher.update(bytes.subarray(nonceBytes + tagBytes))
    try {
      decipher.final()
    } catch {
      // Not sealed by us, or changed since: the caller is told by `undefined`.
      return undefined
    }
    return textOf(opened)
  }
}

/** One key for each use, so that what is made for one can never pass for another. */
const derived = (master: Uint8Array, use: string): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync('sha256', master, new Uint8Array(0), `landline ${use}`, 32)))

const mac = (key: KeyObject, text: string): string => createHmac('sha256', key).update(text).digest('base64url')

const base64url = (text: string): string => Buffer.from(text, 'utf8').toString('base64url')

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8 as text; undefined for what is not UTF-8. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    // Nothing we have made: the caller is told by `undefined`.
    return undefined
  }
}

/** Compares text, not what it decodes to: of the many ways to write the same bytes in base64 only ours is good. */
function isSame(presented: string, expected: string): boolean {
  const bytes = Buffer.from(presented, 'utf8')
  return bytes.length === expected.length && timingSafeEqual(bytes, Buffer.from(expected, 'utf8'))
}
