/**
 * What is said of a bot by what was seen of it.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { problemOfReason, problemOfTurn, type TurnSeen } from './diagnosis.ts'

const bot = { id: 'orders', endpoint: 'http://127.0.0.1:3978/api/messages' }

const seen = (more: Partial<TurnSeen>): TurnSeen => ({
  outcome: 'ok',
  quotes: true,
  hasAppId: false,
  ms: 12,
  timeoutMs: 15_000,
  bot,
  ...more,
})

const codeOf = (more: Partial<TurnSeen>) => problemOfTurn(seen(more))?.code

describe('a turn', () => {
  it('that was accepted in time, and one that still runs, has no problem', () => {
    assert.equal(problemOfTurn(seen({ status: 200 })), undefined)
    assert.equal(problemOfTurn(seen({ status: 202, ms: 5_000 })), undefined)
    assert.equal(problemOfTurn(seen({ outcome: 'running', ms: 20_000 })), undefined)
  })

  it('that was accepted late is slow, and one that ran out of time is not just slow', () => {
    assert.equal(codeOf({ status: 200, ms: 5_001 }), 'Slow')
    assert.equal(codeOf({ outcome: 'timeout', ms: 15_000 }), 'Timeout')
  })

  it('that was answered with an error is told by its status', () => {
    const byStatus = { 301: 'NotABot', 400: 'BotThrew', 404: 'WrongPath', 405: 'WrongPath', 413: 'BotThrew' }
    const byHigherStatus = { 500: 'BotThrew', 501: 'BotThrew', 502: 'Gateway', 503: 'Gateway', 504: 'Gateway' }
    for (const [status, code] of Object.entries({ ...byStatus, ...byHigherStatus }))
      assert.equal(codeOf({ outcome: 'botError', status: Number(status), body: 'oh' }), code, status)
  })

  it('that was answered 401 or 403 says whose credentials are missing, and which SDK says so', () => {
    for (const status of [401, 403]) {
      const botbuilder = seen({ outcome: 'botError', status, body: 'Unauthorized Access. Request is not authorized' })
      assert.match(problemOfTurn(botbuilder)?.text ?? '', /botbuilder/)
      assert.equal(problemOfTurn(botbuilder)?.code, 'BotWantsCredentials')
      const agents = {
        outcome: 'botError',
        status,
        body: '{"jwt-auth-error":"invalid token"}',
        hasAppId: true,
      } as const
      assert.match(problemOfTurn(seen(agents))?.text ?? '', /Agents SDK/)
      assert.equal(problemOfTurn(seen(agents))?.code, 'BotRejectsCredentials')
    }
  })

  it('that failed over where to find our keys was refused its credentials, and says where the bot looked', () => {
    const body = 'request to https://login.botframework.com/v1/.well-known/openidconfiguration failed'
    const found = problemOfTurn(seen({ outcome: 'botError', status: 500, body, hasAppId: true }))
    assert.equal(found?.code, 'BotRejectsCredentials')
    assert.match(found?.text ?? '', /no key.*login\.botframework\.com/)
    assert.equal(codeOf({ outcome: 'botError', status: 500, body }), 'BotThrew')
  })

  it('that was answered with a web page was not taken by a bot', () => {
    assert.equal(codeOf({ status: 200, body: '<!DOCTYPE html><title>Sign in</title>' }), 'NotABot')
    assert.equal(codeOf({ status: 200, body: '{"activities":[]}' }), undefined)
  })

  it('that ended in an error tells the first 2 kB of what the bot said', () => {
    const text = problemOfTurn(seen({ outcome: 'botError', status: 500, body: `boom${'x'.repeat(5_000)}` }))?.text ?? ''
    assert.match(text, /500: boomx+$/)
    assert.ok(text.length > 2_048 && text.length < 2_148)
  })

  it('is not quoted where answers are not kept, and is told by what was answered all the same', () => {
    const said = 'Jane Roe has no order 7: no signing key'
    for (const [more, code] of [
      [{ status: 500 }, 'BotThrew'],
      [{ status: 502 }, 'Gateway'],
      [{ status: 500, hasAppId: true }, 'BotRejectsCredentials'],
    ] as const) {
      const found = (quotes: boolean) => problemOfTurn(seen({ outcome: 'botError', body: said, quotes, ...more }))
      assert.deepEqual([found(true)?.code, found(false)?.code], [code, code])
      assert.match(found(true)?.text ?? '', /: Jane Roe has no order 7/)
      assert.match(found(false)?.text ?? '', new RegExp(`answered ${more.status}\\.$`))
    }
  })

  it('without a credential to show has bad credentials', () => {
    assert.equal(codeOf({ outcome: 'refused', reason: 'invalid_client', hasAppId: true }), 'BotRejectsCredentials')
  })
})

it('tells every reason for which there is no answer', () => {
  const codes = {
    ECONNREFUSED: 'NobodyListens',
    ENOTFOUND: 'NameUnknown',
    EAI_AGAIN: 'NameUnknown',
    ETIMEDOUT: 'NoRoute',
    EHOSTUNREACH: 'NoRoute',
    ENETUNREACH: 'NoRoute',
    EIO: 'NoRoute',
    ECONNRESET: 'BotThrew',
    EPROTO: 'NotABot',
    EMSGSIZE: 'NotABot',
    ERR_SSL_WRONG_VERSION_NUMBER: 'NotABot',
    ERR_SSL_PACKET_LENGTH_TOO_LONG: 'NotABot',
    ERR_INVALID_URL: 'BadUrl',
    EADDRREFUSED: 'BadUrl',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'TlsUntrusted',
    SELF_SIGNED_CERT_IN_CHAIN: 'TlsUntrusted',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'TlsUntrusted',
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'TlsUntrusted',
    CERT_REVOKED: 'TlsUntrusted',
    CERT_HAS_EXPIRED: 'TlsExpired',
    CERT_NOT_YET_VALID: 'TlsExpired',
    ERR_TLS_CERT_ALTNAME_INVALID: 'TlsName',
  }
  for (const [reason, code] of Object.entries(codes)) assert.equal(problemOfReason(reason, bot)?.code, code, reason)
  assert.equal(problemOfReason('ECANCELED', bot), undefined)
})

it('offers to accept a certificate in development alone', () => {
  const fix = (mayAcceptCertificate: boolean) =>
    problemOfReason('DEPTH_ZERO_SELF_SIGNED_CERT', { ...bot, mayAcceptCertificate })?.fix
  assert.deepEqual(fix(true)?.patch, { allowSelfSigned: true })
  assert.equal(fix(false), undefined)
})
