/**
 * What is wrong with a bot, by what was seen of it: one judgement for turns that went wrong and for checks.
 */
import type { TurnBody } from '../protocol/admin-conversations.ts'
import type { Fix, ProblemCode } from '../protocol/admin-problems.ts'
import { endpointParts, endpointUrl, placeOf } from '../protocol/endpoint.ts'
import type { CertificateSeen } from './probe-port.ts'

/** A problem, said in words, with the one thing to do about it if there is one. */
export type Finding = { readonly code: ProblemCode; readonly text: string; readonly fix?: Fix | undefined }

/** The bot a finding is about. */
export type FindingBot = {
  readonly id: string
  readonly endpoint: string
  /** Whether a certificate that nobody vouches for may be accepted: in development. */
  readonly mayAcceptCertificate?: boolean | undefined
}

/** What was seen of a turn. */
export type TurnSeen = {
  readonly outcome: TurnBody['outcome']
  /** What the bot answered, if it did. */
  readonly status?: number | undefined
  /** Why there was no answer: the code of a `BotAnswer` that is `unreachable`; or why no credential could be had. */
  readonly reason?: string | undefined
  /** The bot's answer, as far as it was read. */
  readonly body?: string | undefined
  /** Whether the finding may quote it: not where answers are not kept, for a finding is. */
  readonly quotes: boolean
  /** Whether the bot is shown a credential. */
  readonly hasAppId: boolean
  /** How long the bot took: milliseconds. */
  readonly ms: number
  readonly timeoutMs: number
  readonly bot: FindingBot
}

/** A turn that takes longer is slow: milliseconds. */
export const slowMs = 5_000

/** How much of a bot's answer is quoted: characters. */
const quotedCharactersMax = 2_048

/** What is wrong with the bot of a turn; undefined if nothing is, or it is not the bot's doing. */
export function problemOfTurn(seen: TurnSeen): Finding | undefined {
  const { outcome, status, reason, ms, timeoutMs } = seen
  if (outcome === 'running') return undefined
  if (outcome === 'timeout') {
    return {
      code: 'Timeout',
      text: `The bot did not answer in ${timeoutMs} ms.`,
      fix: { label: 'Answer the turn at once, and say the rest through the connector' },
    }
  }
  if (status !== undefined && (status < 200 || status > 299 || isPage(seen.body))) return problemOfAnswer(seen, status)
  if (outcome === 'unreachable') return problemOfReason(reason ?? '', seen.bot)
  if (outcome === 'refused' && status === undefined) {
    return {
      code: 'BotRejectsCredentials',
      text: `There is no credential to show the bot${reason === undefined ? '' : ` (${reason})`}.`,
      fix: { label: 'Check app id, tenant and password', href: pageOf(seen.bot) },
    }
  }
  return ms > slowMs ? slow(ms) : undefined
}

/** A bot that takes its time. */
const slow = (ms: number): Finding => ({
  code: 'Slow',
  text: `The bot took ${(ms / 1000).toFixed(1)} s for its turn.`,
  fix: { label: 'Send typing, and answer later through the connector' },
})

/** What an answer that is not a bot's yes says. */
function problemOfAnswer(seen: TurnSeen, status: number): Finding {
  const { body = '', hasAppId, bot } = seen
  switch (status) {
    case 401:
    case 403:
      return hasAppId ? rejectsCredentials(seen, status) : wantsCredentials(status, body, bot)
    case 404:
    case 405:
      return wrongPath(status, bot, undefined)
    case 502:
    case 503:
    case 504:
      return { code: 'Gateway', text: `Something before the bot answered ${status}${quoted(seen)}` }
    default:
  }
  if (status < 400) {
    const what = status < 300 ? `a web page (status ${status})` : `a redirect (status ${status})`
    return { code: 'NotABot', text: `What answers at ${bot.endpoint} is no bot: it sent ${what}.` }
  }
  if (hasAppId && lacksKeys(body)) return rejectsCredentials(seen, status)
  return { code: 'BotThrew', text: `The bot answered ${status}${quoted(seen)}` }
}

/** What a connection that did not come about, or broke, says: by the code it failed with. */
export function problemOfReason(reason: string, bot: FindingBot): Finding | undefined {
  const parts = endpointParts(bot.endpoint)
  const place = parts === undefined ? bot.endpoint : placeOf(parts.host, parts.port)
  const found = (code: ProblemCode, text: string, fix?: Fix): Finding => ({ code, text, fix })
  switch (reason) {
    case 'ECANCELED':
      return undefined
    case 'ERR_INVALID_URL':
      return badUrl(bot)
    case 'EADDRREFUSED':
      return found('BadUrl', `${place} is a link-local or cloud metadata address: no bot may be there.`)
    case 'ENOTFOUND':
      return found('NameUnknown', `Nobody knows the name ${parts?.host ?? bot.endpoint}.`)
    case 'EAI_AGAIN':
      return found('NameUnknown', `No name service answered when asked for ${parts?.host ?? bot.endpoint}.`)
    case 'ECONNREFUSED':
      return nobodyListens(bot, [])
    case 'ECONNRESET':
      return found('BotThrew', 'The bot broke off without a whole answer.')
    case 'EMSGSIZE':
      return found('NotABot', `What answers at ${place} sends more than any bot's answer.`)
    case 'EPROTO':
      return found('NotABot', `What answers at ${place} does not speak HTTP.`)
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return problemOfCertificate(reason, undefined, bot)
    default:
  }
  if (/^ERR_SSL_/.test(reason)) return noTls(bot)
  if (isUntrusted(reason)) return problemOfCertificate(reason, undefined, bot)
  return found('NoRoute', `There is no way to ${place} (${reason === '' ? 'no reason was given' : reason}).`)
}

/** What a certificate that is not accepted says: by the code TLS gives. */
export function problemOfCertificate(reason: string, seen: CertificateSeen | undefined, bot: FindingBot): Finding {
  const host = endpointParts(bot.endpoint)?.host ?? bot.endpoint
  const fix = bot.mayAcceptCertificate
    ? { label: 'Accept the certificate (development only)', patch: { allowSelfSigned: true } }
    : undefined
  if (reason === 'CERT_HAS_EXPIRED')
    return { code: 'TlsExpired', text: `The bot's certificate expired${seen ? ` on ${seen.validTo}` : ''}.`, fix }
  if (reason === 'CERT_NOT_YET_VALID')
    return {
      code: 'TlsExpired',
      text: `The bot's certificate begins${seen ? ` on ${seen.validFrom}` : ' later'}.`,
      fix,
    }
  if (reason === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const names = seen === undefined ? 'other names' : seen.names.join(', ') || 'no name at all'
    return { code: 'TlsName', text: `The bot's certificate is for ${names}, not for ${host}.`, fix }
  }
  const issuer = seen === undefined ? '' : `: it was issued by ${seen.issuer}`
  return { code: 'TlsUntrusted', text: `Nobody trusted vouches for the bot's certificate${issuer} (${reason}).`, fix }
}

/** The endpoint is not one. */
export function badUrl(bot: FindingBot): Finding {
  const parts = endpointParts(bot.endpoint)
  const guess = parts ?? endpointParts(`http://${bot.endpoint.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '')}`)
  const endpoint = guess && endpointUrl({ ...guess, path: guess.path === '/' ? usualPath : guess.path })
  return {
    code: 'BadUrl',
    text:
      parts === undefined
        ? `"${bot.endpoint}" is not an http or https URL.`
        : `${bot.endpoint} has no path: a bot takes activities at one. If this one does at /, end the address with it.`,
    fix: endpoint === undefined ? undefined : { label: `Use ${endpoint}`, patch: { endpoint } },
  }
}

/**
 * Nobody accepts.
 *
 * @param others ports of this machine that do accept: usual ones of bots
 */
export function nobodyListens(bot: FindingBot, others: readonly number[]): Finding {
  const parts = endpointParts(bot.endpoint)
  const [other] = others
  const text = `Nobody listens on ${parts === undefined ? bot.endpoint : placeOf(parts.host, parts.port)}.`
  if (parts === undefined || other === undefined)
    return { code: 'NobodyListens', text, fix: { label: 'Start the bot' } }
  const endpoint = endpointUrl({ ...parts, port: other })
  return {
    code: 'NobodyListens',
    text: `${text} Somebody does on port ${others.join(' and on ')}.`,
    fix: { label: `Start the bot, or use ${endpoint}`, patch: { endpoint } },
  }
}

/** One loopback address refuses, the other accepts. */
export function otherFamilyOnly(bot: FindingBot, refuses: string, accepts: string): Finding {
  const parts = endpointParts(bot.endpoint)
  const endpoint = parts === undefined ? bot.endpoint : endpointUrl({ ...parts, host: accepts })
  return {
    code: 'OtherFamilyOnly',
    text: `The bot listens on ${accepts} and not on ${refuses}.`,
    fix: { label: `Use ${endpoint}`, patch: { endpoint } },
  }
}

/** Nothing takes activities at the path. `found`: a path that answered when asked. */
export function wrongPath(status: number, bot: FindingBot, found: string | undefined): Finding {
  const parts = endpointParts(bot.endpoint)
  const endpoint = parts && found !== undefined ? endpointUrl({ ...parts, path: found }) : undefined
  return {
    code: 'WrongPath',
    text: `The bot answered ${status}: nothing takes activities at ${parts?.path ?? bot.endpoint}.`,
    fix: endpoint === undefined ? undefined : { label: `Use ${endpoint}`, patch: { endpoint } },
  }
}

function wantsCredentials(status: number, body: string, bot: FindingBot): Finding {
  return {
    code: 'BotWantsCredentials',
    text: `The bot answered ${status}: it wants credentials${madeWith(body)}, and has no app id here.`,
    fix: { label: 'Set app id and password', href: pageOf(bot) },
  }
}

function rejectsCredentials(seen: TurnSeen, status: number): Finding {
  const { body = '', bot } = seen
  return {
    code: 'BotRejectsCredentials',
    text: lacksKeys(body)
      ? `The bot has no key to judge the credentials by that it was shown. It answered ${status}${quoted(seen)}`
      : `The bot answered ${status} to the credentials it was shown${madeWith(body)}.`,
    fix: { label: 'Check app id, tenant and password', href: pageOf(bot) },
  }
}

/** Which SDK a refusal is of: each says no in words of its own. */
function sdkOf(body: string): 'botbuilder' | 'Agents SDK' | undefined {
  if (body.includes('jwt-auth-error')) return 'Agents SDK'
  return /Unauthorized Access|No valid identity/.test(body) ? 'botbuilder' : undefined
}

const madeWith = (body: string): string => {
  const sdk = sdkOf(body)
  return sdk === undefined ? '' : ` (it is made with ${sdk})`
}

const noTls = (bot: FindingBot): Finding => {
  const parts = endpointParts(bot.endpoint)
  const endpoint = parts && endpointUrl({ ...parts, scheme: 'http' })
  return {
    code: 'NotABot',
    text: `What listens at ${parts === undefined ? bot.endpoint : placeOf(parts.host, parts.port)} does not speak TLS.`,
    fix: endpoint === undefined ? undefined : { label: `Use ${endpoint}`, patch: { endpoint } },
  }
}

/** SDKs that can't fetch the keys of who signs what they are sent fail over it with a text that says where they looked. */
const lacksKeys = (body: string): boolean => /\.well-known|openidconfiguration|signing key/i.test(body)

/** Where SDKs' samples take activities. */
export const usualPath = '/api/messages'

const pageOf = (bot: FindingBot): string => `/console/bots/${encodeURIComponent(bot.id)}`

const isUntrusted = (reason: string): boolean => /(?:^|_)(?:CERT|SELF_SIGNED|LEAF|ISSUER|CRL)(?:_|$)/.test(reason)

/** Whether an answer is a web page: no SDK answers a turn with one. */
const isPage = (body: string | undefined): boolean =>
  body !== undefined && /^\s*<(?:!doctype|html|head|body)\b/i.test(body.slice(0, 512))

const quoted = ({ body = '', quotes }: TurnSeen): string => {
  const text = (quotes ? body : '').trim().slice(0, quotedCharactersMax)
  return text === '' ? '.' : `: ${text}`
}
