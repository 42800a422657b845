/**
 * What a browser remembers of the person in front of it: the theme, and whether keys do anything.
 */
import { Cell, useCell } from './cell.ts'
import { useLayoutEffect, useState } from './ui.ts'

/** As the system has it, or as somebody wants it here. */
export type Theme = 'system' | 'light' | 'dark'

const themes: readonly Theme[] = ['system', 'light', 'dark']

/** A value that outlives the page. Where nothing can be kept it lives as long as the page does. */
class Kept<Value extends string> extends Cell<Value> {
  readonly #name: string

  constructor(name: string, values: readonly [Value, ...Value[]]) {
    const found = read(name)
    super(values.find(value => value === found) ?? values[0])
    this.#name = name
  }

  override set(value: Value): void {
    try {
      localStorage.setItem(this.#name, value)
    } catch {
      // Storage is off or full: whoever chose it sees it, this time.
    }
    super.set(value)
  }
}

function read(name: string): string | null {
  try {
    return localStorage.getItem(name)
  } catch {
    // Storage is off.
    return null
  }
}

/** The theme somebody chose. */
export const theme = new Kept<Theme>('landline.theme', ['system', 'light', 'dark'])

/** Whether single keys do anything. */
export const keysAre = new Kept<'on' | 'off'>('landline.keys', ['on', 'off'])

/** The theme after this one, for the button that goes round. */
export const themeAfter = (now: Theme): Theme => themes[(themes.indexOf(now) + 1) % themes.length] ?? 'system'

/** Puts the chosen theme on the page, now and whenever it changes. */
export function wearTheme(): void {
  const wear = () => {
    document.documentElement.dataset['theme'] = theme.value
  }
  wear()
  theme.watch(wear)
}

const darkness = matchMedia('(prefers-color-scheme: dark)')

/** What the theme comes to, in a component. */
export function useLight(): 'light' | 'dark' {
  const chosen = useCell(theme)
  const [isDark, setDark] = useState(darkness.matches)
  useLayoutEffect(() => {
    const look = () => setDark(darkness.matches)
    look()
    darkness.addEventListener('change', look)
    return () => darkness.removeEventListener('change', look)
  }, [])
  if (chosen !== 'system') return chosen
  return isDark ? 'dark' : 'light'
}
