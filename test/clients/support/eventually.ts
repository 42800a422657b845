/**
 * Waiting for what must come.
 */

/** How long a test waits for what must come: milliseconds. */
export const patienceMs = 30_000
const lookIntervalMs = 10

/**
 * Waits until `find` answers something, and answers that.
 *
 * @param account what a failure should tell besides
 */
export async function eventually<T>(
  what: string,
  find: () => T | undefined | false | Promise<T | undefined | false>,
  account = () => '',
): Promise<T> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const found = await find()
    if (found !== undefined && found !== false) return found
    if (performance.now() > deadline) throw new Error(`${what} did not come in ${patienceMs} ms. ${account()}`)
    await new Promise(resolve => setTimeout(resolve, lookIntervalMs))
  }
}
