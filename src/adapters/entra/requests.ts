/**
 * Requests to Entra: bounded in time and size, and no redirect is followed.
 */
import { isObject, type JsonObject } from '../../protocol/fields.ts'

/** From the request to the last byte of the answer: milliseconds. */
const timeoutMs = 5_000

/** How long an answer may be: bytes. The keys of a tenant are about 20,000. */
const answerBytesMax = 256 * 1024

/** A request that brought no answer which can be read. The message is for people: it names a reason and nothing else. */
export class NoAnswerError extends Error {}

/**
 * Sends a request and reads the answer, a JSON object.
 *
 * @param form what is posted; without it the request is a GET
 * @throws NoAnswerError
 */
export async function ask(
  url: string,
  form?: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly body: JsonObject }> {
  try {
    const response = await fetch(url, {
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
      headers: { accept: 'application/json' },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    })
    const body: unknown = JSON.parse(await boundedText(response))
    if (!isObject(body)) throw new NoAnswerError('it did not answer JSON')
    return { status: response.status, body }
  } catch (cause) {
    if (cause instanceof NoAnswerError) throw cause
    throw new NoAnswerError(reasonOf(cause), { cause })
  }
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > answerBytesMax) throw new NoAnswerError('its answer is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** What `fetch` throws says little; the code of what lies below it says more. */
function reasonOf(thrown: unknown): string {
  if (thrown instanceof SyntaxError) return 'it did not answer JSON'
  if (!(thrown instanceof Error)) return 'it could not be reached'
  if (thrown.name === 'TimeoutError') return 'it was too slow'
  const code = thrown.cause instanceof Error && 'code' in thrown.cause ? String(thrown.cause.code) : ''
  return `it could not be reached${/^\w{1,40}$/.test(code) ? ` (${code})` : ''}`
}
