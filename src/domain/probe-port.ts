/**
 * What a check asks of the network: one small look at a time, each within a time of its own.
 */
import type { EndpointParts } from '../protocol/endpoint.ts'

/** A place on the network: an address, never a name, so that what has been judged is what is connected to. */
export type Place = { readonly address: string; readonly port: number }

/** What a name stands for. `reason`: the system's code, `EADDRREFUSED` where no bot may be, `ETIMEDOUT`. */
export type Resolved =
  | { readonly outcome: 'found'; readonly addresses: readonly string[] }
  | { readonly outcome: 'failed'; readonly reason: string }

/** A certificate, as far as people ask about it. Times as ISO 8601. */
export type CertificateSeen = {
  readonly issuer: string
  readonly validFrom: string
  readonly validTo: string
  readonly names: readonly string[]
}

/** What came of a handshake: whether what was shown is trusted, or why there was none. */
export type Handshake =
  | { readonly outcome: 'trusted'; readonly certificate: CertificateSeen }
  | { readonly outcome: 'untrusted'; readonly reason: string; readonly certificate: CertificateSeen }
  | { readonly outcome: 'failed'; readonly reason: string }

/** What a server says of a path without being given anything. */
export type Offer = {
  readonly status: number
  /** The `Allow` header: upper case. */
  readonly allow: string | undefined
  /** The server's clock: milliseconds since 1970. */
  readonly dateMs: number | undefined
}

/** This machine as others may reach it. */
export type ThisMachine = {
  readonly name: string
  /** Addresses on networks, IPv4. */
  readonly lan: readonly string[]
  /** The address Windows has towards WSL, if this is such a Windows. */
  readonly wsl: string | undefined
}

/**
 * Looks at bots from outside. Nothing here sends an activity, and nothing but the place it is given is contacted.
 * No promise rejects, and each settles within its `timeoutMs`.
 */
export interface BotProbe {
  /** Takes an endpoint apart as the bot client will understand it; undefined if it would not. */
  read(url: string): EndpointParts | undefined
  /**
   * The addresses of a name, those at which no bot may be left out; an address stands for itself. `localhost` is both
   * loopback addresses, whatever the system says.
   */
  resolve(host: string, options: { readonly allowLinkLocal: boolean; readonly timeoutMs: number }): Promise<Resolved>
  /** Opens a connection and closes it. Answers why there was none: the system's code, or `ETIMEDOUT`. */
  connect(place: Place, timeoutMs: number): Promise<string | undefined>
  /** Shakes hands over TLS and closes. `host`: whom the certificate should be for. */
  handshake(place: Place, host: string, timeoutMs: number): Promise<Handshake>
  /** Asks `OPTIONS` of a path. Undefined if there was no answer. Certificates are not looked at. */
  options(place: Place, at: EndpointParts, timeoutMs: number): Promise<Offer | undefined>
  /** What this machine is called. */
  thisMachine(): ThisMachine
}
