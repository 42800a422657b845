/**
 * The running service as commands use it: found by its state file or by what the person says, asked through its admin
 * API, and every refusal turned into what a person can do about it.
 */
import type { AdminError, ListBody } from '../protocol/admin.ts'
import type { Context, ServiceOptions } from './context.ts'
import { CommandFailure, type ExitReason, usageFailure } from './failure.ts'
import { runningStates, type ServiceState, stateFolder } from './state-file.ts'

/** How long an answer may take: milliseconds. A check of a bot takes as long as the bot may. */
const answerTimeoutMs = 60_000

/** Parts of a list that are read at most. */
const partsMax = 1_000

/** Every answer of a Landline has it, whatever it answers. */
const ownHeader = 'x-ms-request-id'

/**
 * Finds the service: by `--url` and `--key`, by the environment, or as the one that runs, in this folder if there are
 * several. A service that runs here brings its key.
 *
 * @throws CommandFailure if there is none, or there are several and none is in this folder
 */
export async function findService({ url, key }: ServiceOptions, context: Context): Promise<Service> {
  const { environment, cwd } = context
  const saidUrl = url ?? (environment['LANDLINE_URL'] || undefined)
  const saidKey = key ?? (environment['LANDLINE_ADMIN_KEY'] || undefined)
  const running = await runningStates(stateFolder(environment))
  if (saidUrl !== undefined) {
    const origin = readOrigin(saidUrl)
    const known = saidKey ?? running.find(state => state.url === origin)?.key
    if (known === undefined)
      throw new CommandFailure(
        'unauthorized',
        'NoKey',
        `No key is known for ${origin}`,
        'Set LANDLINE_ADMIN_KEY to it.',
      )
    return new Service(origin, known)
  }
  const state = chosen(running, cwd)
  return new Service(state.url, saidKey ?? state.key)
}

function chosen(running: readonly ServiceState[], cwd: string): ServiceState {
  const here = running.filter(state => state.cwd === cwd)
  const [state, ...others] = here.length > 0 ? here : running
  if (state === undefined) {
    throw new CommandFailure(
      'unreachable',
      'NoService',
      'No running service was found',
      'Start one with `landline`, or say where it is with --url and LANDLINE_ADMIN_KEY.',
    )
  }
  if (others.length > 0) {
    const urls = [state, ...others].map(({ url }) => url)
    throw usageFailure(`${urls.length} services are running: ${urls.join(', ')}`, 'Say which one with --url.')
  }
  return state
}

function readOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw usageFailure(`--url takes an http or https address, not "${text}"`, 'Such as --url http://127.0.0.1:3977')
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

/** The admin API of a service. */
export class Service {
  /** Without a slash at its end. */
  readonly url: string
  readonly #key: string

  constructor(url: string, key: string) {
    this.url = url
    this.#key = key
  }

  /** Asks for something. @param path below `/admin/v1`. @throws CommandFailure */
  get<Body>(path: string): Promise<Body> {
    return this.send('GET', path)
  }

  /** Asks for a change. Undefined where the answer has no body. @throws CommandFailure */
  async send<Body>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<Body> {
    const response = await this.#fetch(method, path, AbortSignal.timeout(answerTimeoutMs), body)
    const text = await response.text().catch((error: unknown) => {
      throw this.#unreachable(error)
    })
    if (response.status === 204) return undefined as Body
    try {
      return JSON.parse(text) as Body
    } catch (cause) {
      throw this.#stranger(response.status, cause)
    }
  }

  /** A whole list, however many parts it comes in. @throws CommandFailure */
  async list<Item>(path: string): Promise<readonly Item[]> {
    const items: Item[] = []
    let cursor: string | undefined
    for (let part = 0; part < partsMax; part += 1) {
      const from = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const { items: more, next } = await this.get<ListBody<Item>>(`${path}?limit=200${from}`)
      items.push(...more)
      if (next === undefined) break
      cursor = next
    }
    return items
  }

  /** The lines of an answer that does not end, each when it comes. @throws CommandFailure */
  async *lines(path: string, signal: AbortSignal): AsyncGenerator<string> {
    const response = await this.#fetch('GET', path, signal)
    if (response.body === null) return
    let rest = ''
    try {
      for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + text).split('\n')
        rest = lines.pop() ?? ''
        yield* lines.filter(line => line !== '')
      }
    } catch (error) {
      if (!signal.aborted) throw this.#unreachable(error)
    }
  }

  async #fetch(method: string, path: string, signal: AbortSignal, body?: unknown): Promise<Response> {
    const headers = { authorization: `Bearer ${this.#key}`, accept: 'application/json' }
    const sent =
      body === undefined
        ? { headers }
        : { headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) }
    let response: Response
    try {
      // A key is shown to the address it was meant for and to no other.
      response = await fetch(`${this.url}/admin/v1${path}`, { method, redirect: 'error', signal, ...sent })
    } catch (error) {
      throw this.#unreachable(error)
    }
    if (!response.headers.has(ownHeader)) throw this.#stranger(response.status)
    if (!response.ok) throw refused(response.status, await response.text().catch(() => ''))
    return response
  }

  /** Somebody else has the address, or stands in front of the service and answers in its place. */
  #stranger(status: number, cause?: unknown): CommandFailure {
    return new CommandFailure(
      'unreachable',
      'NotLandline',
      `What answers at ${this.url} is no Landline: it answered ${status}`,
      'Give the address of the service, or that of its admin.listen, by --url or LANDLINE_URL.',
      { cause },
    )
  }

  #unreachable(cause: unknown): CommandFailure {
    const because = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
    const code = because instanceof Error && 'code' in because ? String(because.code) : undefined
    const how = code === undefined ? '' : `: ${code}`
    return new CommandFailure(
      'unreachable',
      'Unreachable',
      `The service at ${this.url} does not answer${how}`,
      'See that it runs, and that --url or LANDLINE_URL is its address.',
      { cause },
    )
  }
}

/** A refusal of the admin API, in its own words. */
function refused(status: number, text: string): CommandFailure {
  const { code, message } = errorIn(text) ?? { code: `Http${status}`, message: `The service answered ${status}` }
  return new CommandFailure(exitFor(status), code, message, adviceFor(status, code))
}

function errorIn(text: string): AdminError['error'] | undefined {
  try {
    const { error } = JSON.parse(text) as Partial<AdminError>
    return typeof error?.code === 'string' && typeof error.message === 'string' ? error : undefined
  } catch {
    // Not from a Landline: the status says what there is to say.
    return undefined
  }
}

function exitFor(status: number): ExitReason {
  if (status === 401 || status === 403) return 'unauthorized'
  if (status === 429 || status === 503) return 'unreachable'
  return status >= 500 ? 'unexpected' : 'usage'
}

function adviceFor(status: number, code: string): string {
  if (code === 'OwnedBySettings') return 'Change it where it stands; SIGHUP or a restart makes it count.'
  switch (status) {
    case 401:
      return 'Give the admin key of this service by LANDLINE_ADMIN_KEY or --key.'
    case 403:
      return 'The service does not do this; its settings say so.'
    case 404:
      return '`landline bot list`, `landline site list` and the console show what there is.'
    case 421:
      return 'Use the name the service knows itself by, or add this one to `admin.hosts` in its settings.'
    case 429:
    case 503:
      return 'Try again in a moment.'
    default:
      return status >= 500 ? 'The log of the service says more.' : '`--help` after the command shows what it takes.'
  }
}
