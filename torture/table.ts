/**
 * The figures as people and programs read them.
 */
import type { Figure, Report } from './world.ts'

/** Whether nothing failed and every bar is met. */
export const isPassed = ({ figures, failures }: Report): boolean =>
  failures.length === 0 && figures.every(({ isMet }) => isMet !== false)

/** One part as a table. */
export function table(name: string, report: Report & { readonly seconds?: number }): string {
  const took = report.seconds === undefined ? '' : ` in ${report.seconds.toFixed(1)} s`
  const width = Math.max(0, ...report.figures.map(figure => figure.name.length))
  return [
    `\n${name}: ${isPassed(report) ? 'clean' : 'FAILED'}${took}`,
    ...report.figures.map(figure => `  ${row(figure, width)}`),
    ...(report.skipped ?? []).map(why => `  not done here: ${why}`),
    ...report.failures.map(failure => `  ! ${failure}`),
    '',
  ].join('\n')
}

/**
 * All parts as JSON.
 *
 * @param repeat the commands that repeat what failed
 */
export const json = (
  seed: number,
  reports: readonly (readonly [string, Report])[],
  repeat: readonly string[],
): string => {
  const passed = reports.every(([, report]) => isPassed(report))
  return `${JSON.stringify({ seed, passed, repeat, parts: Object.fromEntries(reports) }, null, 2)}\n`
}

function row({ name, value, bar, isMet }: Figure, width: number): string {
  const judged = bar === undefined ? '' : `   ${isMet === false ? 'NOT MET: ' : ''}${bar}`
  return `${name.padEnd(width)}  ${String(value).padStart(12)}${judged}`
}
