/**
 * The tables of what is set for each bot, and for each of its sites. Names as the admin API has them.
 */
import { originCharactersMax } from '../protocol/limits.ts'
import { isSlug, tenantPattern } from '../protocol/slug.ts'
import { baseUrl, checked, listOf, oneOf, onOrOff, origin, secret, text, timeMs, url } from './kinds.ts'
import { flag, row, type ValuesOf } from './row.ts'

const id = checked('up to 63 lower-case letters, digits and dashes', isSlug)
const name = text('up to 256 characters', /^[^\p{Cc}]{1,256}$/u)

/** Where the SDKs' samples listen. */
const usualEndpoint = 'http://localhost:3978/api/messages'

/** A secret of a site that other machines can reach has at least 32 characters; that is checked where it is known. */
const siteSecrets = listOf(secret(), 2)

/** What is set for one bot, beside its sites. */
export const botRows = {
  id: row(id, 'bot', 'The name of the bot in addresses and towards clients and the bot itself. It never changes.', {
    without: 'made of the name, or `bot`',
  }),
  name: row(name, 'Bot', 'What people call the bot.', { without: 'the id' }),
  endpoint: row(url(usualEndpoint), usualEndpoint, "The bot's messaging endpoint.", {
    flag: flag('bot', 'URL'),
    variable: 'LANDLINE_BOT',
  }),
  schema: row(oneOf(['v3', 'v1']), 'v3', 'What the bot speaks: v3, or v1 for bots of the Bot Framework of 2016.', {
    flag: flag('schema', 'S'),
  }),
  appId: row<string | undefined>(
    text('up to 256 printable characters without spaces or colons', /^[\x21-\x39\x3b-\x7e]{1,256}$/),
    undefined,
    "The bot's app id. With one, both sides prove who they are with every call.",
    { without: 'neither side shows the other a credential' },
  ),
  appPassword: row<string | undefined>(
    secret('up to 1,024 printable characters, no space at either end', /^(?! )[\x20-\x7e]{1,1024}(?<! )$/),
    undefined,
    'The password that goes with the app id.',
    { variable: 'LANDLINE_APP_PASSWORD', without: 'one is made and kept' },
  ),
  authority: row(
    oneOf(['landline', 'microsoft', 'none']),
    'landline',
    "Who issues the tokens a v3 bot with an app id is shown and shows: this service, Microsoft's public cloud, or nobody.",
    { flag: flag('authority', 'A') },
  ),
  tenantId: row<string | undefined>(
    text(
      'up to 63 lower-case letters, digits, dots and dashes, and not admin or console, whose addresses are taken',
      tenantPattern,
    ),
    undefined,
    'The tenant in the addresses of those tokens.',
    { flag: flag('tenant', 'T'), without: '`landline`; with the authority `microsoft`, `botframework.com`' },
  ),
  serviceUrl: row<string | undefined>(
    baseUrl('http://host.docker.internal:3977'),
    undefined,
    'What this bot is told as our address: for one that reaches us under another name.',
    { without: 'the public URL' },
  ),
  timeoutMs: row(timeMs, 15_000, 'How long a turn may take.'),
  echo: row(
    oneOf(['before', 'after']),
    'before',
    "When clients see what a user sent: before the bot's turn, or after it.",
  ),
  expectReplies: row(onOrOff, false, 'Whether the bot answers in the body of the turn instead of calling back.'),
  passDeliveryMode: row(onOrOff, false, "Whether the bot is sent the client's deliveryMode, such as stream."),
  updates: row(onOrOff, true, 'Whether the bot may update and delete what it has sent.'),
  allowLinkLocal: row(onOrOff, false, 'Whether the bot may be at a link-local or cloud metadata address.'),
  allowSelfSigned: row(
    onOrOff,
    false,
    "Whether the bot's certificate is taken although nobody vouches for it. Not for `serve`.",
  ),
} as const

/** What is set for one site of a bot. */
export const siteRows = {
  id: row(id, 'default', "The site's name in addresses. It never changes.", {
    without: 'made of the name, or `default`',
  }),
  name: row(name, 'Default', 'What people call the site.', { without: 'the id, or `Default`' }),
  enabled: row(onOrOff, true, 'Whether its secrets and tokens are taken at all.'),
  v3: row(onOrOff, true, 'Whether clients of Direct Line 3.0 are served.'),
  v1: row(onOrOff, true, 'Whether clients of Direct Line 1.1 are served.'),
  secrets: row(
    siteSecrets,
    [],
    'Up to two secrets, kept from then on. Where other machines reach the service, of at least 32 characters.',
    {
      flag: flag('secret', 'S'),
      variable: 'LANDLINE_SECRET',
      without: 'two are made at first start and kept',
    },
  ),
  enhancedAuth: row(onOrOff, false, 'Whether user ids must come from a token and start with dl_.'),
  trustedOrigins: row(
    listOf(origin(originCharactersMax), 100),
    [],
    'Origins of the pages that are trusted. If given, they win over those in a token.',
  ),
  enforceOrigins: row(onOrOff, false, 'Whether pages of other origins are refused.'),
  uploads: row(onOrOff, true, 'Whether clients may upload files.'),
  debug: row(onOrOff, false, "Whether clients are shown the bot's trace activities."),
  allowTokenResponse: row(onOrOff, false, 'Whether clients may send tokens/response events.'),
} as const

/** The values of one site. */
export type SiteValues = ValuesOf<typeof siteRows>

/** The values of one bot. */
export type BotValues = ValuesOf<typeof botRows>
