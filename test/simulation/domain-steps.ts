/**
 * Random histories of a whole service without its walls: what people, windows and bots do, what becomes of the news,
 * what the store does, and when the process dies.
 */
import fc from 'fast-check'

const step = fc.oneof(
  // A person says the next thing, or the same again if it has not been acknowledged.
  { weight: 8, arbitrary: fc.record({ do: fc.constant('say' as const), person: fc.nat(3) }) },
  // The bot ends a turn, having replied so many times; or does not answer.
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('turn' as const),
      which: fc.nat(5),
      end: fc.constantFrom('accept', 'accept', 'accept', 'refuse', 'never'),
      replies: fc.nat(2),
      twice: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('window' as const),
      window: fc.nat(3),
      act: fc.constantFrom('open', 'open', 'cut', 'drain', 'drain', 'poll'),
      stallsAfter: fc.integer({ min: 1, max: 6 }),
    }),
  },
  // News that was held comes, a read that was slow is answered.
  { weight: 4, arbitrary: fc.record({ do: fc.constant('news' as const), which: fc.nat(5) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('read' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('time' as const), ms: fc.constantFrom(100, 1_000, 5_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('jump' as const), ms: fc.constantFrom(-600_000, -1, 600_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
)

/** What happens to each piece of news, over and over in this order. */
const news = fc.constantFrom('now', 'now', 'late', 'twice', 'bare', 'never')

/** What becomes of each append: kept; refused; or kept, although whoever asked is told that it was not. */
const append = fc.constantFrom('kept', 'kept', 'kept', 'kept', 'refused', 'unsaid')

const history = (newsModes: fc.Arbitrary<NewsMode>, appendModes: fc.Arbitrary<AppendMode>) =>
  fc.record({
    steps: fc.array(step, { maxLength: 40, size: 'max' }),
    news: fc.array(newsModes, { minLength: 1, maxLength: 7 }),
    appends: fc.array(appendModes, { minLength: 1, maxLength: 7 }),
    slowReads: fc.boolean(),
  })

/** How a piece of news comes. `bare` is without its entry, as from another process. */
export type NewsMode = 'now' | 'late' | 'twice' | 'bare' | 'never'
/** What becomes of an append. */
export type AppendMode = 'kept' | 'refused' | 'unsaid'
/** One step. */
export type DomainStep = typeof step extends fc.Arbitrary<infer S> ? S : never
/** A history. */
export type DomainHistory = {
  readonly steps: readonly DomainStep[]
  readonly news: readonly NewsMode[]
  readonly appends: readonly AppendMode[]
  readonly slowReads: boolean
}

/** Everything goes wrong: news is lost, and the store fails. */
export const wildHistory: fc.Arbitrary<DomainHistory> = history(news, append)

/**
 * News always comes, however late and in whatever order, and the store works. No sweep has its turn in such a world,
 * and so nothing repairs a wake-up that was lost.
 */
export const calmHistory: fc.Arbitrary<DomainHistory> = history(
  fc.constantFrom('now', 'now', 'late', 'twice', 'bare'),
  fc.constant('kept' as const),
)
