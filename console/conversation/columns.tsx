/**
 * Three columns with two dividers between them that can be dragged; where there is no room for them, tabs.
 */
import { Tabs } from '../parts/tabs.tsx'
import { type ComponentChildren, type TargetedEvent, useLayoutEffect, useRef, useState } from '../ui.ts'

/** The columns, by what is in them. */
export type Column = 'chat' | 'log' | 'details'

const titles: readonly (readonly [Column, string])[] = [
  ['chat', 'Chat'],
  ['log', 'Log'],
  ['details', 'Details'],
]

/** Below this there are tabs. */
const narrow = matchMedia('(width < 900px)')

/** Whether there is no room for columns. */
export function useNarrow(): boolean {
  const [isNarrow, setNarrow] = useState(narrow.matches)
  useLayoutEffect(() => {
    const look = () => setNarrow(narrow.matches)
    look()
    narrow.addEventListener('change', look)
    return () => narrow.removeEventListener('change', look)
  }, [])
  return isNarrow
}

/** Widths of the outer columns; the log has what is left: pixels. */
type Widths = { readonly chat: number; readonly details: number }

const widest = 900
const least: Widths = { chat: 240, details: 280 }
const usual: Widths = { chat: 320, details: 400 }
/** What the log keeps: pixels. */
const logLeast = 260
/** How far an arrow key moves a divider: pixels. */
const stepPx = 24

const memory = 'landline.columns'

function kept(): Widths {
  try {
    const { chat, details } = JSON.parse(localStorage.getItem(memory) ?? '{}')
    return { chat: bounded('chat', chat), details: bounded('details', details) }
  } catch {
    // Nothing was kept, or nothing can be.
    return usual
  }
}

const bounded = (column: keyof Widths, width: unknown): number =>
  typeof width === 'number' && Number.isFinite(width)
    ? Math.round(Math.min(widest, Math.max(least[column], width)))
    : usual[column]

/** The columns, or the tabs. All three are there either way: a chat goes on while somebody reads the log. */
export function Columns({
  isNarrow,
  chosen,
  onChoose,
  parts,
}: {
  readonly isNarrow: boolean
  /** The tab, where there are tabs. */
  readonly chosen: Column
  onChoose(column: Column): void
  readonly parts: Readonly<Record<Column, ComponentChildren>>
}) {
  const [widths, setWidths] = useState(kept)
  const place = useRef<HTMLDivElement>(null)
  // At once: somebody may reload the page.
  useLayoutEffect(() => {
    try {
      localStorage.setItem(memory, JSON.stringify(widths))
    } catch {
      // They last as long as the page.
    }
  }, [widths])
  const set = (column: keyof Widths, width: number) => {
    const room = (place.current?.clientWidth ?? Number.POSITIVE_INFINITY) - logLeast
    setWidths(before => {
      const other = column === 'chat' ? before.details : before.chat
      return { ...before, [column]: bounded(column, Math.min(width, room - other)) }
    })
  }
  if (isNarrow) {
    return (
      <Tabs label="Parts of the conversation" tabs={titles} chosen={chosen} onChoose={onChoose}>
        {titles.map(([name]) => (
          <div key={name} class={`pane pane-${name}`} hidden={name !== chosen}>
            {parts[name]}
          </div>
        ))}
      </Tabs>
    )
  }
  const { chat, details } = widths
  return (
    <div ref={place} class="three-columns" style={{ gridTemplateColumns: columnsFor(chat, details) }}>
      <section class="pane pane-chat" aria-label="Chat">
        {parts.chat}
      </section>
      <Divider label="Width of the chat" column="chat" width={chat} towards={1} onMove={width => set('chat', width)} />
      <section class="pane pane-log" aria-label="Log">
        {parts.log}
      </section>
      <Divider
        label="Width of the details"
        column="details"
        width={details}
        towards={-1}
        onMove={width => set('details', width)}
      />
      <section class="pane pane-details" aria-label="Details">
        {parts.details}
      </section>
    </div>
  )
}

/** A window that has become smaller takes from the outer columns, and gives it back. */
const columnsFor = (chat: number, details: number) =>
  `minmax(${least.chat}px, ${chat}px) 1px minmax(${logLeast}px, 1fr) 1px minmax(${least.details}px, ${details}px)`

function Divider({
  label,
  column,
  width,
  towards,
  onMove,
}: {
  readonly label: string
  readonly column: keyof Widths
  readonly width: number
  /** 1: its column is on the left of it. */
  readonly towards: 1 | -1
  onMove(width: number): void
}) {
  const from = useRef<{ x: number; width: number } | undefined>(undefined)
  const onKeyDown = (event: TargetedEvent<HTMLDivElement, KeyboardEvent>) => {
    const to = {
      ArrowLeft: width - stepPx * towards,
      ArrowRight: width + stepPx * towards,
      Home: least[column],
      End: widest,
    }[event.key]
    if (to === undefined) return
    event.preventDefault()
    onMove(to)
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a rule can't be moved, this can
    <div
      class="divider"
      role="separator"
      aria-orientation="vertical"
      aria-label={label}
      aria-valuenow={width}
      aria-valuemin={least[column]}
      aria-valuemax={widest}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onPointerDown={event => {
        event.currentTarget.setPointerCapture(event.pointerId)
        from.current = { x: event.clientX, width }
      }}
      onPointerMove={event => {
        if (from.current !== undefined) onMove(from.current.width + (event.clientX - from.current.x) * towards)
      }}
      onPointerUp={() => {
        from.current = undefined
      }}
      onPointerCancel={() => {
        from.current = undefined
      }}
      onDblClick={() => onMove(usual[column])}
    />
  )
}
