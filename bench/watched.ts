/**
 * The service with one setting of its own: what is watched of turns. Started by the row that measures what watching
 * costs, because nothing watched at all is not something people can start.
 *
 * Arguments: the bot's endpoint, a folder for the store, the site's secret, and `off`, `none` or `full`: whether turns are
 * watched, and whether bodies are kept.
 */
import { startLandline } from '../src/app.ts'
import { openOutside } from '../src/outside.ts'
import { defaultBot, defaultSite, defaults, type Settings } from '../src/settings.ts'

const [, , endpoint = '', dir = '', secret = '', watched = 'none'] = process.argv
const settings: Settings = {
  ...defaults,
  mode: 'serve',
  development: false,
  listen: { host: '127.0.0.1', port: 0, further: 0 },
  store: { kind: 'sqlite', dir },
  rateLimits: false,
  inspect: {
    ...defaults.inspect,
    bodies: watched === 'full' ? 'full' : 'none',
    ...(watched === 'off' ? { turns: 0 } : {}),
  },
  bots: [{ ...defaultBot, endpoint, sites: [{ ...defaultSite, secrets: [secret] }] }],
}
const outside = await openOutside(settings.store)
const landline = await startLandline(settings, outside, () => undefined)
process.stdout.write(`The service is up on 127.0.0.1:${landline.port}\n`)
process.once('SIGTERM', async () => {
  await landline.stop()
  await outside[Symbol.asyncDispose]()
  process.exit()
})
