/**
 * The name somebody most likely meant.
 */

/** How many letters may be wrong. */
const mistakesMax = 2

/** The known name nearest to one that is not known: by its end, as `port` for `listen.port`, or by a few letters. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const end = new RegExp(`[._]${name.replace(/[^\w]/g, '\\$&')}$`, 'i')
  const [best] = known
    .map(other => ({ other, mistakes: mistakes(name.toLowerCase(), other.toLowerCase()) }))
    .filter(found => found.mistakes <= Math.min(mistakesMax, Math.floor(name.length / 3)))
    .sort((a, b) => a.mistakes - b.mistakes)
  return known.find(other => end.test(other)) ?? best?.other
}

/** Letters that are missing, too many, wrong, or in the place of their neighbour. Counts no further than it matters. */
function mistakes(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > mistakesMax) return Number.POSITIVE_INFINITY
  const rows = [Array.from({ length: b.length + 1 }, (_, at) => at)]
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    const [above = [], before = []] = [rows[i - 1], rows[i - 2]]
    for (let j = 1; j <= b.length; j += 1) {
      const isSame = a[i - 1] === b[j - 1]
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row[j] = Math.min(
        (above[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (above[j - 1] ?? 0) + (isSame ? 0 : 1),
        isSwapped ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    rows.push(row)
  }
  return rows[a.length]?.[b.length] ?? 0
}
