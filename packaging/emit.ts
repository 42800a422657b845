/**
 * Makes what the published package holds, before npm packs it: the source as JavaScript, because Node strips no types
 * below node_modules; the console; Web Chat as it was released; and the licences of all that is not ours.
 */
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WebChatBundle, type WebChatFile } from '../src/adapters/web-chat-package/bundle.ts'
import { buildConsole } from '../src/console-build.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const made = join(root, 'dist')

/** Names of other files of the source: imports, and files that threads are started from. */
const ownFile = /(['"])(\.{1,2}\/[^'"\n]*)\.ts\1/g

/** Packages that a file imports by name. */
const importedPackage = /(?:from|import)\s+'((?:@[\w-]+\/)?[a-z][\w.-]*)[/\w.-]*'/g

const webChatFiles: readonly WebChatFile[] = ['webchat.js', 'webchat.js.LICENSE.txt']

await rm(made, { recursive: true, force: true })
await emitSource()
await buildConsole(line => console.error(line))
const webChat = await emitWebChat()
await writeFile(join(root, 'THIRD-PARTY.md'), await thirdParties(webChat))

async function emitSource(): Promise<void> {
  for (const path of await filesBelow('src')) {
    if (path.endsWith('.test.ts')) continue
    const from = join(root, 'src', path)
    const to = join(made, path.replace(/\.ts$/, '.js'))
    await mkdir(dirname(to), { recursive: true })
    if (!path.endsWith('.ts')) {
      await cp(from, to)
      continue
    }
    const stripped = stripTypeScriptTypes(await readFile(from, 'utf8'))
    // What is left of a line of types is blanks.
    await writeFile(
      to,
      stripped
        .replace(ownFile, '$1$2.js$1')
        .replace(/[ \t]+$/gm, '')
        .replace(/\n{3,}/g, '\n\n'),
    )
  }
}

async function emitWebChat(): Promise<string> {
  const bundle = new WebChatBundle()
  const folder = join(made, `web-chat-${bundle.version}`)
  await mkdir(folder, { recursive: true })
  for (const file of webChatFiles) await writeFile(join(folder, file), await bundle.read(file))
  const licences = await bundle.read('webchat.js.LICENSE.txt')
  return `## botframework-webchat ${bundle.version}, with what is bundled in it\n\nCopyright (c) Microsoft Corporation. MIT License, as follows below.\n\n${Buffer.from(licences).toString('utf8').trim()}`
}

/** Everything in the package that others wrote, with the licence of each. Dependencies bring their own. */
async function thirdParties(webChat: string): Promise<string> {
  const { dependencies, devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Record<
    'dependencies' | 'devDependencies',
    Record<string, string>
  >
  // What is not declared can't have been built in: it stands in an example that the console shows.
  const declared = { ...dependencies, ...devDependencies }
  const packages = new Set<string>()
  for (const path of await filesBelow('console')) {
    if (path.startsWith('dist') || !/\.tsx?$/.test(path) || path === 'vite.config.ts') continue
    const text = await readFile(join(root, 'console', path), 'utf8')
    for (const [, name = ''] of text.matchAll(importedPackage)) if (name in declared) packages.add(name)
  }
  const parts = await Promise.all(
    [...packages].sort().map(async name => {
      const folder = join(root, 'node_modules', name)
      const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string }
      return `## ${name} ${version}, in the console\n\n${(await readFile(join(folder, 'LICENSE'), 'utf8')).trim()}`
    }),
  )
  const opening =
    '# Third parties\n\nThis package holds parts of these programs. Everything else in it is Landline’s own.'
  return `${[opening, ...parts, webChat].join('\n\n')}\n`
}

/** Paths of all files below a folder, from there. */
async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true })
  const start = join(root, folder).length + 1
  return entries
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(start))
    .sort()
}
