/**
 * A list of any length of which only the rows in sight are drawn. All rows are of one height, so any place in it can
 * be gone to at once. One of them is active: the arrow keys move it, and the focus stays with the list.
 */
import {
  type ComponentChildren,
  type TargetedEvent,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from '../ui.ts'

/** Rows that are drawn at most, those just out of sight among them. */
const rowsMax = 58
/** Rows drawn out of sight on each side, where there is room for them. */
const spareRows = 6

/** How near to its end a list counts as being there: pixels. */
const nearPx = 8

/** One row, as the list draws it. */
export type WindowRow = {
  /** Tells rows apart while they move. */
  readonly key: string
  readonly content: ComponentChildren
  readonly class?: string | undefined
  /** What the row is called, where its content does not say it well. */
  readonly label?: string | undefined
}

/** What can be done to a list from outside. */
export type WindowControl = {
  /** Brings a row into sight. */
  show(index: number, where?: 'nearest' | 'start' | 'end'): void
  focus(): void
}

type Props = {
  readonly label: string
  readonly count: number
  /** Pixels. */
  readonly rowHeight: number
  /** The index of the active row, or -1. */
  readonly active: number
  readonly rowOf: (index: number) => WindowRow
  /** Somebody has moved to a row, or clicked it. */
  onActive(index: number): void
  /** Enter, or a click. `event` tells whether a new tab is wanted. */
  onOpen?(index: number, event: MouseEvent | KeyboardEvent): void
  /** Which rows are in sight, whenever that changes. */
  onRange?(first: number, last: number): void
  /** Whether the list is at its beginning, and at its end, whenever that changes. */
  onPlace?(place: { readonly atStart: boolean; readonly atEnd: boolean }): void
  /** Stays at the end when rows are added, if it is there. Begins there. */
  readonly follows?: boolean
  /** Somebody wants the last row; without it the list goes there itself. */
  onEnd?(): void
  readonly control?: { current: WindowControl | undefined }
}

/** The list. */
export function WindowList(props: Props) {
  const { label, count, rowHeight, active, rowOf, follows = false } = props
  const id = useId()
  const scroller = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ top: 0, height: 0 })
  const wasAtEnd = useRef(follows)
  const newest = useRef(props)
  newest.current = props

  const visible = Math.ceil(view.height / rowHeight) + 1
  const spare = Math.max(0, Math.min(spareRows, Math.floor((rowsMax - visible) / 2)))
  const firstSeen = Math.max(0, Math.min(Math.floor(view.top / rowHeight), count - 1))
  const lastSeen = Math.min(count - 1, firstSeen + Math.min(visible, rowsMax) - 1)
  const first = Math.max(0, firstSeen - spare)
  const last = view.height === 0 ? -1 : Math.min(count - 1, lastSeen + spare)

  const look = () => {
    const at = scroller.current
    if (at === null) return
    const atEnd = at.scrollTop + at.clientHeight >= at.scrollHeight - nearPx
    wasAtEnd.current = atEnd
    setView(before =>
      before.top === at.scrollTop && before.height === at.clientHeight
        ? before
        : { top: at.scrollTop, height: at.clientHeight },
    )
    newest.current.onPlace?.({ atStart: at.scrollTop <= nearPx, atEnd })
  }

  const show = (index: number, where: 'nearest' | 'start' | 'end' = 'nearest') => {
    const at = scroller.current
    if (at === null || index < 0) return
    const [top, bottom] = [index * rowHeight, (index + 1) * rowHeight]
    if (where === 'start' || (where === 'nearest' && top < at.scrollTop)) at.scrollTop = top
    else if (where === 'end' || bottom > at.scrollTop + at.clientHeight) at.scrollTop = bottom - at.clientHeight
    look()
  }
  const { control } = props
  if (control !== undefined) control.current = { show, focus: () => scroller.current?.focus() }

  useLayoutEffect(() => {
    const at = scroller.current
    if (at === null) return undefined
    const settle = () => {
      if (newest.current.follows === true && wasAtEnd.current) at.scrollTop = at.scrollHeight
      look()
    }
    const watcher = new ResizeObserver(settle)
    watcher.observe(at)
    settle()
    return () => watcher.disconnect()
  }, [])
  useLayoutEffect(() => {
    const at = scroller.current
    if (at === null) return
    if (follows && wasAtEnd.current) at.scrollTop = at.scrollHeight
    look()
  }, [count, rowHeight, follows])
  useEffect(() => {
    if (lastSeen >= firstSeen && view.height > 0) newest.current.onRange?.(firstSeen, lastSeen)
  }, [firstSeen, lastSeen, view.height > 0])

  const move = (to: number) => {
    const index = Math.max(0, Math.min(count - 1, to))
    show(index)
    newest.current.onActive(index)
  }
  const onKeyDown = (event: TargetedEvent<HTMLDivElement, KeyboardEvent>) => {
    if (count === 0 || event.ctrlKey || event.metaKey || event.altKey) return
    const page = Math.max(1, Math.floor(view.height / rowHeight) - 1)
    const from = active === -1 ? firstSeen - 1 : active
    const steps: Readonly<Record<string, () => void>> = {
      ArrowDown: () => move(from + 1),
      ArrowUp: () => move(active === -1 ? firstSeen : active - 1),
      PageDown: () => move(Math.max(0, from) + page),
      PageUp: () => move(Math.max(0, from) - page),
      Home: () => move(0),
      End: () => (props.onEnd === undefined ? move(count - 1) : props.onEnd()),
      Enter: () => {
        if (active >= 0) props.onOpen?.(active, event)
      },
    }
    const step = steps[event.key]
    if (step === undefined) return
    event.preventDefault()
    step()
  }
  const onClick = (event: TargetedEvent<HTMLDivElement, MouseEvent>) => {
    const row = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-index]') : null
    if (row === null) return
    const index = Number(row.dataset['index'])
    newest.current.onActive(index)
    newest.current.onOpen?.(index, event)
  }

  const rows = []
  for (let index = first; index <= last; index += 1) {
    const row = rowOf(index)
    rows.push(
      // biome-ignore lint/a11y/useFocusableInteractive: the focus is with the list, which names the active row
      <div
        key={row.key}
        id={`${id}-${index}`}
        role="option"
        class={`window-row${index === active ? ' is-active' : ''}${row.class === undefined ? '' : ` ${row.class}`}`}
        data-index={index}
        aria-selected={index === active}
        aria-posinset={index + 1}
        aria-setsize={count}
        {...(row.label === undefined ? {} : { 'aria-label': row.label })}
        style={{ height: `${rowHeight}px`, transform: `translateY(${index * rowHeight}px)` }}
      >
        {row.content}
      </div>,
    )
  }
  return (
    <div
      ref={scroller}
      class="window-list"
      role="listbox"
      tabIndex={0}
      aria-label={label}
      {...(active >= first && active <= last ? { 'aria-activedescendant': `${id}-${active}` } : {})}
      onScroll={look}
      onKeyDown={onKeyDown}
      onClick={onClick}
    >
      <div role="presentation" style={{ height: `${count * rowHeight}px` }}>
        {rows}
      </div>
    </div>
  )
}
