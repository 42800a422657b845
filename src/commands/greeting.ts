/**
 * What a service says when it is up: to a developer, who wants to click and copy, and to the one who reads a journal.
 */
import { defaultBot } from '../settings.ts'
import type { Running } from './running.ts'

/** Settings of a store as words. */
const storeText = ({ settings: { store } }: Running): string =>
  store.kind === 'sqlite' ? `${store.kind} in ${store.dir}` : store.kind

/** The link to the console, which holds its key: not for a log. */
export const consoleLink = ({ landline }: Running): string =>
  `${landline.adminOrigin}/console/#key=${landline.adminKey}`

/** Whether the first secret of the first site was made here: nobody has given it one. */
const isSecretMade = ({ settings }: Running): boolean => settings.bots[0]?.sites[0]?.secrets.length === 0

/**
 * For `dev`.
 *
 * @param keys what the keys do, if there are any
 */
export function greeting(running: Running, keys: readonly string[]): string {
  const { landline, settings, sampleAnswers } = running
  const { development, adminKey, admin, listen } = settings
  const { endpoint, app, authority, schema } = settings.bots[0] ?? defaultBot
  const bot = sampleAnswers ? `nothing answers at ${endpoint} yet, so the built-in sample bot does` : endpoint
  // On a developer's machine always; elsewhere once, because what a service prints is kept by those who run it. What was
  // given is known to whoever gave it.
  const isShown = (isGiven: boolean) => development || (landline.isNew && !isGiven)
  const shown = (isGiven: boolean, secret: string | undefined) =>
    isShown(isGiven) ? secret : 'as it was made or given'
  const isKeyGiven = adminKey !== undefined
  const moved = listen.port !== 0 && landline.port !== listen.port
  return [
    'Landline is up.',
    ...(moved ? [`Port ${listen.port} is taken, so it listens on ${landline.port}.`] : []),
    '',
    ...(admin.enabled
      ? [`  Console      ${isShown(isKeyGiven) ? consoleLink(running) : `${landline.adminOrigin}/console/`}`]
      : []),
    `  Direct Line  ${landline.origin}/v3/directline`,
    `  Secret       ${shown(!isSecretMade(running), landline.secret)}`,
    ...(admin.enabled ? [`  Admin key    ${shown(isKeyGiven, landline.adminKey)}`] : []),
    `  Bot          ${bot}`,
    ...(app === undefined ? [] : [`  App id       ${app.id}`]),
    ...(app === undefined || app.password !== undefined || (schema === 'v3' && authority === 'none')
      ? []
      : [`  App password ${shown(false, landline.app?.password)}`]),
    '',
    ...(keys.length === 0 ? [] : [`Keys: ${keys.join(' · ')}`]),
    'Ctrl-C stops it.',
    '',
  ].join('\n')
}

/**
 * For `serve`: a line for each thing that was decided. What was made at the first start is shown then, and never again.
 *
 * @param file the settings file, if there is one
 */
export function startLines(running: Running, file: string | undefined): readonly string[] {
  const { landline, settings } = running
  const { bots, publicUrl, admin, adminKey } = settings
  const isKeyNew = landline.isNew && adminKey === undefined && admin.enabled
  const isSecretNew = landline.isNew && isSecretMade(running)
  return [
    `settings: ${file ?? 'no file'}`,
    `store: ${storeText(running)}`,
    `public address: ${publicUrl ?? `${landline.origin}, because publicUrl is not set`}`,
    ...(bots.length === 0 ? ['bots: none in the settings'] : bots.map(({ id, endpoint }) => `bot ${id}: ${endpoint}`)),
    admin.enabled ? `console: ${landline.adminOrigin}/console/` : 'console and admin API: off',
    ...(isKeyNew ? [`admin key, shown this once: ${landline.adminKey}`] : []),
    ...(isSecretNew ? [`secret, shown this once: ${landline.secret}`] : []),
    `listening: ${landline.origin}`,
  ]
}
