/**
 * Addresses in settings: which are this machine's alone, and what a host or a network looks like.
 */
import { BlockList, isIP } from 'node:net'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Whether a host is this machine and nobody else's. */
export function isLoopback(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '')
  const version = isIP(address)
  if (version === 0) return /^(?:.+\.)?localhost$/i.test(address)
  return loopback.check(address, version === 4 ? 'ipv4' : 'ipv6')
}

/** Whether text is an address or a name to listen on. */
export const isHost = (text: string): boolean => isIP(text) !== 0 || /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})$/.test(text)

/** Whether text is an address, or a network as an address with the number of bits that count. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/')
  const version = isIP(address)
  const fits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
  return version !== 0 && fits && more.length === 0
}

/** Reads `127.0.0.1:3976` or `[::1]:3976`. */
export function readHostAndPort(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain ?? ''
  const port = Number(digits)
  const isMeant = bracketed === undefined ? isHost(host) : isIP(host) === 6
  return isMeant && port <= 65_535 ? { host, port } : undefined
}

/** Reads an http or https address. One with a user name or a password is none: what stands in settings is shown. */
export function readUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain = url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
  return isPlain ? url : undefined
}
