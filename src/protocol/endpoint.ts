/**
 * Addresses, of bots and of ours, taken apart and put together. Nothing is called by what is read here.
 */

/** The parts of an http or https URL that advice is about. */
export type EndpointParts = {
  readonly scheme: 'http' | 'https'
  /** Lower case; an IPv6 address without its brackets. */
  readonly host: string
  readonly port: number
  /** With its query: `/` if there is none. */
  readonly path: string
}

const pattern = /^(https?):\/\/(?:[^/?#@]*@)?(\[[0-9a-f:.]+\]|[^/?#:@[\]\s]+)(?::(\d{1,5}))?([/?][^#\s]*)?$/i

/** The parts of an endpoint, or undefined for what is not an http or https URL. */
export function endpointParts(url: string): EndpointParts | undefined {
  const [, scheme = '', host = '', port, path = '/'] = pattern.exec(url) ?? []
  if (host === '') return undefined
  const isTls = scheme.toLowerCase() === 'https'
  return {
    scheme: isTls ? 'https' : 'http',
    host: host.replace(/^\[|\]$/g, '').toLowerCase(),
    port: port === undefined ? (isTls ? 443 : 80) : Number(port),
    path,
  }
}

/**
 * Whether somebody has written a path, if only the slash that stands for the shortest. A bot takes activities at one, and
 * who has written none has most likely forgotten it.
 */
export const hasPath = (endpoint: string): boolean => !/^\s*https?:\/\/[^/?#]*$/i.test(endpoint)

/** A URL as programs write it, but without a path where none was written: they write a slash then. */
export const asWritten = (written: string, { href, origin }: { href: string; origin: string }): string =>
  hasPath(written) ? href : origin

/** Whether a URL is at what a `Host` header says: the port may be left out there where it is the scheme's usual one. */
export function isAtHost(url: string, host: string | undefined): boolean {
  const parts = endpointParts(url)
  const asked = parts === undefined ? undefined : endpointParts(`${parts.scheme}://${host ?? ''}`)
  return asked?.path === '/' && asked.host === parts?.host && asked.port === parts.port
}

/** The URL of these parts. */
export function endpointUrl({ scheme, host, port, path }: EndpointParts): string {
  const usual = scheme === 'https' ? 443 : 80
  return `${scheme}://${placeOf(host, port === usual ? undefined : port)}${path}`
}

/** `host:port`, with the brackets an IPv6 address needs. */
export function placeOf(host: string, port: number | undefined): string {
  const name = host.includes(':') ? `[${host}]` : host
  return port === undefined ? name : `${name}:${port}`
}

/** Whether a host is this machine: by name, or by an address of its own. */
export const isLoopbackHost = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
