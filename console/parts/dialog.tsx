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
 * What a dialog is filled in for: its fields, why sending them has come to nothing, *Cancel*, and the button that sends
 * them, as Enter in a field does.
 *
 * @param isReady whether it can be sent as it is
 * @param isDangerous whether it can't be undone: *Cancel* has the focus then, so that Enter harms nobody
 */
export function DialogForm({
  verb,
  act,
  onClose,
  children,
  isReady = true,
  isDangerous = false,
}: {
  readonly verb: string
  readonly act: Act
  onClose(): void
  readonly children: ComponentChildren
  readonly isReady?: boolean
  readonly isDangerous?: boolean
}) {
  const submit = (event: Event) => {
    event.preventDefault()
    if (isReady) act.run()
  }
  return (
    <form onSubmit={submit}>
      {children}
      <Failure of={act.failure} />
      <footer class="row end">
        <button type="button" class="button" autofocus={isDangerous} onClick={onClose}>
          Cancel
        </button>
        <button
          type="submit"
          class={isDangerous ? 'button danger' : 'button primary'}
          disabled={act.isRunning || !isReady}
        >
          {verb}
        </button>
      </footer>
    </form>
  )
}

/**
 * Asks before something is done that can't be undone. The title names what it is done to.
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
  const acting = useAct(act, onClose)
  return (
    <Dialog title={title} onClose={onClose}>
      <DialogForm verb={verb} act={acting} onClose={onClose} isDangerous>
        {children}
      </DialogForm>
    </Dialog>
  )
}

/** Something that is done on a click, and how it stands. */
export type Act = { readonly run: () => void; readonly isRunning: boolean; readonly failure: ApiError | undefined }

/** Something that is done on a click, once at a time, and may fail. */
export function useAct<Result>(act: () => Promise<Result>, done?: (result: Result) => void): Act {
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
