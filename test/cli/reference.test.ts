/**
 * docs/reference/command-line.md says of the commands what they say of themselves.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Command } from 'commander'
import { commandTree } from '../../src/cli.ts'

const text = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

/** The sections of the page by their headings, each with the options in its table and its whole text. */
const sections = new Map(
  text('docs/reference/command-line.md')
    .split(/^##+ /m)
    .map(section => {
      const [heading = '', ...lines] = section.split('\n')
      const options = lines.flatMap(line => /^\| `(--[^`]+)`/.exec(line)?.[1] ?? [])
      return [heading.replaceAll('`', ''), { options, body: lines.join(' ') }] as const
    }),
)

const optionsUnder = (heading: string): readonly string[] => {
  const section = sections.get(heading)
  assert.ok(section, `there is no "${heading}"`)
  return section.options
}

/** Commands that do something, by the words they are called with. */
function leaves(command: Command, before = ''): readonly (readonly [string, Command])[] {
  const words = `${before} ${command.name()}`.trim()
  return command.commands.length === 0 ? [[words, command]] : command.commands.flatMap(inner => leaves(inner, words))
}

const tree = await commandTree({ environment: {}, cwd: '.', version: '0', survivePipe: () => undefined })
const commands = leaves(tree)

test('the page has a section for each command, with its arguments, and for no other', () => {
  const inCode = commands.map(([words, command]) =>
    [words, ...command.registeredArguments.map(one => (one.required ? `<${one.name()}>` : `[${one.name()}]`))].join(
      ' ',
    ),
  )
  const groups = tree.commands.filter(({ commands }) => commands.length > 0).map(group => group.name())
  const inPage = [...sections.keys()].filter(heading => heading.startsWith('landline '))
  assert.deepEqual(
    inPage.filter(heading => !groups.includes(heading.slice('landline '.length))).sort(),
    [...inCode].sort(),
  )
})

test('every section has the options of its command, and the page those of all', () => {
  const common = optionsUnder('Options of every command')
  const service = optionsUnder('Options of commands that talk to a service')
  const settings = optionsUnder('Flags of the settings')
  const inherited: Readonly<Record<string, readonly string[]>> = {
    'landline bot edit': optionsUnder('landline bot add <endpoint>').filter(flags => !flags.startsWith('--id')),
    'landline site edit': optionsUnder('landline site add').filter(flags => !/^--(?:id|bot) /.test(flags)),
  }
  for (const [words, command] of commands) {
    const heading = [...sections.keys()].find(
      one => one === words || one.startsWith(`${words} <`) || one.startsWith(`${words} [`),
    )
    const own = command.options.map(({ flags }) => flags)
    const isIn = (set: readonly string[]) => set.every(flags => own.includes(flags))
    const runsService = /^landline (?:dev|serve)$/.test(words)
    const shared = [
      ...(runsService ? common.filter(flags => flags !== '--json') : common),
      ...(own.includes('--url <url>') ? service : []),
      ...(own.includes('--config <F>') ? settings : []),
    ]
    assert.ok(
      isIn(shared),
      `${words} takes ${shared.filter(flags => !own.includes(flags)).join(', ')} only in the page`,
    )
    assert.deepEqual(
      own.filter(flags => !shared.includes(flags)).sort(),
      [...optionsUnder(heading ?? words), ...(inherited[words] ?? [])].sort(),
      words,
    )
  }
})

test('the page and the help name the same commands', () => {
  const rows = [...text('docs/reference/command-line.md').matchAll(/^\| \[`landline ([\w-]+)`\]/gm)].map(
    ([, name]) => name,
  )
  assert.deepEqual(
    rows,
    tree.commands.map(command => command.name()),
  )
})

test('the README names no option that is not there', () => {
  const known = new Set(commands.flatMap(([, command]) => command.options.map(({ long }) => long)))
  const named = [...text('README.md').matchAll(/(?<![\w-])--[a-z][\w-]*/g)].map(([name]) => name)
  const own = new Set([...known, '--help', '--version', '--'])
  assert.deepEqual(
    named.filter(name => !own.has(name)),
    [],
  )
})
