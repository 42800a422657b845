/**
 * A state in a word, with a mark of its own shape for each kind, so that nobody has to tell colours apart.
 */
import type { ComponentChildren } from '../ui.ts'

/** What a state means to whoever looks. */
export type Tone = 'good' | 'bad' | 'warn' | 'quiet' | 'accent'

/** A state: a mark and a word. */
export function Pill({
  tone,
  title,
  children,
}: {
  readonly tone: Tone
  readonly title?: string | undefined
  readonly children: ComponentChildren
}) {
  return (
    <span class={`pill pill-${tone}`} {...(title === undefined ? {} : { title })}>
      {children}
    </span>
  )
}
