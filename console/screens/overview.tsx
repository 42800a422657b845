/**
 * The overview: how much passes, how fast the bots are, what is wrong, and what passes just now.
 */
import type { StatsPoint } from '../../src/protocol/admin-live.ts'
import { useAbout, useNothingYet, useTitle } from '../about.ts'
import { api } from '../api.ts'
import { useCell } from '../cell.ts'
import { live, useLive } from '../live.ts'
import { NewConversation } from '../parts/new-conversation.tsx'
import { Show, useLoaded } from '../parts/states.tsx'
import { duration, durationParts } from '../parts/time.tsx'
import { useProblems } from '../problems.ts'
import { href } from '../route.ts'
import { useEffect, useRef } from '../ui.ts'
import { FirstSteps } from './connect/first-steps.tsx'
import { Attention } from './overview/attention.tsx'
import { Chart } from './overview/chart.tsx'
import { LiveList } from './overview/live-list.tsx'
import { added, type Figures, figuresOf, isQuiet, isTorn, pointsOf, rate, windowSeconds } from './overview/series.ts'

/** The screen. */
export function Overview() {
  useTitle('Overview')
  const hasNothing = useNothingYet()
  const load = () => (hasNothing ? Promise.resolve([]) : api.series(windowSeconds).then(pointsOf))
  // What the socket has told of the seconds after those that were read stays.
  const series = useLoaded<readonly StatsPoint[]>('series', load, added)
  const problems = useProblems()
  const { value, put, again } = series
  const socket = useCell(live.state)
  // The first second that is told is what has the rest read: without a socket nothing is told.
  useEffect(() => {
    if (socket === 'reconnecting' && value?.length === 0) again()
  }, [socket])
  useLive(
    'stats',
    {},
    {
      events: newer => {
        if (value === undefined) return
        put(added(value, newer))
        if (isTorn(value, newer)) again()
      },
    },
  )
  return (
    <>
      <header class="title">
        <h1>Overview</h1>
        <NewConversation />
      </header>
      <Show what="the figures" loaded={series}>
        {points => (
          <>
            <FigureStrip figures={figuresOf(points)} />
            <Charts points={points} />
          </>
        )}
      </Show>
      <div class="halves">
        <Attention problems={problems} />
        <LiveList />
      </div>
    </>
  )
}

function FigureStrip({ figures }: { readonly figures: Figures }) {
  const ms = (value: number | null) => (value === null ? ['–', ''] : Object.values(durationParts(value)))
  const all: readonly (readonly [name: string, number: string, unit: string])[] = [
    ['Messages in', rate(figures.in), '/s'],
    ['Messages out', rate(figures.out), '/s'],
    ['Bot p50', ms(figures.p50)[0] ?? '', ms(figures.p50)[1] ?? ''],
    ['Bot p99', ms(figures.p99)[0] ?? '', ms(figures.p99)[1] ?? ''],
    ['Open sockets', figures.sockets.toLocaleString('en'), ''],
    ['Failed deliveries', figures.failed.toLocaleString('en'), 'in 3 min'],
  ]
  return (
    <dl class="figures">
      {all.map(([name, number, unit]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {name === 'Failed deliveries' && figures.failed > 0 ? (
              <a href={href(['conversations'], { problem: 'any' })}>{number}</a>
            ) : (
              number
            )}{' '}
            <small>{unit}</small>
          </dd>
        </div>
      ))}
    </dl>
  )
}

/** The charts; or, where nothing has ever passed, what to do to make something pass. */
function Charts({ points }: { readonly points: readonly StatsPoint[] }) {
  const { isUnused } = useAbout()
  // What the service said when the page was loaded holds until something has passed.
  const hasPassed = useRef(false)
  if (!isQuiet(points)) hasPassed.current = true
  if (isUnused && !hasPassed.current) return <FirstSteps />
  const times = points.map(({ t }) => t)
  return (
    <div class="halves charts">
      <Chart
        title="Messages"
        unit="per second"
        times={times}
        seconds={windowSeconds}
        series={[
          { name: 'in', values: points.map(point => point.in) },
          { name: 'out', values: points.map(point => point.out) },
        ]}
        write={rate}
      />
      <Chart
        title="Bot response time"
        unit="ms"
        times={times}
        seconds={windowSeconds}
        series={[
          { name: 'p50', values: points.map(({ p50 }) => p50) },
          { name: 'p99', values: points.map(({ p99 }) => p99) },
        ]}
        write={value => (value === 0 ? '0' : duration(value).replace(' ms', ''))}
      />
    </div>
  )
}
