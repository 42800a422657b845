/**
 * A process to be killed: appends to several conversations at once and tells of each entry once its promise has
 * resolved, one line each: `{conversation} {position} {key}`. Sends every seventh key twice, as clients do that
 * have not heard the answer. Called with the folder of the store and the number of the round.
 */
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
import { messageAppend, noonMs, started } from '../contract/log-samples.ts'

const conversations = 8

const [dir = '', round = '0'] = process.argv.slice(2)
const store = await openSqliteStore({ dir })
const tell = (line: string) => process.stdout.write(`${line}\n`)
tell('open')

async function append(word: string): Promise<never> {
  const id = await started(store, word)
  for (let n = 1; ; n += 1) {
    const key = `${round}-${n}`
    const text = 'x'.repeat(n % 50 === 0 ? 100_000 : 100 + (n % 7) * 100)
    const request = messageAppend(id, `${key} ${text}`, { key, atMs: noonMs })
    const [answer] = await Promise.all([store.append(request), n % 7 === 0 ? store.append(request) : undefined])
    if (answer.outcome !== 'appended') throw new Error(`a new key was answered ${answer.outcome}`)
    tell(`${id} ${answer.entry.position} ${key}`)
    if (n % 11 === 0)
      await store.replace({ ...request, key: undefined, target: answer.entry.position, erase: n % 2 === 0 })
  }
}

await Promise.all(Array.from({ length: conversations }, (_, n) => append(`c${n}`)))
