#!/usr/bin/env -S node --max-semi-space-size=32
/**
 * Starts the command, with what Node compiled of it the last time: this halves the time to start. From a checkout it
 * runs the source, whose types Node strips; from a package what was made of it. JavaScript, so that not even this file
 * has to be stripped, and such that an older Node can still say that it is too old.
 *
 * The room for new objects is bounded above, in MiB, where nothing but the line that starts Node can do it: left to
 * itself V8 keeps 130 MB of it after a burst, more than the memory of ten thousand sockets. With half as much, a message
 * costs a tenth more of the processor.
 */
import { existsSync } from 'node:fs'
import * as module from 'node:module'
import { fileURLToPath } from 'node:url'

/** The first with an SQLite that can be trusted. */
const oldest = [24, 14, 1]

const found = process.versions.node.split('.').map(Number)
const at = oldest.findIndex((part, index) => part !== found[index])
if (at !== -1 && found[at] < oldest[at]) {
  process.stderr.write(
    `landline: it needs Node ${oldest.join('.')}, and this is ${process.versions.node} (NodeTooOld)\n`,
  )
  process.stderr.write('Install a newer one from your system or from nodejs.org.\n')
  process.exit(1)
}

// In the environment, because the threads look for it there.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../node_modules/.cache/landline', import.meta.url))
// Where that folder can't be written there is no cache, and the command starts all the same.
module.enableCompileCache(process.env.NODE_COMPILE_CACHE)

const source = new URL('../src/cli.ts', import.meta.url)
const made = new URL('../dist/cli.js', import.meta.url)
const { runCommand } = await import(existsSync(source) ? source.href : made.href)
const code = await runCommand(process.argv.slice(2))
if (code !== undefined) process.exitCode = code
