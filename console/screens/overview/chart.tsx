/**
 * A line chart of two series over the last minutes, drawn by hand: axes, two lines, and the values under the pointer.
 */
import { shortClock } from '../../parts/time.tsx'
import { useId, useLayoutEffect, useRef, useState } from '../../ui.ts'
import { dots, niceMax, path, type Series, ticks } from './scale.ts'
import { ChartTable } from './table.tsx'

const height = 168
const edges = { top: 8, right: 8, bottom: 22, left: 40 }

/** What is drawn. */
export type ChartProps = {
  readonly title: string
  /** `per second`, `ms`. */
  readonly unit: string
  /** Seconds since 1970, one for each point. */
  readonly times: readonly number[]
  /** How far the axis reaches back: seconds. */
  readonly seconds: number
  readonly series: readonly [Series, Series]
  /** Writes a value. */
  write(value: number): string
}

/** The chart, its legend with values, and its table. */
export function Chart({ title, unit, times, seconds, series, write }: ChartProps) {
  const [at, setAt] = useState<number | undefined>(undefined)
  const [isTable, setTable] = useState(false)
  const heading = useId()
  const shown = at === undefined ? times.length - 1 : Math.min(at, times.length - 1)
  const time = times[shown]
  return (
    <section class="chart" aria-labelledby={heading}>
      <header>
        <h2 id={heading}>{title}</h2>
        <span class="faint">{unit}</span>
        <p class="legend">
          {at !== undefined && time !== undefined && <span class="faint">{shortClock(time * 1000)}</span>}
          {series.map(({ name, values }, number) => (
            <span key={name} class={`key key-${number}`}>
              {name} <b>{valueText(values[shown], write)}</b>
            </span>
          ))}
        </p>
        <button type="button" class="button small plain" aria-pressed={isTable} onClick={() => setTable(!isTable)}>
          {isTable ? 'Show as chart' : 'Show as table'}
        </button>
      </header>
      {isTable ? (
        <ChartTable title={title} unit={unit} times={times} series={series} write={write} />
      ) : (
        <Lines
          label={sentence(title, unit, series, write)}
          times={times}
          seconds={seconds}
          series={series}
          write={write}
          at={at}
          onPoint={setAt}
        />
      )}
    </section>
  )
}

type LinesProps = Pick<ChartProps, 'times' | 'seconds' | 'series' | 'write'> & {
  readonly label: string
  readonly at: number | undefined
  onPoint(at: number | undefined): void
}

function Lines({ label, times, seconds, series, write, at, onPoint }: LinesProps) {
  const place = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  useLayoutEffect(() => {
    const box = place.current
    if (box === null) return undefined
    const observer = new ResizeObserver(() => setWidth(box.clientWidth))
    observer.observe(box)
    setWidth(box.clientWidth)
    return () => observer.disconnect()
  }, [])
  const max = niceMax(series.flatMap(({ values }) => values))
  const end = times.at(-1) ?? 0
  const inside = { width: Math.max(width - edges.left - edges.right, 1), height: height - edges.top - edges.bottom }
  const x = (index: number) =>
    edges.left + inside.width * (1 - (end - (times[index] ?? end)) / Math.max(seconds - 1, 1))
  const y = (value: number) => edges.top + inside.height * (1 - value / max)
  const point = (event: PointerEvent & { readonly currentTarget: Element }) => {
    const left = event.clientX - event.currentTarget.getBoundingClientRect().left - edges.left
    const second = Math.round((1 - left / inside.width) * (seconds - 1))
    onPoint(Math.max(0, times.length - 1 - Math.max(0, second)))
  }
  return (
    <div ref={place} class="plot">
      {width > 0 && (
        <svg
          role="img"
          aria-label={label}
          width={width}
          height={height}
          onPointerMove={point}
          onPointerLeave={() => onPoint(undefined)}
        >
          {ticks(max).map(value => (
            <g key={value} class="tick">
              <path d={`M${edges.left} ${Math.round(y(value)) + 0.5}H${width - edges.right}`} />
              <text x={edges.left - 8} y={y(value) + 4} text-anchor="end">
                {write(value).replace(/\.0$/, '')}
              </text>
            </g>
          ))}
          {[3, 2, 1, 0].map(minute => (
            <text
              key={minute}
              class="minute"
              x={edges.left + inside.width * (1 - minute / 3)}
              y={height - 5}
              text-anchor={minute === 3 ? 'start' : minute === 0 ? 'end' : 'middle'}
            >
              {minute === 0 ? 'now' : `−${minute} min`}
            </text>
          ))}
          <path class="area" d={path(series[0].values, x, y, y(0))} />
          {[1, 0].map(number => (
            <g key={number} class={`line line-${number}`}>
              <path d={path(series[number]?.values ?? [], x, y)} />
              {dots(series[number]?.values ?? []).map(index => (
                <circle key={times[index]} cx={x(index)} cy={y(series[number]?.values[index] ?? 0)} r="1.75" />
              ))}
            </g>
          ))}
          {at !== undefined && times.length > 0 && (
            <g class="guide">
              <path d={`M${x(at)} ${edges.top}V${edges.top + inside.height}`} />
              {series.map(({ name, values }, number) => {
                const value = values[at]
                return value === null || value === undefined ? null : (
                  <circle key={name} class={`line-${number}`} cx={x(at)} cy={y(value)} r="3.5" />
                )
              })}
            </g>
          )}
        </svg>
      )}
    </div>
  )
}

const valueText = (value: number | null | undefined, write: (value: number) => string): string =>
  value === null || value === undefined ? '–' : write(value)

/** The chart for who does not see it: what it is of, what it says now, and how high it went. */
function sentence(title: string, unit: string, series: ChartProps['series'], write: ChartProps['write']): string {
  const parts = series.map(({ name, values }) => {
    const known = values.filter(value => value !== null)
    if (known.length === 0) return `${name}: nothing`
    const line = `${name}: ${valueText(known.at(-1), write)} now, at most ${write(Math.max(...known))}`
    // What is counted by the second has a sum.
    if (unit !== 'per second') return line
    return `${line}, ${known.reduce((sum, value) => sum + value, 0).toLocaleString('en')} altogether`
  })
  return `${title}, ${unit}, over the last 3 minutes. ${parts.join('; ')}.`
}
