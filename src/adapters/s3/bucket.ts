/**
 * One bucket of an S3-compatible service: the four calls that files need, each with an end to its waiting. Only the
 * address it is given is called: a redirect is a failure.
 */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import { ProtocolError } from '../../protocol/errors.ts'

/** Where a bucket is, and who opens it. */
export type BucketOptions = {
  readonly bucket: string
  readonly region: string
  /** An http or https address without query. */
  readonly endpoint: string
  /** Whether the bucket stands in the path of the address, and not before its host. */
  readonly pathStyle: boolean
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Goes with keys that are good for a while only. */
  readonly sessionToken?: string | undefined
  /** How long a call may take that carries few bytes, or until its answer begins; tries together: milliseconds. */
  readonly timeoutMs: number
}

/** An object as a listing tells of it. */
export type Listed = { readonly key: string; readonly size: number }

/**
 * How long a connection may take to be made, where a call may take longer: milliseconds. One that is refused is known at
 * once; a storage that is busy may need longer than one that is far away.
 */
const connectMs = 1_500

/** How often a call is tried in all. What is tried twice is done once: keys are never used for something else. */
const triesMax = 3

/** How much longer a call may take that carries a file. */
const bytesFactor = 5

/** Connections to the service at once. Calls beyond it wait for one. */
const connectionsMax = 64

/** A bucket. Disposing of it closes its connections. */
export class Bucket implements Disposable {
  readonly #client: S3Client
  readonly #bucket: string
  readonly #timeoutMs: number
  readonly #pageMax: number

  /** @param pageMax keys in one page of a listing */
  constructor({ bucket, region, endpoint, pathStyle, timeoutMs, ...keys }: BucketOptions, pageMax = 1_000) {
    this.#pageMax = pageMax
    this.#bucket = bucket
    this.#timeoutMs = timeoutMs
    const { accessKeyId, secretAccessKey, sessionToken } = keys
    this.#client = new S3Client({
      region,
      endpoint,
      forcePathStyle: pathStyle,
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
      maxAttempts: triesMax,
      retryMode: 'standard',
      requestHandler: {
        connectionTimeout: Math.min(connectMs, timeoutMs),
        httpAgent: { keepAlive: true, maxSockets: connectionsMax },
        httpsAgent: { keepAlive: true, maxSockets: connectionsMax },
      },
      // Every request's body is signed, which is check enough; not every service knows the newer sums.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      // Some services never answer "100 Continue".
      expectContinueHeader: false,
      followRegionRedirects: false,
      // Said here, so that nobody looks for them in the environment or a home folder.
      defaultsMode: 'standard',
      authSchemePreference: ['sigv4'],
      sigv4aSigningRegionSet: [],
      disableClockSkewCorrection: false,
      useArnRegion: false,
      useDualstackEndpoint: false,
      useFipsEndpoint: false,
      disableMultiregionAccessPoints: true,
      disableS3ExpressSessionAuth: true,
      userAgentAppId: 'landline',
    })
  }

  /** Stores an object: all of it, or nothing. It is durable when this resolves. */
  async put(key: string, bytes: Uint8Array): Promise<void> {
    const command = new PutObjectCommand({
      Bucket: this.#bucket,
      Key: key,
      Body: bytes,
      // Whatever it is: should the bucket be open to others, no browser shows it.
      ContentType: 'application/octet-stream',
    })
    const abortSignal = AbortSignal.timeout(bytes.length === 0 ? this.#timeoutMs : this.#timeoutMs * bytesFactor)
    await called('PutObject', this.#client.send(command, { abortSignal }))
  }

  /** The bytes of an object; undefined if there is none. */
  async get(key: string): Promise<Uint8Array | undefined> {
    const abort = new AbortController()
    const late = () => abort.abort(new DOMException('The answer is late.', 'TimeoutError'))
    let timer = setTimeout(late, this.#timeoutMs)
    try {
      const command = new GetObjectCommand({ Bucket: this.#bucket, Key: key })
      const { Body } = await this.#client.send(command, { abortSignal: abort.signal })
      clearTimeout(timer)
      timer = setTimeout(late, this.#timeoutMs * bytesFactor)
      return (await Body?.transformToByteArray()) ?? new Uint8Array()
    } catch (error) {
      if (isMissing(error)) return undefined
      throw unavailable('GetObject', error)
    } finally {
      clearTimeout(timer)
    }
  }

  /** What keys begin so, in the order of their characters, in pages. */
  async *list(prefix: string): AsyncGenerator<readonly Listed[], undefined, undefined> {
    let from: string | undefined
    do {
      const command = new ListObjectsV2Command({
        Bucket: this.#bucket,
        Prefix: prefix,
        MaxKeys: this.#pageMax,
        ...(from === undefined ? {} : { ContinuationToken: from }),
      })
      const abortSignal = AbortSignal.timeout(this.#timeoutMs)
      const page = await called('ListObjectsV2', this.#client.send(command, { abortSignal }))
      yield (page.Contents ?? []).flatMap(({ Key, Size }) => (Key === undefined ? [] : [{ key: Key, size: Size ?? 0 }]))
      from = page.IsTruncated === true ? page.NextContinuationToken : undefined
    } while (from !== undefined)
  }

  /** Removes an object, if it is there. */
  async remove(key: string): Promise<void> {
    const command = new DeleteObjectCommand({ Bucket: this.#bucket, Key: key })
    try {
      await this.#client.send(command, { abortSignal: AbortSignal.timeout(this.#timeoutMs) })
    } catch (error) {
      if (!isMissing(error)) throw unavailable('DeleteObject', error)
    }
  }

  [Symbol.dispose](): void {
    this.#client.destroy()
  }
}

async function called<Answer>(operation: string, answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer
  } catch (error) {
    throw unavailable(operation, error)
  }
}

/** A bucket that is missing is something else, and nobody is to take it for a file that is gone. */
const isMissing = (error: unknown): boolean => error instanceof S3ServiceException && error.name === 'NoSuchKey'

/**
 * What the caller hears, and in its cause what the operator does: not what the library throws, which holds what was
 * signed, and parts of the answer.
 */
function unavailable(operation: string, error: unknown): ProtocolError {
  const { name, code } = Object.assign({ name: 'Error', code: undefined }, error) as { name: string; code?: unknown }
  const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined
  const what =
    status === undefined
      ? `could not be done (${typeof code === 'string' ? code : name})`
      : `was answered ${status} (${name})`
  const cause = new Error(`${operation} ${what} by the storage of files.`)
  return new ProtocolError('Unavailable', 'The service cannot reach its files now.', { cause })
}
