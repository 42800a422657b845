/**
 * The page docs/reference/settings.md, made of the tables.
 */
import { botRows, siteRows } from './bots-table.ts'
import { type Row, type Table, variableOf } from './row.ts'
import { written } from './show.ts'
import { table } from './table.ts'

const isLimit = (path: string) => path.startsWith('limits.')

/** The text of the page. */
export function reference(): string {
  const rows = Object.entries<Row>(table)
  const variable = ({ variable }: Row) => variable
  return [
    introduction,
    '## The service\n',
    ...tableOf(Object.fromEntries(rows.filter(([path]) => !isLimit(path))), variableOf),
    '\n## Limits\n',
    'What each is for, and what a client sees beyond it, is in [limits](limits.md).\n',
    ...tableOf(Object.fromEntries(rows.filter(([path]) => isLimit(path))), variableOf),
    bots,
    ...tableOf(botRows, (_, row) => variable(row)),
    '\n## Sites\n',
    'Each item of a bot’s `sites`. A bot without any has one site.\n',
    ...tableOf(siteRows, (_, row) => variable(row)),
    '',
  ].join('\n')
}

function tableOf(rows: Table, variable: (path: string, row: Row) => string | undefined): readonly string[] {
  return [
    '| Setting | Variable, flag | Takes | Without it | What it does |',
    '| --- | --- | --- | --- | --- |',
    ...Object.entries(rows).map(([path, row]) => {
      const flag = row.flag && `--${row.flag.name}${row.flag.takes === undefined ? '' : ` ${row.flag.takes}`}`
      const names = [variable(path, row), flag].filter(name => name !== undefined).map(code)
      const takes = row.kind.takes + (row.kind.secret && !row.kind.item ? '; a secret' : '')
      const cells = [code(path), names.join(' '), takes, defaultOf(row), row.meaning]
      return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
    }),
  ]
}

function defaultOf({ kind, dev, serve, without }: Row): string {
  if (without !== undefined) return without
  const [one, other] = [shown(kind, dev), shown(kind, serve)]
  return one === other ? one : `${one}; \`serve\`: ${other}`
}

function shown(kind: Row['kind'], value: unknown): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return 'none'
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return code(String(written(kind, value)))
}

const code = (text: string): string => `\`${text}\``

const introduction = `# Settings

Every setting can stand in a file; most can also be given by a variable of the environment, and some by a flag. A flag
wins over a variable, a variable over the file, the file over the default. \`landline config check\` says everything that
is wrong without starting anything, \`landline config show\` what is in effect and where it comes from, \`landline config
init\` writes [a file to start from](../../landline.sample.yaml), and \`landline config schema\` prints a JSON Schema for
editors.

## The file

It is the one named by \`--config F\`; else \`landline.yaml\`, \`landline.yml\` or \`landline.json\` of the folder Landline is
started in; else there is none. It is YAML 1.2, of which JSON is a part, in UTF-8. A dot in the names below is a mapping
in the file: \`listen.port\` is \`port\` below \`listen\`. A name that is no setting is an error, and so is a value that is not
what its setting takes; all of them are told at once, with file, line and column, and nothing is started (exit code 3).

Durations are written \`500ms\`, \`15s\`, \`30m\`, \`24h\` or \`14d\`, sizes \`512B\`, \`16KiB\`, \`4MiB\` or \`1GiB\`. A plain number is
counted in the unit of the setting’s name (\`timeoutMs: 15000\` is \`timeoutMs: 15s\`), or as the table says.

Paths in the file start from the folder of the file; those of flags and variables from the folder Landline is started
in. \`store.path\` may name the database instead of the folder it is in: the database is always called \`landline.db\`, and
the other files of the store lie beside it.

## Secrets

A secret is written as text, as \`{env: NAME}\` to be taken from a variable, or as \`{file: PATH}\` to be taken from a file,
whose last line end is left out. Text in a file that others on the machine can read is warned of. No secret is ever
shown, neither by \`config show\` nor in an error.

## Variables

A variable is called \`LANDLINE_\` and the path in capitals: \`LANDLINE_LISTEN_PORT\`. Every one can also be given with
\`_FILE\` behind it, naming a file that has the value. An empty one says nothing, but for a secret, which can’t be empty.
Lists, and all but a few settings of bots, have no variable. A file called \`.env\` is not read. One that looks like a
setting written wrongly is warned of; others are left alone.
`

const bots = `
## Bots

Each item of \`bots\`. A bot that stands in the file can be changed only there; others are added through the admin API,
and live in the store. Variables and flags tell of one bot: they change the one in the file, or make one, and can’t be
used where the file has several. \`--app ID[:PWD]\` says \`appId\` and \`appPassword\` together.

Bots and sites are read again when the service gets SIGHUP. Everything else takes a restart.
`
