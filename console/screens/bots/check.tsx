/**
 * The check of a bot: how far the way to it leads, step by step, and what to do where it ends.
 */
import type { BotBody } from '../../../src/protocol/admin.ts'
import type { CheckReport, CheckStep } from '../../../src/protocol/admin-problems.ts'
import { api } from '../../api.ts'
import { Failure, useAct } from '../../parts/dialog.tsx'
import { duration } from '../../parts/time.tsx'
import { type ComponentChildren, useEffect, useState } from '../../ui.ts'
import { FixAction } from '../overview/attention.tsx'

/** @param asked how often the button has been pressed; 0: nothing is shown yet */
export function Check({ bot, asked, changed }: { readonly bot: BotBody; readonly asked: number; changed(): void }) {
  const [report, setReport] = useState<CheckReport | undefined>(undefined)
  const done = (found: CheckReport) => {
    setReport(found)
    changed()
  }
  const look = useAct(() => api.checkBot(bot.id, false), done)
  const send = useAct(() => api.checkBot(bot.id, true), done)
  useEffect(() => {
    if (asked > 0) look.run()
  }, [asked])
  if (asked === 0) return null
  const isRunning = look.isRunning || send.isRunning
  return (
    <section class="check" aria-labelledby="check" aria-busy={isRunning}>
      <header class="section-head">
        <h2 id="check">Check</h2>
        <span class="faint" role="status">
          {isRunning ? 'checking …' : report !== undefined && (report.ok ? 'nothing wrong' : 'something is wrong')}
        </span>
      </header>
      <Failure of={look.failure ?? send.failure} />
      {report !== undefined && (
        <>
          <ol class="steps">
            {report.steps.map(step => (
              <Step key={`${step.name} ${step.note}`} step={step}>
                {step.name === 'post' && step.ok === null && (
                  <button type="button" class="button small" disabled={isRunning} onClick={send.run}>
                    Send a test event
                  </button>
                )}
              </Step>
            ))}
          </ol>
          {report.problem !== undefined && (
            <div class="note bad">
              <p>
                {report.problem.text} <code class="faint">{report.problem.code}</code>
              </p>
              {report.problem.fix !== undefined && <FixAction bot={bot.id} fix={report.problem.fix} done={changed} />}
            </div>
          )}
        </>
      )}
    </section>
  )
}

function Step({ step, children }: { readonly step: CheckStep; readonly children: ComponentChildren }) {
  const { ok, ms, note } = step
  const state = ok === null ? 'open' : ok ? 'good' : 'bad'
  const marks = { open: ['–', 'not known'], good: ['✓', 'good'], bad: ['✗', 'wrong'] } as const
  const [mark, word] = marks[state]
  return (
    <li class={`step step-${state}`}>
      <span aria-hidden="true">{mark}</span>
      <span class="unseen">{word}: </span>
      <span class="row">
        {note} {children}
      </span>
      <span class="number faint">{ms === undefined ? '' : duration(ms)}</span>
    </li>
  )
}
