/**
 * The table of settings. Types, checks, the JSON Schema, the reference page and `config show` are all made of it, of
 * `limits-table.ts` and of `bots-table.ts`: a setting that is added here is known everywhere.
 */
import { conversationLifetimeSeconds, fileLifetimeSeconds, tokenLifetimeSeconds } from '../protocol/limits.ts'
import {
  baseUrl,
  duration,
  host,
  hostAndPort,
  listOf,
  network,
  oneOf,
  onOrOff,
  secret,
  size,
  text,
  whole,
} from './kinds.ts'
import { limitRows } from './limits-table.ts'
import { flag, row, type ValuesOf } from './row.ts'
import { s3Rows } from './s3.ts'

/** What a file and an environment may hold as a path. */
const path = text('a path', /^[^\0]{1,4096}$/)

/** What a master key is: 32 bytes in base64. */
const masterKey = secret(
  '32 bytes in base64, as "openssl rand -base64 32" makes them',
  /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/,
)

const connection = secret('a connection URL', /^[\x21-\x7e]{1,1024}$/)

/** Host names and header names: what HTTP allows in them. */
const hostName = text(
  'a host name such as ops.example.org',
  /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})$|^\[[0-9A-Fa-f:.]+\]$/,
)
const headerName = text('the name of a header or parameter', /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}$/)

/** Every setting but those of bots. */
export const table = {
  'listen.host': row(
    host,
    '127.0.0.1',
    'The address to listen on. With one that other machines can reach, what is for developers is off, and secrets must have 32 characters.',
    {
      flag: flag('host', 'H'),
    },
  ),
  'listen.port': row(
    whole(0, 65_535),
    3977,
    'The port to listen on; 0 is any free one. If one that was given is taken, Landline does not start.',
    {
      flag: flag('port', 'N'),
      without: '3977, or the next free one up to 3997; `serve`: 3977',
    },
  ),
  publicUrl: row<string | undefined>(
    baseUrl('https://chat.example.org'),
    undefined,
    'What clients and bots are told as our address, a path included: the address of the TLS proxy in front.',
    {
      flag: flag('public-url', 'URL'),
      without: 'the address listened on',
    },
  ),
  trustedProxies: row(listOf(network, 100), [], 'Proxies whose X-Forwarded-For is believed: addresses and networks.', {
    flag: flag('trust-proxy', 'L'),
  }),
  'store.kind': row(
    oneOf(['sqlite', 'memory', 'postgres']),
    'sqlite',
    'Where the log is kept: in a folder, in memory alone, or in PostgreSQL, which several nodes can share.',
    {
      flag: { name: 'memory', takes: undefined, sets: 'memory' },
    },
  ),
  'store.path': row<string>(
    path,
    '.landline',
    'The folder of the store, made if it is not there; or the database in it, which is always called landline.db.',
    {
      serve: 'landline.db',
      flag: flag('dir', 'DIR'),
    },
  ),
  'store.url': row<string | undefined>(
    connection,
    undefined,
    'Where PostgreSQL is, such as postgres://user:password@host:5432/database?sslmode=verify-full. It leads to the server that is written to.',
  ),
  'store.writers': row(
    whole(1, 32),
    4,
    'How many connections write to PostgreSQL at once. Each writes groups of messages.',
  ),
  'store.readers': row(whole(1, 128), 8, 'How many connections read from PostgreSQL at once.'),
  'files.path': row<string | undefined>(
    path,
    undefined,
    'The folder for uploaded files, made if it is not there. Nodes that share a store share it too.',
    {
      without: 'the folder `files` in that of the store; with PostgreSQL `.landline/files`',
    },
  ),
  ...s3Rows,
  'bus.kind': row(
    oneOf(['local', 'postgres', 'redis']),
    'local',
    'How news gets from node to node: not at all, through PostgreSQL, or through Redis or Valkey. Without news, nodes ask the store once a second.',
    {
      without: 'postgres, where the store is in PostgreSQL; else local',
    },
  ),
  'bus.url': row<string | undefined>(
    connection,
    undefined,
    'Where Redis is, such as redis://user:password@host:6379, or rediss:// for TLS; or PostgreSQL, if `store.url` leads to a pooler.',
    {
      without: '`store.url`, for the kind postgres',
    },
  ),
  masterKey: row<string | undefined>(masterKey, undefined, 'The key that every token, link and kept secret hangs on.', {
    without: 'one is made and kept beside the store',
  }),
  'admin.enabled': row(onOrOff, true, 'Whether there is an admin API and a console.'),
  'admin.key': row<string | undefined>(secret(), undefined, 'Opens the admin API and the console.', {
    without: 'one is made at first start and kept',
  }),
  'admin.listen': row<{ readonly host: string; readonly port: number } | undefined>(
    hostAndPort,
    undefined,
    'An address of their own for the admin API and the console.',
    {
      without: 'where everything else is',
    },
  ),
  'admin.hosts': row(
    listOf(hostName, 100),
    [],
    "Host names under which they may be called, beside this machine's own and the public URL's.",
  ),
  'admin.allowPlainHttp': row(onOrOff, false, 'Whether other machines may reach them without https.'),
  'inspect.bodies': row(
    oneOf(['full', 'none']),
    'full',
    'Whether the bodies of what bots were sent and answered are kept, for people who look in.',
    {
      serve: 'none',
    },
  ),
  'inspect.maxBody': row(size, 16 * 1024, 'How much of one body is kept.'),
  'inspect.turns': row(whole(0, 1_000_000), 10_000, 'How many turns are kept in memory. With 0 nobody watches turns.'),
  'inspect.hours': row(duration('h', { min: 0 }), 24, 'How long turns are kept.'),
  'inspect.redact': row(
    listOf(headerName, 100),
    [],
    "Names of headers, and of parameters in a bot's address, whose values are never kept, beside those that carry credentials.",
  ),
  'retention.conversations': row(
    duration('s'),
    conversationLifetimeSeconds,
    'How long a conversation is kept after its last activity.',
  ),
  'retention.files': row(duration('s'), fileLifetimeSeconds, 'How long an uploaded file is kept.'),
  tokenLifetime: row(
    duration('s', { min: 60 }),
    tokenLifetimeSeconds,
    'How long a token is good for. DirectLineJS refreshes its own every 15 minutes.',
  ),
  'webchat.public': row(onOrOff, true, "Whether Web Chat is served for other people's pages, under /webchat."),
  revealSecrets: row(onOrOff, true, 'Whether the admin API shows secrets that are in use.', {
    serve: false,
    without: 'on, where nobody but this machine can reach the service; `serve`: off',
  }),
  'shutdown.seconds': row(
    duration('s', { min: 0, max: 3600 }),
    30,
    'How long a stop waits for turns that are running.',
  ),
  rateLimits: row(
    onOrOff,
    true,
    'Whether callers are held to rates. Off is for load tests, and said aloud; every other limit holds.',
  ),
  entraUrl: row(
    baseUrl('https://login.microsoftonline.com'),
    'https://login.microsoftonline.com',
    "Where Microsoft's cloud issues tokens, for bots of its authority.",
  ),
  ...limitRows,
} as const

/** The values of the table. */
export type Values = ValuesOf<typeof table>
