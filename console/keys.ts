/**
 * Single keys that do something, wherever the page is: not in fields, not with a modifier, and not when somebody has
 * switched them off.
 */
import { keysAre } from './preferences.ts'
import { useEffect, useRef } from './ui.ts'

/** What a key does. A combination is written with a space between: `g o`. */
export type Keys = Readonly<Record<string, (event: KeyboardEvent) => void>>

/** How long after its first key a combination is given up: milliseconds. */
const combinationMs = 1_500

const layers: { current: Keys }[] = []
let first = ''
let since = 0

addEventListener('keydown', event => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
  if (event.key !== 'Escape' && (keysAre.value === 'off' || isField(event.target))) return
  // A dialog is a world of its own.
  if (document.querySelector('dialog[open]') !== null) return
  const isSecond = first !== '' && event.timeStamp - since < combinationMs
  const pressed = isSecond ? `${first} ${event.key}` : event.key
  first = ''
  const action = actionOf(pressed)
  if (action !== undefined) {
    event.preventDefault()
    action(event)
  } else if (
    !isSecond &&
    layers.some(({ current }) => Object.keys(current).some(key => key.startsWith(`${pressed} `)))
  ) {
    first = pressed
    since = event.timeStamp
  }
})

/** The newest layer that knows the key: a screen before the shell. */
const actionOf = (pressed: string) => layers.findLast(({ current }) => pressed in current)?.current[pressed]

function isField(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  )
}

/** Keys that do something while a component is there. */
export function useKeys(keys: Keys): void {
  const layer = useRef(keys)
  layer.current = keys
  useEffect(() => {
    layers.push(layer)
    return () => {
      layers.splice(layers.indexOf(layer), 1)
    }
  }, [])
}
