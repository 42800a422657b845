/**
 * What a chart shows, as a table: a row for every ten seconds.
 */
import { shortClock } from '../../parts/time.tsx'
import type { ChartProps } from './chart.tsx'
import type { Series } from './scale.ts'

const rowSeconds = 10

/** The table, newest first. */
export function ChartTable({ title, unit, times, series, write }: Omit<ChartProps, 'seconds'>) {
  const rows = Array.from({ length: Math.ceil(times.length / rowSeconds) }, (_, row) => {
    const to = times.length - row * rowSeconds
    return { from: Math.max(0, to - rowSeconds), to }
  })
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls is scrolled with the keyboard too
    <section class="chart-table" tabIndex={0} aria-label={`${title} as a table`}>
      <table class="table">
        <caption class="unseen">
          {title}, {unit}: the mean of each {rowSeconds} seconds
        </caption>
        <thead>
          <tr>
            <th>From</th>
            {series.map(({ name }) => (
              <th key={name} class="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ from, to }) => (
            <tr key={times[from]}>
              <td>{shortClock((times[from] ?? 0) * 1000)}</td>
              {series.map(({ name, values }) => (
                <td key={name} class="number">
                  {meanText(values.slice(from, to), write)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function meanText(values: Series['values'], write: (value: number) => string): string {
  const known = values.filter(value => value !== null)
  return known.length === 0 ? '–' : write(known.reduce((sum, value) => sum + value, 0) / known.length)
}
