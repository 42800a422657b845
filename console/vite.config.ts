/**
 * How the console becomes static files: what Vite does by itself, and nothing added to it.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vite'
import { consoleSources } from '../src/console-build.ts'

/** Puts beside the build what it was made from. */
const madeFrom: Plugin = {
  name: 'made-from',
  generateBundle() {
    this.emitFile({ type: 'asset', fileName: '.made-from', source: consoleSources() })
  },
}

type Package = {
  readonly name: string
  readonly version: string
  readonly license: string
  readonly dependencies: Readonly<Record<string, string>>
}

const packageOf = (path: string): Package =>
  JSON.parse(readFileSync(new URL(`../${path}package.json`, import.meta.url), 'utf8')) as Package

/** What runs in the service and in the page, for the list of licences. */
const shipped = [...Object.keys(packageOf('').dependencies), 'preact'].sort().map(name => {
  const { version, license } = packageOf(`node_modules/${name}/`)
  return [name, version, license]
})

// biome-ignore lint/style/noDefaultExport: Vite reads its configuration from there
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/console/',
  // The page is told nothing by the environment of whoever builds it.
  envPrefix: 'LANDLINE_CONSOLE_',
  publicDir: false,
  plugins: [madeFrom],
  define: { shippedPackages: JSON.stringify(shipped) },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2023',
    cssTarget: ['chrome125', 'firefox125', 'safari17.5'],
    outDir: 'dist',
    emptyOutDir: true,
    // Everything is loaded at once: a preload would only say so twice.
    modulePreload: false,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
})
