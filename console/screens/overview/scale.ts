/**
 * From numbers to a drawing: how high an axis is, where its lines are, and the path of a series.
 */

/** One line: a value for each time; null where nothing was measured. */
export type Series = { readonly name: string; readonly values: readonly (number | null)[] }

/** Tops of axes, times a power of ten: each has halves that are round. */
const steps = [1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10]

/** The top of an axis that holds all values: a round number, at least 4. */
export function niceMax(values: readonly (number | null)[]): number {
  const max = values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0)
  if (max <= 4) return 4
  const power = 10 ** Math.floor(Math.log10(max))
  return power * (steps.find(step => step * power >= max) ?? 10)
}

/** Where an axis has lines: bottom, middle, top. */
export const ticks = (max: number): readonly number[] => [0, max / 2, max]

/**
 * The path of a series, broken where nothing was measured.
 *
 * @param floor closes each part down to here, for the area below it
 */
export function path(
  values: Series['values'],
  x: (index: number) => number,
  y: (value: number) => number,
  floor?: number,
): string {
  let drawn = ''
  let from = -1
  values.forEach((value, index) => {
    if (value === null) return
    const isStart = index === 0 || values[index - 1] === null
    if (isStart) from = index
    drawn += `${isStart ? 'M' : 'L'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`
    const isEnd = index === values.length - 1 || values[index + 1] === null
    if (isEnd && floor !== undefined) drawn += `L${x(index).toFixed(1)} ${floor}L${x(from).toFixed(1)} ${floor}Z`
  })
  return drawn
}

/** The points of a series that have no neighbour: as a line they would not be seen. */
export const dots = (values: Series['values']): readonly number[] =>
  values.flatMap((value, index) =>
    value !== null && (values[index - 1] ?? null) === null && (values[index + 1] ?? null) === null ? [index] : [],
  )
