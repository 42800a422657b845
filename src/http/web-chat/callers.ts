/**
 * Who may have a token for the asking: pages opened on this machine, and programs that run on it.
 */
import type { FastifyRequest } from 'fastify'

/** `origin`: the page that asks, if a page does. */
export type CheckedCaller =
  | { readonly refused: { readonly status: 403 | 421; readonly message: string }; readonly origin?: undefined }
  | { readonly refused?: undefined; readonly origin: string | undefined }

/**
 * Three things must be of this machine. The address that calls, because the network is no friend. The name it calls us
 * by, because any web site can give its own name this machine's address. And the page that asks, because browsers send
 * what a page of any web site asks for.
 */
export function checkedCaller(request: FastifyRequest): CheckedCaller {
  const { host, origin } = request.headers
  if (!isLoopbackUrl(`http://${host}`))
    return refused(421, 'Tokens are given to callers that call this machine by a loopback name.')
  if (!isLoopbackAddress(request.socket.remoteAddress) || isForwarded(request)) {
    return refused(403, 'Tokens are given to callers on this machine.')
  }
  if (origin !== undefined && !isLoopbackUrl(origin))
    return refused(403, 'Tokens are given to pages opened on this machine.')
  return { origin }
}

const refused = (status: 403 | 421, message: string): CheckedCaller => ({ refused: { status, message } })

/** A proxy or tunnel on this machine calls from here too, but not for somebody here. */
const isForwarded = ({ headers }: FastifyRequest): boolean =>
  headers['forwarded'] !== undefined ||
  headers['x-forwarded-for'] !== undefined ||
  headers['x-forwarded-host'] !== undefined

const isLoopbackAddress = (address: string | undefined): boolean =>
  address !== undefined && (address === '::1' || /^(?:::ffff:)?127\./.test(address))

/** Compared as text: an address with anything else in it, before the host or after the port, is not one of ours. */
const isLoopbackUrl = (url: string): boolean => /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i.test(url)
