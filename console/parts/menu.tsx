/**
 * A button with a list of things to do below it.
 */
import { type ComponentChildren, useEffect, useId, useRef, useState } from '../ui.ts'

/** One thing to do. */
export type MenuItem = {
  readonly name: string
  act(): void
  readonly danger?: boolean
  readonly disabled?: boolean
}

/** The button and its list. Arrow keys go through the list, Escape closes it. */
export function Menu({
  label,
  name,
  items,
}: {
  /** What the button shows. */
  readonly label: ComponentChildren
  /** What it is called, where it shows no word. */
  readonly name?: string
  readonly items: readonly MenuItem[]
}) {
  const [isOpen, setOpen] = useState(false)
  const id = useId()
  const place = useRef<HTMLDivElement>(null)
  const entries = () => [...(place.current?.querySelectorAll<HTMLElement>('[role=menuitem]:not(:disabled)') ?? [])]
  const close = () => {
    setOpen(false)
    place.current?.querySelector('button')?.focus()
  }
  useEffect(() => {
    if (!isOpen) return undefined
    entries()[0]?.focus()
    const onDown = (event: Event) => {
      if (event.target instanceof Node && !place.current?.contains(event.target)) setOpen(false)
    }
    addEventListener('pointerdown', onDown)
    return () => removeEventListener('pointerdown', onDown)
  }, [isOpen])
  const onKeyDown = (event: KeyboardEvent) => {
    if (!isOpen) return
    if (event.key === 'Escape') {
      event.preventDefault()
      close()
      return
    }
    if (event.key === 'Tab') setOpen(false)
    const all = entries()
    const at = all.indexOf(document.activeElement as HTMLElement)
    const to = { ArrowDown: (at + 1) % all.length, ArrowUp: at - 1, Home: 0, End: -1 }[event.key]
    if (to === undefined) return
    event.preventDefault()
    all.at(to)?.focus()
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the button and the list inside it
    <div class="menu" ref={place} onKeyDown={onKeyDown}>
      <button
        type="button"
        class="button"
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={id}
        {...(name === undefined ? {} : { 'aria-label': name })}
        onClick={() => setOpen(!isOpen)}
      >
        {label}
      </button>
      <div role="menu" id={id} class="menu-list" hidden={!isOpen}>
        {items.map(item => (
          <button
            key={item.name}
            type="button"
            role="menuitem"
            tabIndex={-1}
            class={item.danger === true ? 'danger' : ''}
            disabled={item.disabled === true}
            onClick={() => {
              close()
              item.act()
            }}
          >
            {item.name}
          </button>
        ))}
      </div>
    </div>
  )
}
