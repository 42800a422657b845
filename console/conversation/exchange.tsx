/**
 * What went to the bot and what came back: address, headers, body.
 */
import type { Exchange, Pairs } from '../../src/protocol/admin-conversations.ts'
import { CopyButton } from '../parts/copy.tsx'
import { useMemo } from '../ui.ts'
import { JsonTree } from './json-tree.tsx'

/** What the bot was asked. */
export function RequestTab({ exchange }: { readonly exchange: Exchange }) {
  return (
    <div class="exchange">
      <p class="mono exchange-line">
        POST {exchange.url} <CopyButton text={exchange.url} name="Copy the address" />
      </p>
      <Headers of={exchange.requestHeaders} name="Headers of the request" />
      <Body name="Body of the request" text={exchange.requestBody} isCut={false} />
    </div>
  )
}

/** What the bot answered. */
export function ResponseTab({ exchange }: { readonly exchange: Exchange }) {
  const { status, error, responseHeaders = [], body, bytes, cut } = exchange
  return (
    <div class="exchange">
      <p class="mono exchange-line">{status === undefined ? (error ?? 'There was no answer.') : `HTTP ${status}`}</p>
      {status !== undefined && error !== undefined && <p class="failure">{error}</p>}
      <Headers of={responseHeaders} name="Headers of the answer" />
      {status !== undefined &&
        (bytes === undefined && body === undefined ? (
          <p class="faint">The body has not come to its end.</p>
        ) : (
          <Body name="Body of the answer" text={body} isCut={cut} bytes={bytes} />
        ))}
    </div>
  )
}

function Headers({ of: headers, name }: { readonly of: Pairs; readonly name: string }) {
  if (headers.length === 0) return null
  return (
    <dl class="headers" aria-label={name}>
      {headers.map(([header, value], at) => (
        // Headers of one name may come twice.
        <div key={`${header}-${at}`}>
          <dt>{header}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function Body({
  name,
  text,
  isCut,
  bytes,
}: {
  readonly name: string
  readonly text: string | undefined
  readonly isCut: boolean
  readonly bytes?: number | undefined
}) {
  const value = useMemo(() => jsonIn(text), [text])
  if (text === '' || bytes === 0) return <p class="faint">No body.</p>
  if (text === undefined) {
    return <p class="faint">The body is not kept here. The setting inspect.bodies decides that.</p>
  }
  return (
    <>
      {isCut && (
        <p class="cut">
          Cut here{bytes === undefined ? '' : `: ${bytes.toLocaleString('en')} bytes in all`}. The setting
          inspect.maxBody decides how much is kept.
        </p>
      )}
      {value === undefined ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
        <pre class="json-text" tabIndex={0}>
          {text}
        </pre>
      ) : (
        <JsonTree name={name} value={value} />
      )}
    </>
  )
}

/** The object or list in a text; undefined if it is none. */
function jsonIn(text: string | undefined): unknown {
  if (text === undefined || !/^\s*[[{]/.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    // Cut short, or not JSON: it is shown as it is.
    return undefined
  }
}
