/**
 * The admin API as the console calls it: one function for each operation, typed by the shapes both sides share. The
 * cookie says who asks; a refusal of it closes the whole console until somebody shows the key.
 */
import type {
  AboutBody,
  AdminError,
  BotBody,
  BotChange,
  ListBody,
  SettingBody,
  SiteBody,
  SiteChange,
  TokenBody,
} from '../src/protocol/admin.ts'
import type {
  ConversationBody,
  ConversationsBody,
  RecordsBody,
  StartedBody,
  TurnBody,
} from '../src/protocol/admin-conversations.ts'
import type { SeriesBody } from '../src/protocol/admin-live.ts'
import type { CheckReport, Problem } from '../src/protocol/admin-problems.ts'
import { Cell } from './cell.ts'

/** Why a call came to nothing. `code` is the API's own, or `Offline` where nobody answered; `status` is 0 then. */
export class ApiError extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, status: number, message: string) {
    super(message)
    this.name = 'ApiError'
    this.code = code
    this.status = status
  }
}

/** Whether the service lets this page in: not known before the first answer. */
export const access = new Cell<'unknown' | 'open' | 'closed'>('unknown')

/** Whether the last call was answered. While it was not, what is shown stays, and is said to be old. */
export const isReached = new Cell(true)

const base = '/admin/v1'

/** How long an answer is waited for: milliseconds. A check of a bot waits for the bot. */
const patienceMs = 40_000

/** How much the service's clock is ahead of this browser's, as of its last answer: milliseconds. */
let aheadMs = 0

/** The time by the service's clock, which all times it tells are by: milliseconds since 1970, right to the second. */
export const serviceNowMs = (): number => Date.now() + aheadMs

/** Pages of a list that are read before it is taken to be endless. */
const pagesMax = 50

type Query = Readonly<Record<string, string | number | boolean | undefined>>

/** Asks the API. @throws ApiError */
async function call<Answer>(
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
  path: string,
  { body, query, signal }: { body?: unknown; query?: Query; signal?: AbortSignal } = {},
): Promise<Answer> {
  const response = await reach(`${base}${path}${queryText(query)}`, {
    method,
    signal: AbortSignal.any([AbortSignal.timeout(patienceMs), ...(signal === undefined ? [] : [signal])]),
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  if (!response.ok) throw await refusalOf(response, path)
  if (path !== '/logout') access.set('open')
  return (response.status === 204 ? undefined : await response.json()) as Answer
}

async function reach(url: string, request: RequestInit): Promise<Response> {
  try {
    const response = await fetch(url, request)
    isReached.set(true)
    const date = Date.parse(response.headers.get('date') ?? '')
    if (!Number.isNaN(date)) aheadMs = date - Date.now()
    return response
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    isReached.set(false)
    throw new ApiError('Offline', 0, 'The service does not answer.')
  }
}

async function refusalOf(response: Response, path: string): Promise<ApiError> {
  let error: AdminError['error'] | undefined
  try {
    error = ((await response.json()) as Partial<AdminError>).error
  } catch {
    // Not ours: a proxy in between, whose status says what there is to say.
  }
  // A wrong key shown at the door is the door's own business.
  if (response.status === 401 && path !== '/login') access.set('closed')
  return new ApiError(
    error?.code ?? 'Unexpected',
    response.status,
    error?.message ?? `The service answered ${response.status}.`,
  )
}

function queryText(query: Query = {}): string {
  const words = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') words.set(name, String(value))
  }
  return words.size === 0 ? '' : `?${words}`
}

async function all<Item>(path: string): Promise<readonly Item[]> {
  const items: Item[] = []
  let cursor: string | undefined
  for (let page = 0; page < pagesMax; page += 1) {
    const part: ListBody<Item> = await call('GET', path, { query: { limit: 200, cursor } })
    items.push(...part.items)
    cursor = part.next
    if (cursor === undefined) break
  }
  return items
}

const id = encodeURIComponent

/** A site's path: with its bot, because sites of several bots may have one id. */
const sitePath = (site: Pick<SiteBody, 'id' | 'bot'>) => `/sites/${id(`${site.bot}.${site.id}`)}`

/** What conversations are looked for by. */
export type ConversationQuery = {
  readonly bot?: string | undefined
  readonly user?: string | undefined
  readonly state?: string | undefined
  /** Only those with turns that failed: `any`, or the code of what was wrong. */
  readonly problem?: string | undefined
  readonly q?: string | undefined
  readonly since?: string | undefined
  readonly until?: string | undefined
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
  /** A number of rows to begin after, in place of `cursor`. */
  readonly offset?: number | undefined
}

/** A bot that has been added or changed; with the password that was made for it, this once. */
type ChangedBot = BotBody & { readonly appPassword?: string | undefined }

/** The operations. Each throws an ApiError. */
export const api = {
  login: (key: string) => call<void>('POST', '/login', { body: { key } }).then(() => access.set('open')),
  logout: () => call<void>('POST', '/logout').then(() => access.set('closed')),
  about: () => call<AboutBody>('GET', '/about'),
  settings: () => call<readonly SettingBody[]>('GET', '/settings'),

  bots: () => all<BotBody>('/bots'),
  bot: (bot: string) => call<BotBody>('GET', `/bots/${id(bot)}`),
  addBot: (bot: BotChange) => call<ChangedBot>('POST', '/bots', { body: bot }),
  changeBot: (bot: string, change: BotChange) => call<ChangedBot>('PATCH', `/bots/${id(bot)}`, { body: change }),
  removeBot: (bot: string, conversations: 'keep' | 'delete') =>
    call<void>('DELETE', `/bots/${id(bot)}`, { query: { conversations } }),
  checkBot: (bot: string, send: boolean) => call<CheckReport>('POST', `/bots/${id(bot)}/check`, { body: { send } }),

  sites: (bot: string) => all<SiteBody>(`/bots/${id(bot)}/sites`),
  addSite: (bot: string, site: SiteChange) => call<SiteBody>('POST', `/bots/${id(bot)}/sites`, { body: site }),
  changeSite: (site: SiteBody, change: SiteChange) => call<SiteBody>('PATCH', sitePath(site), { body: change }),
  removeSite: (site: SiteBody) => call<void>('DELETE', sitePath(site)),
  revealSecret: (site: SiteBody, number: 1 | 2) =>
    call<{ readonly secret: string }>('POST', `${sitePath(site)}/secrets/${number}/reveal`),
  regenerateSecret: (site: SiteBody, number: 1 | 2) =>
    call<{ readonly secret: string }>('POST', `${sitePath(site)}/secrets/${number}/regenerate`),
  token: (site: SiteBody, body: { user?: string; origins?: readonly string[]; conversationId?: string } = {}) =>
    call<TokenBody>('POST', `${sitePath(site)}/tokens`, { body }),

  conversations: (query: ConversationQuery, signal?: AbortSignal) =>
    call<ConversationsBody>('GET', '/conversations', { query, ...(signal === undefined ? {} : { signal }) }),
  startConversation: (start: { bot: string; site?: string; user?: string; trace?: boolean }) =>
    call<StartedBody>('POST', '/conversations', { body: start }),
  conversation: (conversation: string) => call<ConversationBody>('GET', `/conversations/${id(conversation)}`),
  records: (conversation: string, query: { after?: number; before?: number; limit?: number }, signal?: AbortSignal) =>
    call<RecordsBody>('GET', `/conversations/${id(conversation)}/records`, {
      query,
      ...(signal === undefined ? {} : { signal }),
    }),
  turn: (conversation: string, turn: string) =>
    call<TurnBody>('GET', `/conversations/${id(conversation)}/turns/${id(turn)}`),
  send: (conversation: string, activity: unknown, as: 'user' | 'channel') =>
    call<{ readonly turn: string }>('POST', `/conversations/${id(conversation)}/send`, { body: { activity, as } }),
  again: (conversation: string, seq: number) =>
    call<{ readonly turn: string }>('POST', `/conversations/${id(conversation)}/records/${seq}/again`),
  restart: (conversation: string, user: 'same' | 'new') =>
    call<StartedBody>('POST', `/conversations/${id(conversation)}/restart`, { body: { user } }),
  deleteConversation: (conversation: string) => call<void>('DELETE', `/conversations/${id(conversation)}`),

  series: (seconds: number) => call<SeriesBody>('GET', '/series', { query: { seconds } }),
  problems: () => call<readonly Problem[]>('GET', '/problems'),
}
