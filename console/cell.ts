/**
 * A value that several components look at, and that is changed from outside of them.
 */
import { useLayoutEffect, useState } from './ui.ts'

/** Holds a value and tells whoever watches when it has become another. */
export class Cell<Value> {
  #value: Value
  readonly #watchers = new Set<() => void>()

  constructor(value: Value) {
    this.#value = value
  }

  get value(): Value {
    return this.#value
  }

  /** Changes the value; the same one again is no change. */
  set(value: Value): void {
    if (Object.is(value, this.#value)) return
    this.#value = value
    for (const watcher of [...this.#watchers]) watcher()
  }

  /** Calls `watcher` after each change. Returns what ends that. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }
}

/** The value of a cell, in a component: it is drawn again with each change. */
export function useCell<Value>(cell: Cell<Value>): Value {
  const [value, setValue] = useState(cell.value)
  useLayoutEffect(() => {
    const look = () => setValue(() => cell.value)
    // It may have changed between drawing and now.
    look()
    return cell.watch(look)
  }, [cell])
  return value
}
