/**
 * The settings of files in S3: their rows, what follows from the environment that Amazon's own programs read, and what
 * must hold between them.
 */
import { baseUrl, duration, onOrOff, secret, text } from './kinds.ts'
import { isLoopback } from './network.ts'
import type { Environment, Found } from './reading.ts'
import { row, type ValuesOf } from './row.ts'

/** What S3 takes as the name of a bucket. */
const bucket = text('the name of a bucket', /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/)

/** Characters that every service takes in keys, and that mean nothing in addresses. */
const prefix = text(
  'up to 200 letters, digits, dashes, dots, underscores and slashes, no slash at its ends',
  /^(?!.*\/\/)[A-Za-z0-9._-](?:[A-Za-z0-9._/-]{0,198}[A-Za-z0-9._-])?$/,
)

const region = text('the name of a region such as eu-central-1', /^[A-Za-z0-9-]{1,63}$/)

/** Rows of the table of settings. */
export const s3Rows = {
  'files.s3.bucket': row<string | undefined>(
    bucket,
    undefined,
    'The bucket for uploaded files, in an S3-compatible storage, instead of a folder. It must be there. Nodes that share a store share it too.',
    { without: 'files are kept in a folder' },
  ),
  'files.s3.prefix': row<string | undefined>(
    prefix,
    undefined,
    'What the keys of all objects begin with, where the bucket holds something else too.',
  ),
  'files.s3.region': row<string | undefined>(region, undefined, 'The region of the bucket.', {
    without: '`AWS_REGION`; else, with an endpoint, `us-east-1`',
  }),
  'files.s3.endpoint': row<string | undefined>(baseUrl('https://s3.example.org'), undefined, 'Where the storage is.', {
    without: "Amazon's in the region",
  }),
  'files.s3.pathStyle': row(
    onOrOff,
    false,
    'Whether the bucket stands in the path of addresses, and not before the host.',
    { without: 'on, where an endpoint is given' },
  ),
  'files.s3.accessKeyId': row<string | undefined>(secret(), undefined, 'The id of the key that opens the bucket.', {
    without: '`AWS_ACCESS_KEY_ID`, with `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`',
  }),
  'files.s3.secretAccessKey': row<string | undefined>(secret(), undefined, 'The key that goes with the id.', {
    without: 'as for the id',
  }),
  'files.s3.sessionToken': row<string | undefined>(
    secret('up to 8,192 printable characters without spaces', /^[\x21-\x7e]{1,8192}$/),
    undefined,
    'What goes with a key that is good for a while only. A new one takes a restart.',
  ),
  'files.s3.timeoutMs': row(
    duration('ms', { max: 60_000 }),
    2_000,
    'How long the storage may take for an answer. For one that carries a file, five times as long.',
  ),
} as const

type S3Values = ValuesOf<typeof s3Rows>
type Path = keyof S3Values

/** What follows from the environment and from other settings, unless somebody says otherwise. */
export function impliedS3(
  found: Readonly<Record<Path, Found>>,
  given: S3Values,
  environment: Environment,
): Partial<S3Values> {
  if (given['files.s3.bucket'] === undefined) return {}
  const at = given['files.s3.region'] ?? named(environment, 'AWS_REGION')
  const endpoint = given['files.s3.endpoint']
  const isSaid = (path: Path) => found[path].origin !== 'default' || found[path].isWrong === true
  // A key and its id come from one place: half of one with half of another opens nothing.
  const keys: Partial<S3Values> =
    isSaid('files.s3.accessKeyId') || isSaid('files.s3.secretAccessKey')
      ? {}
      : {
          'files.s3.accessKeyId': named(environment, 'AWS_ACCESS_KEY_ID'),
          'files.s3.secretAccessKey': named(environment, 'AWS_SECRET_ACCESS_KEY'),
          'files.s3.sessionToken': given['files.s3.sessionToken'] ?? named(environment, 'AWS_SESSION_TOKEN'),
        }
  return {
    ...keys,
    'files.s3.region': at ?? (endpoint === undefined ? undefined : 'us-east-1'),
    'files.s3.endpoint': endpoint ?? (at === undefined ? undefined : amazon(at)),
    'files.s3.pathStyle': isSaid('files.s3.pathStyle') ? given['files.s3.pathStyle'] : endpoint !== undefined,
  }
}

const named = (environment: Environment, name: string): string | undefined => environment[name] || undefined

const amazon = (at: string): string => `https://s3.${at}.amazonaws.com${/^cn-/.test(at) ? '.cn' : ''}`

/** Says what is missing, and what does not go together. */
export function checkS3(
  found: Readonly<Record<Path, Found>>,
  values: S3Values & { readonly 'store.kind': string; readonly 'files.path': string | undefined },
  refuse: (path: Path | 'files.path', message: string, because?: Path) => void,
): void {
  const paths = Object.keys(s3Rows) as Path[]
  if (values['files.s3.bucket'] === undefined) {
    if (found['files.s3.bucket'].isWrong) return
    for (const path of paths.filter(one => found[one].origin !== 'default')) refuse(path, 'goes with a files.s3.bucket')
    return
  }
  if (values['store.kind'] === 'memory')
    refuse('files.s3.bucket', 'goes with a store that is kept, not with one in memory')
  if (values['files.path'] !== undefined)
    refuse('files.path', 'goes without a files.s3.bucket: files are kept in one place')
  const need = (path: Path, message: string) => {
    if (values[path] === undefined && !found[path].isWrong) refuse(path, message, 'files.s3.bucket')
  }
  need(
    'files.s3.region',
    'is needed for Amazon’s own storage: give it, or AWS_REGION; or the files.s3.endpoint of another',
  )
  need('files.s3.accessKeyId', 'is needed to open the bucket: give it, or AWS_ACCESS_KEY_ID')
  need('files.s3.secretAccessKey', 'is needed to open the bucket: give it, or AWS_SECRET_ACCESS_KEY')
}

/** Whether files go through a network in clear. */
export function isS3Open({ 'files.s3.bucket': name, 'files.s3.endpoint': endpoint }: S3Values): boolean {
  if (name === undefined || endpoint === undefined) return false
  const { protocol, hostname } = new URL(endpoint)
  return protocol === 'http:' && !isLoopback(hostname)
}
