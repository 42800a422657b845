/**
 * Dialogs: the browser's own, which keep the focus in and give it back, and close with Escape.
 */
import { ApiError } from '../api.ts'
import { type ComponentChildren, useId, useLayoutEffect, useRef, useState } from '../ui.ts'

/** A dialog, open as long as it is drawn. `onClose` is told however it was closed. */
export function Dialog({
  title,
  onClose,
  children,
  wide = false,
}: {
  readonly title: string
  onClose(): void
  readonly children: ComponentChildren
  readonly wide?: boolean
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useId()
  const isOver = useRef(false)
  useLayoutEffect(() => {
    const before = document.activeElement
    const shown = dialog.current
    shown?.showModal()
    return () => {
      // Its closing is told of later, when another dialog may have taken its place.
      isOver.current = true
      shown?.close()
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  return (
    <dialog
      ref={dialog}
      class={wide ? 'dialog wide' : 'dialog'}
      aria-labelledby={heading}
      onClose={() => isOver.current || onClose()}
    >
      <h2 id={heading}>{title}</h2>
      {children}
    </dialog>
  )
}

/**
 * Asks before something is done that can't be undone. The title names what it is done to; *Cancel* has the focus, so
 * that Enter harms nobody.
 *
 * @param act does it; what it throws is shown, and the dialog stays
 */
export function Confirm({
  title,
  verb,
  act,
  onClose,
  children,
}: {
  readonly title: string
  readonly verb: string
  act(): Promise<unknown>
  onClose(): void
  readonly children: ComponentChildren
}) {
  const { run, isRunning, failure } = useAct(act, onClose)
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      <Failure of={failure} />
      <footer class="row end">
        <button type="button" class="button" autofocus onClick={onClose}>
          Cancel
        </button>
        <button type="button" class="button danger" disabled={isRunning} onClick={run}>
          {verb}
        </button>
      </footer>
    </Dialog>
  )
}

/** Something that is done on a click, once at a time, and may fail. */
export function useAct<Result>(
  act: () => Promise<Result>,
  done?: (result: Result) => void,
): { readonly run: () => void; readonly isRunning: boolean; readonly failure: ApiError | undefined } {
  const [isRunning, setRunning] = useState(false)
  const [failure, setFailure] = useState<ApiError | undefined>(undefined)
  const run = () => {
    if (isRunning) return
    setRunning(true)
    setFailure(undefined)
    act()
      .then(done, error => setFailure(asApiError(error)))
      .finally(() => setRunning(false))
  }
  return { run, isRunning, failure }
}

/** Whatever was thrown, in the form it is shown in. */
export const asApiError = (error: unknown): ApiError =>
  error instanceof ApiError
    ? error
    : new ApiError('Unexpected', 0, error instanceof Error ? error.message : String(error))

/** A failure beside what failed: told once to those who listen. */
export function Failure({ of: failure }: { readonly of: ApiError | undefined }) {
  return failure === undefined ? null : (
    <p role="alert" class="failure">
      {failure.message} <code>{failure.code}</code>
    </p>
  )
}
