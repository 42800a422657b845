/**
 * Who calls, by address, and which proxies are believed when they say for whom and under which name they were called.
 */
import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'

/** An IPv4 address that came over an IPv6 socket. */
const mapped = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i

/** Tells callers apart by address. */
export class Addresses {
  readonly #trusted = new BlockList()
  readonly #anyTrusted: boolean

  /**
   * @param trustedProxies addresses and networks (CIDR) of proxies whose forwarded headers are believed
   * @throws Error for an entry that is neither
   */
  constructor(trustedProxies: readonly string[]) {
    this.#anyTrusted = trustedProxies.length > 0
    for (const entry of trustedProxies) {
      const [address = '', bits] = entry.split('/')
      const family = isIP(address)
      if (family === 0) throw new Error(`"${entry}" is no address and no network of proxies.`)
      const type = family === 4 ? 'ipv4' : 'ipv6'
      if (bits === undefined) this.#trusted.addAddress(address, type)
      else this.#trusted.addSubnet(address, Number(bits), type)
    }
  }

  /**
   * The address a request comes from: the socket's; or if that is a trusted proxy, the last one in `X-Forwarded-For`
   * that is none. Everything before that entry may be made up.
   */
  of(request: IncomingMessage): string {
    let address = bare(request.socket.remoteAddress ?? '')
    if (!this.#isTrusted(address)) return address
    const forwarded = request.headers['x-forwarded-for']
    const entries = typeof forwarded === 'string' ? forwarded.split(',') : []
    for (const entry of entries.reverse()) {
      const found = readEntry(entry.trim())
      if (found === undefined) break
      address = found
      if (!this.#isTrusted(address)) break
    }
    return address
  }

  /**
   * What counts as one caller: an IPv4 address, or the network of an IPv6 one, because a single machine has as many
   * addresses as it likes.
   */
  callerOf(request: IncomingMessage): string {
    const address = this.of(request)
    return address.includes(':') ? networkOf(address) : address
  }

  /** Whether a request comes straight from a trusted proxy. */
  isForwarded(request: IncomingMessage): boolean {
    return this.#anyTrusted && this.#isTrusted(bare(request.socket.remoteAddress ?? ''))
  }

  #isTrusted(address: string): boolean {
    if (!this.#anyTrusted) return false
    const family = isIP(address)
    return family !== 0 && this.#trusted.check(address, family === 4 ? 'ipv4' : 'ipv6')
  }
}

const bare = (address: string): string => address.replace(/%.*$/, '').replace(mapped, '')

/** An address as proxies write it, some with brackets or a port; undefined for what is none. */
function readEntry(entry: string): string | undefined {
  const [, host] = /^\[([^\]]+)\](?::\d+)?$/.exec(entry) ?? /^([\d.]+):\d+$/.exec(entry) ?? [entry, entry]
  const address = bare(host ?? '')
  return isIP(address) === 0 ? undefined : address
}

/** The first 64 bits of an IPv6 address, which is what one subscriber or machine is given. */
function networkOf(address: string): string {
  const [head = '', tail] = address.toLowerCase().split('::', 2)
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups =
    tail === undefined ? before : [...before, ...Array(8 - before.length - after.length).fill('0'), ...after]
  return groups
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')
}
