/**
 * Properties of the code itself that neither a compiler nor a formatter sees: who imports whom, that everything
 * introduces itself, and that the documents say what the code says. If a reason given here no longer holds, change the
 * rule in the same commit, and say so.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { failures } from '../src/protocol/errors.ts'
import { landlineNodeArgs } from './support/node-args.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** A file of the house: its path from the top with `/`, and its text. */
type SourceFile = { readonly path: string; readonly text: string }

const text = (path: string): string => readFileSync(join(root, path), 'utf8')

function filesBelow(folder: string, ending: string): SourceFile[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap(entry => {
    const path = posix.join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesBelow(path, ending)
    return entry.name.endsWith(ending) ? [{ path, text: text(path) }] : []
  })
}

const sources = filesBelow('src', '.ts')
const tests = filesBelow('test', '.ts')
const documents = [
  ...filesBelow('docs', '.md'),
  ...readdirSync(root)
    .filter(name => name.endsWith('.md'))
    .map(path => ({ path, text: text(path) })),
]
const document = (path: string): string => {
  assert.ok(existsSync(join(root, path)), `${path} is missing`)
  return text(path)
}

/** Fails with all that was found at once, each with its place, and with the reason for the rule. */
function refuse(found: readonly string[], reason: string): void {
  assert.equal(found.length, 0, `${reason}\n  ${found.join('\n  ')}\n`)
}

const isTest = ({ path }: SourceFile) => path.endsWith('.test.ts')

const names = String.raw`(?:\*(?: as \w+)?|\w+|(?:\w+,\s*)?\{[^}]*\})`
const importPattern = new RegExp(
  String.raw`^(?:(?:import|export)(?: type)?\s+${names}\s+from\s+|import\s+)'([^'\n]+)'|\bimport\(\s*'([^'\n]+)'`,
  'gm',
)

/** What a file imports: paths from the top for the house's own, names for everything else. */
function imports({ path, text }: SourceFile): string[] {
  return [...text.matchAll(importPattern)].map(([, plain, dynamic]) => {
    const specifier = plain ?? dynamic ?? ''
    return specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier
  })
}

const isOwn = (imported: string) => imported.startsWith('src/')
const packageOf = (imported: string) => imported.split('/', imported.startsWith('@') ? 2 : 1).join('/')

/** `src/adapters/sqlite/store.ts` → `src/adapters/sqlite/`; a file at the top of `src` is its own room. */
function roomOf(path: string): string {
  const inTwo = /^src\/(?:adapters|http)\/[^/]+\//.exec(path) ?? /^src\/[^/]+\//.exec(path)
  return inTwo === null ? path : inTwo[0]
}

describe('rooms: knowledge points one way, protocol ← domain ← adapters and http ← app ← commands', () => {
  const house = sources.filter(file => !isTest(file))
  const offences = (within: (path: string) => boolean, isAllowed: (imported: string, from: string) => boolean) =>
    house
      .filter(file => within(file.path))
      .flatMap(file =>
        imports(file)
          .filter(imported => !isAllowed(imported, file.path))
          .map(imported => `${file.path} imports ${imported}`),
      )

  it('finds the imports it judges', () => {
    const all = house.flatMap(imports)
    assert.ok(all.length > 100 && all.some(isOwn) && all.some(imported => imported.startsWith('node:')))
    const sample = [
      "import { a,\n  type b } from './x.ts'",
      "export { c } from '../y.ts'",
      "export type D = 'from'",
      "const e = await import('undici')",
      "import type F from 'ws'",
      "import g, { h } from 'pino'",
      "import 'node:fs'",
      "// import { i } from 'elsewhere'",
    ]
    assert.deepEqual(imports({ path: 'src/http/z.ts', text: sample.join('\n') }), [
      'src/http/x.ts',
      'src/y.ts',
      'undici',
      'ws',
      'pino',
      'node:fs',
    ])
  })

  it('protocol and domain are pure', () => {
    refuse(
      [
        ...offences(
          path => path.startsWith('src/protocol/'),
          imported => imported.startsWith('src/protocol/'),
        ),
        ...offences(
          path => path.startsWith('src/domain/'),
          imported => /^src\/(?:protocol|domain)\//.test(imported),
        ),
      ],
      'What is said and what happens to it must not know how anything is done: no package, no part of Node, no room further out. Ask for it as a port in src/domain/ports.ts.',
    )
  })

  it('an adapter knows the ports, the protocol and one driver', () => {
    const isOutside = (imported: string, from: string) =>
      !isOwn(imported) ||
      roomOf(imported) === roomOf(from) ||
      imported.startsWith('src/protocol/') ||
      /^src\/domain\/(?:[\w-]+-)?ports?\.ts$/.test(imported)
    refuse(
      offences(path => path.startsWith('src/adapters/'), isOutside),
      'An adapter can be replaced only as long as nothing but its port is known on both sides. What two adapters share belongs in domain or protocol.',
    )
    const rooms = Map.groupBy(
      house.filter(({ path }) => path.startsWith('src/adapters/')),
      ({ path }) => roomOf(path),
    )
    const drivers = [...rooms].map(([room, files]) => {
      const packages = files.flatMap(imports).filter(imported => !isOwn(imported) && !imported.startsWith('node:'))
      return { room, names: [...new Set(packages.map(packageOf))] }
    })
    refuse(
      drivers.filter(({ names }) => names.length > 1).map(({ room, names }) => `${room} uses ${names.join(' and ')}`),
      'An adapter is the only place that knows its driver, and knows no other.',
    )
  })

  it('a surface knows the domain, the protocol and what lies in http itself', () => {
    const isInside = (imported: string, from: string) =>
      !isOwn(imported) ||
      /^src\/(?:protocol|domain)\//.test(imported) ||
      /^src\/http\/[^/]+$/.test(imported) ||
      roomOf(imported) === roomOf(from)
    refuse(
      offences(path => path.startsWith('src/http/') && path !== 'src/http/server.ts', isInside),
      'Surfaces never import each other, nor adapters: what they share belongs in http, domain or protocol. Only server.ts, which mounts them, sees them all.',
    )
    refuse(
      offences(
        path => path === 'src/http/server.ts',
        imported => !isOwn(imported) || /^src\/(?:protocol|domain|http)\//.test(imported),
      ),
      'The server knows surfaces, not adapters: those come in through ports.',
    )
  })

  it('the sample bot knows nothing of the house, and nobody but the commands starts it', () => {
    refuse(
      offences(
        path => path.startsWith('src/sample-bot/'),
        imported => imported.startsWith('node:') || imported.startsWith('src/sample-bot/'),
      ),
      'The sample bot shows what any bot can do, so it may use nothing another bot has not.',
    )
    refuse(
      offences(
        path => !path.startsWith('src/sample-bot/') && path !== 'src/commands/running.ts',
        imported => !imported.startsWith('src/sample-bot/'),
      ),
      'The sample bot is somebody else’s program that happens to run in our process.',
    )
  })

  it('nobody reaches back to the top: rooms do not know settings or the app, nor anybody the commands', () => {
    refuse(
      offences(
        path => /^src\/(?!commands\/)[^/]+\//.test(path),
        imported => !/^src\/[^/]+$/.test(imported),
      ),
      'A room is given what it needs. If it must know a setting, app.ts hands it over.',
    )
    refuse(
      offences(
        path => path !== 'src/cli.ts' && !path.startsWith('src/commands/'),
        imported => imported !== 'src/cli.ts' && !imported.startsWith('src/commands/'),
      ),
      'Commands are what people type: they know the house, and the house does not know them.',
    )
  })
})

describe('files', () => {
  it('every file says what lives there', () => {
    refuse(
      [...sources, ...tests].filter(({ text }) => !/^(?:#!.*\n)?\/\*\*/.test(text)).map(({ path }) => path),
      'A file starts with a doc comment of a sentence or two: whoever opens it wants to know whether they are in the right place.',
    )
  })

  it('everything exported says what it promises', () => {
    const declaration =
      /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|const|let|type|interface|namespace|enum) (\w+)/
    const undocumented = sources.flatMap(({ path, text }) => {
      const lines = text.split('\n')
      return lines.flatMap((line, at) => {
        const name = declaration.exec(line)?.[1]
        return name === undefined || lines[at - 1]?.trimEnd().endsWith('*/') ? [] : [`${path}:${at + 1} ${name}`]
      })
    })
    refuse(
      undocumented,
      'What leaves its file is used by people who do not read its body: a doc comment says what it promises, in which unit, and how it fails.',
    )
  })

  it('no file has begun to do a second thing', () => {
    refuse(
      sources
        .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
        .filter(({ lines }) => lines > 300)
        .map(({ path, lines }) => `${path}: ${lines} lines`),
      'Past 300 lines, ask what second thing the file has begun to do, and give it a file.',
    )
  })

  it('every export is found under its own name, in the file that makes it', () => {
    refuse(
      [...sources, ...tests]
        .filter(
          ({ path, text }) =>
            posix.basename(path) === 'index.ts' ||
            /^export default\b/m.test(text) ||
            /^export (?:type )?(?:\*|\{[^}]*\}) from\b/m.test(text),
        )
        .map(({ path }) => path),
      'No index.ts, no default export, no re-export: import the file you mean, and a search for a name finds all who use it.',
    )
  })

  it('nothing is left for later, and no test keeps others from running', () => {
    const leftover = /\b(?:TO[D]O|FIX[M]E|XX[X]|HA[C]K)\b|\b(?:it|test|describe|suite)\.on[l]y\(|\bon[l]y: true/
    refuse(
      [...sources, ...tests].flatMap(({ path, text }) =>
        text.split('\n').flatMap((line, at) => (leftover.test(line) ? [`${path}:${at + 1} ${line.trim()}`] : [])),
      ),
      'A note to oneself in the code is read by everybody and done by nobody: do it, or open an issue.',
    )
  })

  it('only config.ts reads the environment, and nobody the command line, which bin/landline.js hands over', () => {
    const readers = (pattern: RegExp, owner: string) =>
      sources.filter(file => file.path !== owner && !isTest(file) && pattern.test(file.text)).map(({ path }) => path)
    refuse(
      [...readers(/\bprocess\.env\b/, 'src/config.ts'), ...readers(/\bprocess\.argv\b/, '')],
      'One table of settings: whoever reads them elsewhere makes one that nobody can look up.',
    )
  })
})

/** The rows of the tables in a document whose first cell is code: that code, and the cells. */
function rows(markdown: string): { readonly name: string; readonly cells: readonly string[] }[] {
  return markdown.split('\n').flatMap(line => {
    const cells = line.startsWith('| `')
      ? line
          .slice(1, -1)
          .split(/(?<!\\)\|/)
          .map(cell => cell.trim())
      : []
    const name = /^`([^`]+)`/.exec(cells[0] ?? '')?.[1]
    return name === undefined ? [] : [{ name, cells }]
  })
}

describe('documents', () => {
  it('docs/reference/errors.md is the table of failures', () => {
    const inCode = Object.entries(failures).map(([name, { status, ...codes }]) =>
      [name, String(status), ...Object.values(codes).sort()].join(' '),
    )
    const inDocument = rows(document('docs/reference/errors.md')).map(({ name, cells }) => {
      const codes = cells.slice(2, -1).flatMap(cell => /^`(\w+)`$/.exec(cell)?.[1] ?? [])
      return [name, cells[1], ...codes.sort()].join(' ')
    })
    assert.deepEqual(
      inDocument,
      inCode,
      'People write programs against these names: the page lists every row of src/protocol/errors.ts, in its order, with its status and codes.',
    )
  })

  it('ARCHITECTURE.md names every room, and none that is not there', () => {
    const named = [...document('ARCHITECTURE.md').matchAll(/`((?:src|test|docs)\/[\w./-]*)`/g)].map(
      ([, path]) => path ?? '',
    )
    refuse(
      named.filter(path => !existsSync(join(root, path))),
      'ARCHITECTURE.md leads to places that are not there:',
    )
    const rooms = new Set(
      [...sources, ...tests]
        .map(({ path }) => `${posix.dirname(path)}/`)
        .filter(room => room !== 'src/' && room !== 'test/'),
    )
    // To say that there are adapters and surfaces is not to say which.
    const isForItself = (room: string) => /^src\/(?:adapters|http)\/[^/]+\/$/.test(room)
    const isWithin = (room: string, path: string) => path !== 'src/' && path !== 'test/' && room.startsWith(path)
    refuse(
      [...rooms].filter(
        room =>
          !named.some(path => path.endsWith('/') && (room === path || (!isForItself(room) && isWithin(room, path)))),
      ),
      'ARCHITECTURE.md is where people look for the place of a thing. It does not know:',
    )
  })

  it('every decision is in the index, numbered without a gap, and told whole', () => {
    const decisions = filesBelow('docs/adr', '.md').filter(({ path }) => !path.endsWith('README.md'))
    const index = document('docs/adr/README.md')
    const listed = [...index.matchAll(/\]\((\d{4}-[\w-]+\.md)\)/g)].map(([, name]) => `docs/adr/${name}`)
    assert.deepEqual(
      listed,
      decisions.map(({ path }) => path).sort(),
      'docs/adr/README.md lists every decision once, in order',
    )
    assert.deepEqual(
      listed.map(path => Number(posix.basename(path).slice(0, 4))),
      listed.map((_, at) => at + 1),
    )
    const sections = ['## Context', '## Decision', '## Consequences', '## Alternatives']
    refuse(
      decisions.flatMap(({ path, text }) =>
        sections.filter(section => !text.includes(`\n${section}\n`)).map(section => `${path} has no "${section}"`),
      ),
      'A decision without its context and what was turned down will be made again.',
    )
  })

  it('every dependency has its reason in a decision', () => {
    const { dependencies, devDependencies } = JSON.parse(text('package.json')) as Record<string, Record<string, string>>
    const decisions = filesBelow('docs/adr', '.md')
      .map(({ text }) => text)
      .join('\n')
    refuse(
      Object.keys({ ...dependencies, ...devDependencies }).filter(name => !decisions.includes(`\`${name}\``)),
      'Each package is code that others can change: an ADR says why it is worth that.',
    )
  })

  it('links and commands in documents lead somewhere', () => {
    const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> }
    const dead = documents.flatMap(({ path, text }) => {
      const links = [...text.matchAll(/\]\(([^)\s#]+)(?:#[^)\s]*)?\)/g)].map(([, target]) => target ?? '')
      const deadLinks = links.filter(
        target => !/^[a-z]+:/.test(target) && !existsSync(join(root, dirname(path), target)),
      )
      const commands = [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name]) => name ?? '')
      return [...deadLinks, ...commands.filter(name => scripts[name] === undefined).map(name => `npm run ${name}`)].map(
        what => `${path}: ${what}`,
      )
    })
    refuse(dead, 'These lead nowhere:')
  })

  it('the service is started in one way, by npm, by its command and by the tests', () => {
    const [first = ''] = text('bin/landline.js').split('\n', 1)
    assert.equal(first, `#!/usr/bin/env -S node ${landlineNodeArgs.join(' ')}`)
    const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> }
    assert.equal(scripts['start'], `node ${landlineNodeArgs.join(' ')} bin/landline.js`)
  })

  it('a person finds the license, and .ci/run can be run', () => {
    assert.match(document('LICENSE'), /^MIT License/)
    assert.equal((JSON.parse(text('package.json')) as { license: string }).license, 'MIT')
    if (process.platform !== 'win32')
      assert.notEqual(statSync(join(root, '.ci/run')).mode & 0o100, 0, '.ci/run is not executable')
  })
})
