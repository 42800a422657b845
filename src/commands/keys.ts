/**
 * Single keys of a terminal, without Enter.
 */
import { emitKeypressEvents } from 'node:readline'
import { failureLines } from './failure.ts'

/**
 * Calls what belongs to a key when it is pressed, as long as the process runs. Ctrl-C comes as the character U+0003,
 * because a terminal that hands out single keys makes no signal of it.
 */
export function listenToKeys(keys: Readonly<Record<string, () => Promise<void> | void>>): void {
  const { stdin } = process
  emitKeypressEvents(stdin)
  stdin.setRawMode(true)
  // The terminal is the shell's again, whatever ends us.
  process.once('exit', () => stdin.setRawMode(false))
  stdin.on('keypress', (_text: string | undefined, key: { readonly sequence?: string }) => {
    const act = keys[key.sequence ?? '']
    if (act === undefined) return
    Promise.resolve()
      .then(act)
      .catch((error: unknown) => process.stderr.write(`${failureLines(error).join('\n')}\n`))
  })
}
