/**
 * News within one process: whoever listens is told at once.
 */
import type { Bus, News } from '../../domain/ports.ts'

/** Tells every listener of a piece of news before `announce` returns, in the order they came. */
export class LocalBus implements Bus {
  readonly #listeners: ((news: News) => void)[] = []
  readonly #failed: ((error: unknown) => void) | undefined

  /** @param failed hears what a listener throws: neither the announcer nor another listener is to suffer from it */
  constructor(failed?: (error: unknown) => void) {
    this.#failed = failed
  }

  announce(news: News): void {
    for (const listener of this.#listeners) {
      try {
        listener(news)
      } catch (error) {
        this.#failed?.(error)
      }
    }
  }

  listen(listener: (news: News) => void): void {
    this.#listeners.push(listener)
  }

  follow(): void {
    // There is nobody else to hear of.
  }

  unfollow(): void {
    // As before.
  }
}
