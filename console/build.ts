/**
 * Builds the console: `npm run build:console`.
 */
import { buildConsole } from '../src/console-build.ts'

await buildConsole(line => console.log(line))
