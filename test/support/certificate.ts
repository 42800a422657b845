/**
 * A certificate for a server on this machine, made anew by whoever needs one, and trusted by nobody else.
 */
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'

/** A certificate and its key, both as PEM, for 127.0.0.1 and localhost. */
export type Certificate = { readonly cert: string; readonly key: string }

const dayMs = 86_400_000

/** Makes a certificate that signs itself, and has this process trust it from now on. */
export function trustedCertificate(): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  // An authority is looked up by its name: two of one name would be taken for each other.
  const name = sequence(der(0x31, sequence(commonName, der(0x0c, Buffer.from(`Landline tests ${randomUUID()}`)))))
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.of(1)),
    ecdsaWithSha256,
    name,
    sequence(time(Date.now() - dayMs), time(Date.now() + dayMs)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(isAuthority, names)),
  )
  const signature = Buffer.concat([Buffer.of(0), sign('sha256', toBeSigned, privateKey)])
  const certificate = sequence(toBeSigned, ecdsaWithSha256, der(0x03, signature))
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? []
  const cert = ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
  setDefaultCACertificates([...getCACertificates('default'), cert])
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
const names = sequence(
  objectId('551d11'),
  der(0x04, sequence(der(0x87, Buffer.of(127, 0, 0, 1)), der(0x82, Buffer.from('localhost')))),
)
