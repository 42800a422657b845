/**
 * One TLS handshake, and what the certificate shown in it says.
 */
import { isIP } from 'node:net'
import { connect, type DetailedPeerCertificate, type PeerCertificate, type TLSSocket } from 'node:tls'
import type { CertificateSeen, Handshake, Place } from '../../domain/probe-port.ts'

/** Names of a certificate that are told. */
const namesMax = 10

/** Shakes hands as the port has it. */
export function shakeHands({ address, port }: Place, host: string, timeoutMs: number): Promise<Handshake> {
  return new Promise(resolve => {
    const socket = connect({
      host: address,
      port,
      // Judged below, with the certificate at hand: a handshake that is broken off shows none.
      rejectUnauthorized: false,
      ...(isIP(host) === 0 ? { servername: host } : {}),
    })
    const settle = (handshake: Handshake) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(handshake)
    }
    const timer = setTimeout(() => settle({ outcome: 'failed', reason: 'ETIMEDOUT' }), timeoutMs)
    socket.on('secureConnect', () => settle(judged(socket)))
    socket.on('error', error => settle({ outcome: 'failed', reason: codeOf(error) }))
    socket.on('close', () => settle({ outcome: 'failed', reason: 'ECONNRESET' }))
  })
}

function judged(socket: TLSSocket): Handshake {
  const certificate = seen(socket.getPeerCertificate())
  if (socket.authorized) return { outcome: 'trusted', certificate }
  // Node puts the code here, whatever its types say.
  const reason = String(socket.authorizationError)
  return { outcome: 'untrusted', reason, certificate }
}

function seen(certificate: PeerCertificate | DetailedPeerCertificate): CertificateSeen {
  const { issuer, subject, subjectaltname, valid_from, valid_to } = certificate
  const alternatives = (subjectaltname ?? '').split(', ').map(name => name.replace(/^(?:DNS|IP Address):/, ''))
  const names = alternatives.filter(name => name !== '')
  return {
    issuer: textOf(issuer?.O) ?? textOf(issuer?.CN) ?? 'nobody',
    validFrom: isoOf(valid_from),
    validTo: isoOf(valid_to),
    names: (names.length === 0 ? [textOf(subject?.CN) ?? ''].filter(name => name !== '') : names).slice(0, namesMax),
  }
}

/** Some fields of a name may be there more than once. */
const textOf = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : value?.join(', ')

function isoOf(date: string): string {
  const ms = Date.parse(date)
  return Number.isNaN(ms) ? date : new Date(ms).toISOString()
}

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : 'EIO')
