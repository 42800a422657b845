/**
 * What every screen is before it has anything to show: loading, empty, failed. And the one way a screen reads what it
 * shows.
 */
import { untilReached } from '../again.ts'
import { type ApiError, access } from '../api.ts'
import { useCell } from '../cell.ts'
import { type ComponentChildren, useCallback, useEffect, useRef, useState } from '../ui.ts'
import { asApiError } from './dialog.tsx'

/** What is loaded before this long is shown without a word in between: milliseconds. */
const quietMs = 200

/** What a screen reads. What was read stays while it is read again, and while the service does not answer. */
export type Loaded<Value> = {
  readonly value: Value | undefined
  readonly failure: ApiError | undefined
  /** Reads again. */
  again(): void
  /** Puts another value in its place, which is known to be newer than whatever has been asked for. */
  put(value: Value): void
}

/**
 * Reads something when a component is there, and again whenever the key changes or the service has come back. A service
 * that does not answer is asked again after 0.5 s to 10 s. An answer counts unless a later one is there already: so
 * there is something to see even where answers are slower than what asks for them.
 *
 * @param key names what is read: a value read for another key is not shown
 * @param joined makes one of what was read and what is held, where `put` adds to it; else what was read replaces it
 */
export function useLoaded<Value>(
  key: string,
  load: () => Promise<Value>,
  joined?: (read: Value, held: Value) => Value,
): Loaded<Value> {
  const [state, setState] = useState<{ key: string; value?: Value; failure?: ApiError }>({ key })
  const [round, setRound] = useState(0)
  const newest = useRef({ key, load, joined })
  newest.current = { key, load, joined }
  const asked = useRef(0)
  const answered = useRef(0)
  const tries = useRef(0)
  const isClosed = useCell(access) === 'closed'
  useEffect(() => {
    if (isClosed) return undefined
    let isNewest = true
    asked.current += 1
    const mine = asked.current
    const isLate = () => newest.current.key !== key || mine <= answered.current
    newest.current.load().then(
      value => {
        if (isLate()) return
        answered.current = mine
        tries.current = 0
        const { joined } = newest.current
        setState(({ key: of, value: held }) => {
          const isHeld = joined !== undefined && of === key && held !== undefined
          return { key, value: isHeld ? joined(value, held) : value }
        })
      },
      (error: unknown) => {
        if (isLate()) return
        const failure = asApiError(error)
        setState(before => (before.key === key ? { ...before, failure } : { key, failure }))
        if (failure.status !== 0 || !isNewest) return
        untilReached(tries.current).then(() => {
          if (isNewest) setRound(now => now + 1)
        })
        tries.current += 1
      },
    )
    return () => {
      isNewest = false
    }
  }, [key, round, isClosed])
  const again = useCallback(() => setRound(now => now + 1), [])
  const put = useCallback(
    (value: Value) => {
      if (newest.current.joined === undefined) answered.current = asked.current
      setState({ key, value })
    },
    [key],
  )
  return state.key === key
    ? { value: state.value, failure: state.failure, again, put }
    : { value: undefined, failure: undefined, again, put }
}

/** What is shown of something that is read: a line while it loads, what failed, or the thing itself. */
export function Show<Value>({
  what,
  loaded,
  children,
}: {
  /** Names what is read: `the bots`. */
  readonly what: string
  readonly loaded: Loaded<Value>
  readonly children: (value: Value) => ComponentChildren
}) {
  const { value, failure } = loaded
  if (value !== undefined) return <>{children(value)}</>
  // The bar across the top says that nobody answers, and this is asked for again by itself.
  if (failure === undefined || failure.status === 0) return <Loading what={what} />
  return <Failed what={what} failure={failure} again={loaded.again} />
}

/** Nothing at first; then a line of text. */
export function Loading({ what }: { readonly what: string }) {
  const [isLong, setLong] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), quietMs)
    return () => clearTimeout(timer)
  }, [])
  return isLong ? <p class="loading">Loading {what} …</p> : null
}

/** What failed, why, and the one thing to do about it. */
export function Failed({ what, failure, again }: { readonly what: string; readonly failure: ApiError; again(): void }) {
  return (
    <div class="failed" role="alert">
      <p>
        <strong>Could not load {what}.</strong> {failure.message} <code>{failure.code}</code>
      </p>
      <button type="button" class="button" onClick={again}>
        Try again
      </button>
    </div>
  )
}

/** What would be here, and the one action that fills it. */
export function Empty({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  )
}
