/**
 * Where no bot may be unless its settings say so: link-local addresses, and those at which clouds hand out the
 * credentials of the machine. Whoever can set a bot's address must not be able to make us ask there.
 */
import type { LookupAddress, LookupAllOptions } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** Finds all addresses of a name. */
export type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void

/** The reason told where an address is refused. */
export const refusedAddress = 'EADDRREFUSED'

const refused = new BlockList()
// "This host", which systems take for the loopback address.
refused.addSubnet('0.0.0.0', 8, 'ipv4')
refused.addAddress('::', 'ipv6')
// Link-local, with the metadata services of most clouds in it.
refused.addSubnet('169.254.0.0', 16, 'ipv4')
refused.addSubnet('fe80::', 10, 'ipv6')
// Metadata services elsewhere: Amazon's and Google's over IPv6, Alibaba's, Azure's.
refused.addAddress('fd00:ec2::254', 'ipv6')
refused.addAddress('fd20:ce::254', 'ipv6')
refused.addAddress('100.100.100.200', 'ipv4')
refused.addAddress('168.63.129.16', 'ipv4')
// The same as gateways from IPv6 to IPv4 know them.
refused.addSubnet('64:ff9b::', 104, 'ipv6')
refused.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6')
refused.addAddress('64:ff9b::6464:64c8', 'ipv6')
refused.addAddress('64:ff9b::a83f:8110', 'ipv6')

/** Whether an address is one of them, an IPv4 address written as IPv6 too. */
export function isRefused(address: string): boolean {
  const bare = address.replace(/%.*$/, '')
  const family = isIP(bare)
  return family !== 0 && refused.check(bare, family === 6 ? 'ipv6' : 'ipv4')
}

/** Whether the host of a URL is such an address itself: no name is looked up for one. */
export const isRefusedHost = (hostname: string): boolean => isRefused(hostname.replace(/^\[|\]$/g, ''))

/**
 * A resolver without those addresses. What it answers is what is connected to, so a name can not mean one thing when
 * it is judged and another when it is used.
 */
export const guarded =
  (resolve: Resolve): LookupFunction =>
  (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) {
        callback(error, [])
        return
      }
      const allowed = found.filter(({ address }) => !isRefused(address))
      const [first] = allowed
      if (first === undefined) {
        callback(Object.assign(new Error('The address is refused.'), { code: refusedAddress }), [])
      } else if (options.all) {
        callback(null, allowed)
      } else {
        callback(null, first.address, first.family)
      }
    })
  }
