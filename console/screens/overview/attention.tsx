/**
 * What needs somebody's attention: the problems of bots, each with the one thing to do about it.
 */
import type { Fix, Problem } from '../../../src/protocol/admin-problems.ts'
import { api } from '../../api.ts'
import { Failure, useAct } from '../../parts/dialog.tsx'
import { Pill } from '../../parts/pill.tsx'
import { Ago } from '../../parts/time.tsx'
import { href } from '../../route.ts'

/** The list, or the good news that it is empty. */
export function Attention({ problems }: { readonly problems: readonly Problem[] | undefined }) {
  return (
    <section aria-labelledby="attention">
      <header class="section-head">
        <h2 id="attention">Needs attention</h2>
      </header>
      {problems?.length === 0 && (
        <p class="calm">
          <Pill tone="good">Nothing: every bot answers as it should</Pill>
        </p>
      )}
      <ul class="problems">
        {inOrder(problems).map(problem => (
          <li key={`${problem.bot} ${problem.code}`}>
            <ProblemLine problem={problem} />
          </li>
        ))}
      </ul>
    </section>
  )
}

/** The newest trouble first. By when it began: what happens again does not move. */
const inOrder = (problems: readonly Problem[] = []): readonly Problem[] =>
  problems.toSorted((one, other) => other.first.localeCompare(one.first))

function ProblemLine({ problem }: { readonly problem: Problem }) {
  const { bot, code, text, count, last, fix } = problem
  return (
    <>
      <Pill tone="bad">
        <a href={href(['bots', bot])}>{bot}</a>
      </Pill>
      <div>
        <p>{text}</p>
        <p class="faint">
          <code>{code}</code> · {count === 1 ? 'once' : `${count} times`} · <Ago at={last} />
        </p>
      </div>
      {fix !== undefined && <FixAction bot={bot} fix={fix} />}
    </>
  )
}

/** The one thing to do: a page to look at, or a change of the bot that is made at once. */
export function FixAction({ bot, fix, done }: { readonly bot: string; readonly fix: Fix; readonly done?: () => void }) {
  const { patch, label } = fix
  const { run, isRunning, failure } = useAct(
    async () => (patch === undefined ? undefined : await api.changeBot(bot, patch)),
    done,
  )
  if (patch === undefined)
    return fix.href === undefined ? (
      <span class="quiet">{label}</span>
    ) : (
      <a class="button small" href={fix.href}>
        {label}
      </a>
    )
  return (
    <div>
      <button type="button" class="button small" disabled={isRunning} onClick={run}>
        {label}
      </button>
      <Failure of={failure} />
    </div>
  )
}
