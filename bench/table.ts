/**
 * The figures as a table, for a terminal and for a document, and as JSON.
 */
import type { Figure } from './figures.ts'
import { ratioOf, type Target, targetOf, verdictOn } from './targets.ts'

/** Where and how it was measured: a sentence or two. */
export type Heading = { readonly title: string; readonly machine: string }

const columns = ['What', 'Landline', 'Baseline', 'Ratio', 'Must', 'Aim', '', 'Note'] as const
/** Columns of figures stand right, so that their points are below each other. */
const right = new Set([1, 2, 3, 4, 5])

/** The table as text. */
export function textTable({ title, machine }: Heading, figures: readonly Figure[]): string {
  const rows = [[...columns], ...figures.map(cells)]
  const widths = columns.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  const lines = rows.map(row =>
    row
      .map((cell, column) =>
        right.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
  const [head = '', ...rest] = lines
  return `${title}\n${machine}\n\n${[head, '-'.repeat(head.length), ...rest].join('\n')}\n`
}

/** The table in Markdown. */
export function markdownTable({ title, machine }: Heading, figures: readonly Figure[]): string {
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`
  const rule = columns.map((_, column) => (right.has(column) ? '---:' : '---'))
  return `${title} ${machine}\n\n${[line(columns), line(rule), ...figures.map(figure => line(cells(figure)))].join('\n')}\n`
}

/** The figures with their targets, for programs. */
export function jsonOf({ title, machine }: Heading, figures: readonly Figure[]): string {
  const rows = figures.map(figure => ({
    ...figure,
    ratio: ratioOf(figure),
    target: targetOf(figure),
    verdict: verdictOn(figure),
  }))
  return `${JSON.stringify({ title, machine, figures: rows }, undefined, 2)}\n`
}

const marks = { 'aim reached': '++', 'must reached': '+', missed: 'MISSED' } as const

function cells(figure: Figure): string[] {
  const target = targetOf(figure)
  const verdict = verdictOn(figure)
  const ratio = ratioOf(figure)
  return [
    figure.what,
    amount(figure.value, figure.unit),
    figure.baseline === undefined ? '' : amount(figure.baseline, figure.unit),
    ratio === undefined ? '' : ratio.toFixed(2),
    target === undefined ? '' : bar(target, target.must, figure),
    target === undefined ? '' : bar(target, target.aim, figure),
    verdict === undefined ? '' : marks[verdict],
    figure.note ?? '',
  ]
}

const bar = ({ better, of }: Target, value: number, { unit }: Figure): string =>
  `${better === 'more' ? '≥' : '≤'} ${of === 'ratio' ? value.toFixed(2) : `${value} ${unit}`}`

/** A figure with its unit: three digits that mean something, whole numbers a second. */
export function amount(value: number, unit: Figure['unit']): string {
  if (Number.isNaN(value)) return 'not measured'
  const digits = unit === '/s' || value >= 100 ? 0 : value >= 10 ? 1 : 2
  return unit === '/s' ? `${value.toFixed(digits)}/s` : `${value.toFixed(digits)} ${unit}`
}
