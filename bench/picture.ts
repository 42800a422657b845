/**
 * The figures that have a target as a picture: a bar for each, drawn so that the line down the middle is what must be
 * reached, and longer is better whatever is measured.
 */
import type { Figure } from './figures.ts'
import { amount, type Heading } from './table.ts'
import { ratioOf, targetOf, type Verdict, verdictOn } from './targets.ts'

const width = 960
const rowHeight = 26
const top = 64
const barsAt = 470
/** Where what must be reached is. */
const mustAt = 640
const barsEnd = 860

const colours: Readonly<Record<Verdict, string>> = {
  'aim reached': '#2e7d4f',
  'must reached': '#7aa95c',
  missed: '#c0392b',
}

/** The picture as SVG text. */
export function picture({ title, machine }: Heading, figures: readonly Figure[]): string {
  const drawn = figures.filter(figure => verdictOn(figure) !== undefined)
  const height = top + drawn.length * rowHeight + 48
  const end = top + drawn.length * rowHeight
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13">`,
    '<title>What Landline reaches of its targets, a bar for each</title>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    label(16, 26, title, 'font-size="16" font-weight="600"'),
    label(16, 46, machine, 'fill="#666"'),
    ...drawn.flatMap(row),
    `<line x1="${mustAt}" y1="${top - 6}" x2="${mustAt}" y2="${end}" stroke="#333" stroke-dasharray="4 3"/>`,
    label(
      mustAt,
      end + 18,
      'what must be reached; ◇ what is aimed for; longer is better',
      'text-anchor="middle" fill="#666"',
    ),
    '</svg>',
    '',
  ].join('\n')
}

function row(figure: Figure, at: number): string[] {
  const target = targetOf(figure)
  const verdict = verdictOn(figure)
  if (target === undefined || verdict === undefined) return []
  const judged = (target.of === 'ratio' ? ratioOf(figure) : figure.value) ?? Number.NaN
  const y = top + at * rowHeight
  // How far towards the bar, as a part of it: twice as fast is twice as long, and so is half the time.
  const reach = (value: number) =>
    target.better === 'more' ? value / target.must : target.must / Math.max(value, 1e-9)
  const x = (value: number) => Math.min(barsEnd, barsAt + reach(value) * (mustAt - barsAt))
  const aim = x(target.aim)
  const middle = y + rowHeight / 2
  return [
    label(barsAt - 10, middle + 4, figure.what, 'text-anchor="end"'),
    `<rect x="${barsAt}" y="${y + 4}" width="${Math.max(2, x(judged) - barsAt).toFixed(1)}" height="${rowHeight - 9}" rx="2" fill="${colours[verdict]}"/>`,
    `<path d="M ${aim.toFixed(1)} ${middle - 5.5} l 5 5 l -5 5 l -5 -5 z" fill="#fff" stroke="#333"/>`,
    label(barsEnd + 12, middle + 4, target.of === 'ratio' ? `${judged.toFixed(2)} ×` : amount(judged, figure.unit), ''),
  ]
}

const label = (x: number, y: number, text: string, attributes: string): string =>
  `<text x="${x}" y="${y}" ${attributes}>${text.replace(/&/g, '&amp;').replace(/</g, '&lt;')}</text>`
