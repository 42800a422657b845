/**
 * What the admin API says of bots that do not work: problems, and the steps of a check.
 */
import type { BotChange } from './admin.ts'

/** What can be wrong with a bot. The names are a promise; `problems.ts` has what they mean. */
export type ProblemCode =
  | 'BadUrl'
  | 'NameUnknown'
  | 'NobodyListens'
  | 'OtherFamilyOnly'
  | 'NoRoute'
  | 'TlsUntrusted'
  | 'TlsExpired'
  | 'TlsName'
  | 'WrongPath'
  | 'BotWantsCredentials'
  | 'BotRejectsCredentials'
  | 'NotABot'
  | 'BotThrew'
  | 'Gateway'
  | 'Slow'
  | 'Timeout'
  | 'AnswersDoNotArrive'
  | 'AnswerRefused'

/** The one thing to do about a problem: a page to look at, or a change of the bot that a button makes. */
export type Fix = {
  readonly label: string
  readonly href?: string | undefined
  readonly patch?: BotChange | undefined
}

/** A problem of a bot, as it is now. Gone after ten minutes of success. */
export type Problem = {
  readonly code: ProblemCode
  readonly bot: string
  readonly count: number
  readonly first: string
  readonly last: string
  readonly text: string
  readonly fix?: Fix | undefined
}

/** One step of a check. `ok` is null where it was not or could not be looked at. */
export type CheckStep = {
  readonly name: 'url' | 'name' | 'connect' | 'tls' | 'post' | 'answers'
  readonly ok: boolean | null
  readonly ms?: number | undefined
  readonly note: string
}

/** `POST /bots/{bot}/check`. */
export type CheckReport = {
  readonly bot: string
  readonly endpoint: string
  readonly ok: boolean
  readonly steps: readonly CheckStep[]
  readonly problem?: { readonly code: ProblemCode; readonly text: string; readonly fix?: Fix | undefined } | undefined
  /** Addresses of ours for bots that run elsewhere, to be set as `serviceUrl`; none where bots are told a public one. */
  readonly serviceUrls: readonly ServiceUrl[]
}

/** An address of ours, and from where it leads to us. */
export type ServiceUrl = { readonly where: 'container' | 'wsl' | 'lan'; readonly url: string }
