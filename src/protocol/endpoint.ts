/**
 * The address of a bot taken apart and put together, for advice about it. Nothing is called by what is read here.
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
