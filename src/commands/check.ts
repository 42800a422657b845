/**
 * A check of a bot: asked for, and told as a person reads it.
 */
import type { CheckReport, CheckStep } from '../protocol/admin-problems.ts'
import { type Output, plain } from './output.ts'
import type { Service } from './service.ts'

/** Checks a bot. @param send whether it is sent an event @throws CommandFailure */
export const checkBot = (service: Service, bot: string, send: boolean): Promise<CheckReport> =>
  service.send('POST', `/bots/${encodeURIComponent(bot)}/check`, { send })

/** What the steps are, for people. */
const stepNames: Readonly<Record<CheckStep['name'], string>> = {
  url: 'the address is one',
  name: 'its name resolves',
  connect: 'somebody listens',
  tls: 'the certificate is good',
  post: 'it takes an event',
  answers: 'its answers reach us',
}

/** The steps, and what is wrong with what to do about it. */
export function checkText({ bot, endpoint, steps, problem }: CheckReport, out: Output): string {
  const width = Math.max(...Object.values(stepNames).map(name => name.length))
  const lines = steps.map(({ name, ok, ms, note }) => {
    const mark = ok === null ? '–' : ok ? out.styled('green', '✓') : out.styled('red', '✗')
    const time = ms === undefined ? '' : `${ms} ms`
    return `  ${mark} ${stepNames[name].padEnd(width)}  ${time.padStart(9)}  ${plain(note)}`.trimEnd()
  })
  const found =
    problem === undefined
      ? [out.styled('green', 'Nothing is wrong.')]
      : [
          `${out.styled('red', problem.code)}: ${plain(problem.text)}`,
          ...(problem.fix === undefined ? [] : [`To do: ${plain(problem.fix.label)}`]),
        ]
  return [`${out.styled('bold', bot)}  ${endpoint}`, ...lines, ...found].join('\n')
}
