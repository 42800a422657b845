/**
 * `POST /admin/v1/bots/{bot}/check` of bots behind TLS: what is said of certificates, and whether they are taken.
 */
import assert from 'node:assert/strict'
import { createServer } from 'node:https'
import { it } from 'node:test'
import {
  type Certificate,
  type CertificateOptions,
  trustedCertificate,
  untrustedCertificate,
} from '../../support/certificate.ts'
import { assertFound, checkAt, type Listening, listenAt, serve, stepOf } from '../../support/check.ts'

const startSecure = (certificate: Certificate): Promise<Listening> =>
  listenAt(
    createServer(certificate, (request, response) => {
      request.resume().on('end', () => response.end())
    }),
    '127.0.0.1',
  )

/** Checks a bot that shows such a certificate. */
async function checkSecure(
  make: (options?: CertificateOptions) => Certificate,
  { host = '127.0.0.1', ...options }: CertificateOptions & { readonly host?: string } = {},
  settings: Parameters<typeof checkAt>[1] = {},
) {
  await using bot = await startSecure(make(options))
  return await checkAt(`https://${host}:${bot.port}/api/messages`, settings)
}

it('a certificate that is trusted is told with who vouches for it, and until when', async () => {
  for (const host of ['127.0.0.1', 'localhost']) {
    const report = await checkSecure(trustedCertificate, { host })
    assert.equal(report.ok, true, JSON.stringify(report))
    assert.match(stepOf(report, 'tls').note, /Landline tests.*valid until 20\d\d-/)
    assert.equal(stepOf(report, 'post').ok, true)
  }
})

it('one that signs itself: TlsUntrusted, with its issuer; and it is taken if the bot is set so', async () => {
  const report = await checkSecure(untrustedCertificate)
  assertFound(report, 'TlsUntrusted', 'tls', /issued by Landline tests/)
  assert.deepEqual(report.problem?.fix?.patch, { allowSelfSigned: true })
  const taken = await checkSecure(untrustedCertificate, {}, { allowSelfSigned: true })
  assert.equal(taken.ok, true, JSON.stringify(taken))
  assert.match(stepOf(taken, 'tls').note, /unchecked/)
})

it('one that has expired, or is not good yet: TlsExpired, with the date', async () => {
  const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
  const expired = await checkSecure(trustedCertificate, { days: [-30, -20] })
  assertFound(expired, 'TlsExpired', 'tls', new RegExp(`expired on ${day(-20)}`))
  const early = await checkSecure(trustedCertificate, { days: [20, 30] })
  assertFound(early, 'TlsExpired', 'tls', new RegExp(`begins on ${day(20)}`))
})

it('one for other names: TlsName, with those names', async () => {
  const names = { addresses: [[10, 1, 2, 3]], hosts: ['orders.example', 'www.orders.example'] }
  const report = await checkSecure(trustedCertificate, { names })
  assertFound(report, 'TlsName', 'tls', /for orders\.example, www\.orders\.example|for 10\.1\.2\.3/)
  assert.match(report.problem?.text ?? '', /orders\.example.*10\.1\.2\.3|10\.1\.2\.3.*orders\.example/)
  assert.match(report.problem?.text ?? '', /not for 127\.0\.0\.1/)
})

it('a bot that does not speak TLS is told to be called without', async () => {
  await using bot = await serve((_request, response) => response.end())
  const report = await checkAt(`https://127.0.0.1:${bot.port}/api/messages`)
  assertFound(report, 'NotABot', 'tls', /does not speak TLS/)
  assert.deepEqual(report.problem?.fix?.patch, { endpoint: `http://127.0.0.1:${bot.port}/api/messages` })
})
