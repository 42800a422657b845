/**
 * Certificates for servers on this machine, made anew by whoever needs one, and trusted by nobody else.
 */
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'

/** A certificate and its key, both as PEM. */
export type Certificate = { readonly cert: string; readonly key: string }

const dayMs = 86_400_000

/** What a certificate says. */
export type CertificateOptions = {
  /** Whom it is for: 127.0.0.1 and localhost if not said. */
  readonly names?: { readonly addresses: readonly (readonly number[])[]; readonly hosts: readonly string[] }
  /** From when to when it is good, in days from now: from yesterday to tomorrow if not said. */
  readonly days?: readonly [from: number, to: number]
}

/** Makes a certificate that signs itself, and has this process trust it from now on. */
export function trustedCertificate(options: CertificateOptions = {}): Certificate {
  const made = untrustedCertificate(options)
  setDefaultCACertificates([...getCACertificates('default'), made.cert])
  return made
}

/** Makes a certificate that signs itself. Its issuer's name begins with `Landline tests`. */
export function untrustedCertificate({ names = thisMachine, days = [-1, 1] }: CertificateOptions = {}): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  // An authority is looked up by its name: two of one name would be taken for each other.
  const name = sequence(der(0x31, sequence(commonName, der(0x0c, Buffer.from(`Landline tests ${randomUUID()}`)))))
  const [from, to] = days
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.of(1)),
    ecdsaWithSha256,
    name,
    sequence(time(Date.now() + from * dayMs), time(Date.now() + to * dayMs)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(isAuthority, alternatives(names))),
  )
  const signature = Buffer.concat([Buffer.of(0), sign('sha256', toBeSigned, privateKey)])
  const certificate = sequence(toBeSigned, ecdsaWithSha256, der(0x03, signature))
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? []
  const cert = ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
  return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

/** One value of DER: its tag, its length, and what it is made of. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...size), content])
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts)

/** `YYMMDDhhmmssZ` */
const time = (ms: number): Buffer =>
  der(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/\D/g, '').slice(2, 14)}Z`))

/** Names of things in X.509, as their bytes. */
const objectId = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'))

const commonName = objectId('550403')
const ecdsaWithSha256 = sequence(objectId('2a8648ce3d040302'))
const isAuthority = sequence(objectId('551d13'), der(0x04, sequence(der(0x01, Buffer.of(0xff)))))
const subjectAlternatives = objectId('551d11')

const thisMachine = { addresses: [[127, 0, 0, 1]], hosts: ['localhost'] }

const alternatives = ({ addresses, hosts }: NonNullable<CertificateOptions['names']>): Buffer =>
  sequence(
    subjectAlternatives,
    der(
      0x04,
      sequence(
        ...addresses.map(address => der(0x87, Buffer.from(address))),
        ...hosts.map(host => der(0x82, Buffer.from(host))),
      ),
    ),
  )
