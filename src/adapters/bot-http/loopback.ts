/**
 * What `localhost` means. Systems differ: some name only one of the two loopback addresses, and a bot may listen on
 * only the other one.
 */
import type { LookupFunction } from 'node:net'

/** The IPv4 one comes first: where nothing listens, its refusal is what people recognise. */
const loopbackAddresses = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
] as const

/** Whether a host name means this machine, as RFC 6761 has it. */
export const isLoopbackName = (hostname: string): boolean => hostname === 'localhost' || hostname.endsWith('.localhost')

/** Answers both loopback addresses in place of the system's resolver; a connection tries one after the other. */
export const lookupLoopback: LookupFunction = (_hostname, options, callback) => {
  if (options.all) callback(null, [...loopbackAddresses])
  else callback(null, loopbackAddresses[0].address, loopbackAddresses[0].family)
}
