/**
 * A button that puts a text on the clipboard and says that it has.
 */
import { type ComponentChildren, useEffect, useState } from '../ui.ts'

/** How long a button says what it has done: milliseconds. */
const saidMs = 1_600

/**
 * Copies.
 *
 * @param text what, or how to get it; a failure to get it is told by the button
 * @param name what the button is called, where its word alone would not say what is copied
 */
export function CopyButton({
  text,
  name,
  children = 'Copy',
  class: look = 'button small',
}: {
  readonly text: string | (() => Promise<string> | string)
  readonly name?: string | undefined
  readonly children?: ComponentChildren
  readonly class?: string
}) {
  const [said, setSaid] = useState<'' | 'Copied' | 'Not copied'>('')
  useEffect(() => {
    if (said === '') return undefined
    const timer = setTimeout(() => setSaid(''), saidMs)
    return () => clearTimeout(timer)
  }, [said])
  const copy = async () => {
    try {
      await writeClipboard(typeof text === 'string' ? text : await text())
      setSaid('Copied')
    } catch {
      // The button is where somebody looks now.
      setSaid('Not copied')
    }
  }
  return (
    <button type="button" class={look} onClick={copy} {...(name === undefined ? {} : { 'aria-label': name })}>
      {said === '' ? children : said}
      <span class="unseen" role="status">
        {said}
      </span>
    </button>
  )
}

/** The clipboard is closed to pages that came over plain http from another machine: there the old way still works. */
async function writeClipboard(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text)
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'unseen'
  document.body.append(area)
  area.select()
  const isDone = document.execCommand('copy')
  area.remove()
  if (!isDone) throw new Error('The browser does not copy.')
}
