/**
 * Node's own options when people start the service: those of `npm start` and of the command's first line.
 */

/** What stands between `node` and the program. `tidy.test.ts` holds it against both. */
export const landlineNodeArgs: readonly string[] = ['--max-semi-space-size=32']
