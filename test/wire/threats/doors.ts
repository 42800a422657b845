/**
 * Every operation of the service over HTTP, each with a request that is good: where attacks begin, and what they are
 * compared with. `doors.test.ts` holds the list against what the service has mounted.
 */
import { ada } from '../../support/bot-tokens.ts'
import { activityType } from '../direct-line-v3/form.ts'
import { botIds, type Ground, spareBot } from './ground.ts'

/** What opens a door. The last ones stand in the address itself. */
export type Key = 'secret' | 'token' | 'botToken' | 'app' | 'oldBot' | 'admin' | 'ticket' | 'mark' | 'link'

/** One part of a form. */
export type Part = { readonly name: string; readonly fileName?: string; readonly type: string; readonly body: unknown }

/** A request without the headers of its credential. */
export type Request = {
  /** The path with its query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** The body: JSON. */
  readonly json?: unknown
  /** The body: a form of the web. */
  readonly form?: Readonly<Record<string, string>>
  /** The body: parts. */
  readonly parts?: readonly Part[]
  /** The body: bytes. */
  readonly raw?: string
}

/** One operation. */
export type Door = {
  /** The method and the path as it is mounted. */
  readonly route: string
  readonly keys: readonly Key[]
  readonly request: (ground: Ground) => Request
}

const client: readonly Key[] = ['secret', 'token']

const tokenParameters = {
  user: { id: 'u1', name: 'Uma' },
  trustedOrigins: ['https://page.example'],
  locale: 'en-GB',
}

const activity = {
  type: 'message',
  text: 'hello',
  from: { id: 'u1', name: 'Uma', role: 'user' },
  locale: 'en-GB',
  attachments: [
    { contentType: 'image/png', contentUrl: 'https://files.example/a.png', name: 'a.png', thumbnailUrl: 'data:,x' },
    {
      contentType: 'application/vnd.microsoft.card.hero',
      content: { title: 'A', buttons: [{ type: 'imBack', value: 1 }] },
    },
  ],
  entities: [{ type: 'ClientCapabilities', requiresBotState: true }],
  channelData: { clientActivityID: 'c1', deep: [[[{}]]] },
  membersAdded: [{ id: 'u1', name: 'Uma' }],
  suggestedActions: { to: [], actions: [{ type: 'imBack', title: 'A', value: 'a' }] },
  value: { a: [1, 'b', null, true] },
  replyToId: 'x|0000001',
  relatesTo: { serviceUrl: 'https://elsewhere.example', conversation: { id: 'x' } },
}

const oldMessage = {
  text: 'hello',
  from: 'u1',
  channelData: { a: 1 },
  images: ['/a.png'],
  attachments: [{ url: 'https://files.example/a.pdf', contentType: 'application/pdf' }],
}

const upload: Pick<Request, 'parts'> = {
  parts: [
    {
      name: 'activity',
      fileName: 'blob',
      type: activityType,
      body: { ...activity, attachments: [{ contentType: 'text/plain', name: 'a.txt' }] },
    },
    { name: 'file', fileName: 'a.txt', type: 'text/plain', body: 'A' },
    { name: 'file', fileName: 'b.png', type: 'image/png', body: 'B' },
  ],
}

const directLine: readonly Door[] = [
  door('POST /v3/directline/tokens/generate', ['secret'], () => ({ json: tokenParameters })),
  door('POST /v3/directline/tokens/refresh', ['token'], () => ({})),
  door('POST /v3/directline/conversations', client, () => ({ json: tokenParameters })),
  door('GET /v3/directline/conversations/:conversation', client, () => ({ query: 'watermark=1' })),
  door('GET /v3/directline/conversations/:conversation/activities', client, () => ({ query: 'watermark=1' })),
  door('POST /v3/directline/conversations/:conversation/activities', client, () => ({ json: activity })),
  door('POST /v3/directline/conversations/:conversation/upload', client, () => ({ query: 'userId=u1', ...upload })),
  door('GET /v3/directline/session/getsessionid', ['token'], () => ({ headers: { origin: 'https://page.example' } })),
  door('GET /v3/directline/conversations/:conversation/stream', ['ticket'], ({ open }) => ({
    query: `watermark=-&t=${open.ticket}`,
  })),
  door('GET /v3/directline/conversations/:conversation/stream/multimodal', ['ticket'], ({ open }) => ({
    query: `watermark=-&t=${open.ticket}`,
  })),
]

const oldDirectLine: readonly Door[] = [
  ...['/api/tokens', '/api/tokens/conversation'].flatMap(path => [
    door(`GET ${path}`, ['secret'], () => ({})),
    door(`POST ${path}`, ['secret'], () => ({ json: tokenParameters })),
  ]),
  door('GET /api/tokens/:conversation/renew', ['token'], () => ({})),
  door('POST /api/tokens/:conversation/renew', ['token'], () => ({})),
  door('POST /api/conversations', client, () => ({ json: tokenParameters })),
  door('GET /api/conversations/:conversation/messages', client, () => ({ query: 'watermark=0' })),
  door('POST /api/conversations/:conversation/messages', client, () => ({ json: oldMessage })),
  door('POST /api/conversations/:conversation/upload', client, () => ({
    raw: 'a file',
    headers: { 'content-type': 'image/png', 'content-disposition': 'name="file"; filename="a.png"' },
  })),
]

const files: readonly Door[] = ['GET', 'HEAD'].map(method => ({
  route: `${method} /attachments/:conversation/:file/:name`,
  keys: ['link'] as const,
  request: ({ open }: Ground) => ({ path: open.link }),
}))

/** What bots of today call: below the address they were given, or by a token at the bare one. */
function connector(base: string, keys: readonly Key[]): readonly Door[] {
  const said = {
    type: 'message',
    text: 'from the bot',
    attachments: activity.attachments,
    channelData: activity.channelData,
    replyToId: 'x|0000001',
  }
  const below = (route: string, more: () => More, opened: readonly Key[] = keys) => {
    const [method = '', path = ''] = route.split(' ')
    return door(`${method} ${base}${path}`, opened, more)
  }
  const bag = { data: { a: 1, b: ['x'] }, eTag: '*' }
  return [
    below('GET /conversations', () => ({ query: 'continuationToken=0' })),
    below('POST /conversations', () => ({ json: { bot: { id: 'bot' }, members: [{ id: 'u1' }], activity: said } })),
    below('POST /conversations/:conversation/activities', () => ({ json: said })),
    below('POST /conversations/:conversation/activities/history', () => ({ json: { activities: [said] } })),
    below('POST /conversations/:conversation/activities/:activity', () => ({ json: said })),
    below('PUT /conversations/:conversation/activities/:activity', () => ({ json: said })),
    below('DELETE /conversations/:conversation/activities/:activity', () => ({})),
    below('GET /conversations/:conversation/activities/:activity/members', () => ({})),
    below('GET /conversations/:conversation/members', () => ({})),
    below('GET /conversations/:conversation/members/:member', () => ({})),
    below('DELETE /conversations/:conversation/members/:member', () => ({})),
    below('GET /conversations/:conversation/pagedmembers', () => ({ query: 'pageSize=1' })),
    below('POST /conversations/:conversation/attachments', () => ({
      json: { type: 'image/png', name: 'a.png', originalBase64: 'YWJj', thumbnailBase64: 'YQ==' },
    })),
    below('GET /attachments/:id', () => ({}), ['link']),
    below('GET /attachments/:id/views/:view', () => ({}), ['link']),
    below('HEAD /attachments/:id/views/:view', () => ({}), ['link']),
    below('GET /botstate/:channel/users/:user', () => ({})),
    below('POST /botstate/:channel/users/:user', () => ({ json: bag })),
    below('DELETE /botstate/:channel/users/:user', () => ({})),
    below('GET /botstate/:channel/conversations/:conversation', () => ({})),
    below('POST /botstate/:channel/conversations/:conversation', () => ({ json: bag })),
    below('GET /botstate/:channel/conversations/:conversation/users/:user', () => ({})),
    below('POST /botstate/:channel/conversations/:conversation/users/:user', () => ({ json: bag })),
  ]
}

const identity: readonly Door[] = [
  door('GET /:tenant/v2.0/.well-known/openid-configuration', [], () => ({})),
  door('GET /:tenant/.well-known/openid-configuration', [], () => ({})),
  door('GET /v1/.well-known/openidconfiguration', [], () => ({})),
  door('GET /:tenant/discovery/v2.0/keys', [], () => ({})),
  door('GET /:tenant/discovery/keys', [], () => ({})),
  door('GET /v1/.well-known/keys', [], () => ({})),
  door('GET /msi/token', ['app'], () => ({
    query: `api-version=2019-08-01&resource=https%3A%2F%2Fapi.botframework.com&client_id=${ada.id}`,
  })),
  door('POST /:tenant/oauth2/v2.0/token', ['app'], () => ({
    form: { grant_type: 'client_credentials', scope: 'https://api.botframework.com/.default', client_id: ada.id },
  })),
]

/** The token service that is not there. */
const userTokens: readonly Door[] = ['', '/connector/:opened/:mark'].flatMap(base =>
  ['usertoken', 'botsignin'].flatMap(service =>
    ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'].map(method =>
      door(`${method} ${base}/api/${service}/:call`, [], () => ({
        query: 'userId=u1&connectionName=c&channelId=directline',
        ...(method.startsWith('P') ? { json: { token: 'x' } } : {}),
      })),
    ),
  ),
)

const oldBots: readonly Door[] = [
  door('POST /bot/v1.0/messages', ['oldBot'], ({ old }) => ({
    json: {
      conversationId: old.talk.conversation,
      text: 'hello',
      to: { id: 'u1' },
      botUserData: { a: 1 },
      attachments: [{ contentType: 'image/png', contentUrl: 'https://files.example/a.png' }],
    },
  })),
  ...['/users/:user', '/conversations/:conversation', '/conversations/:conversation/users/:user'].flatMap(path => [
    door(`GET /bot/v1.0/bots/:bot${path}`, ['oldBot'], () => ({})),
    door(`POST /bot/v1.0/bots/:bot${path}`, ['oldBot'], () => ({ json: { data: { a: 1 }, eTag: '*' } })),
  ]),
]

const operations: readonly Door[] = [door('GET /health', [], () => ({})), door('GET /ready', [], () => ({}))]

const admin: readonly Door[] = [
  door('POST /admin/v1/login', [], ({ app }) => ({ json: { key: app.adminKey } })),
  door('POST /admin/v1/logout', [], () => ({})),
  door('GET /admin/v1/about', ['admin'], () => ({})),
  door('GET /admin/v1/settings', ['admin'], () => ({})),
  door('GET /admin/v1/bots', ['admin'], () => ({ query: 'limit=1&cursor=0' })),
  door('POST /admin/v1/bots', ['admin'], () => ({
    json: { endpoint: 'http://127.0.0.1:9/api/messages', updates: true },
  })),
  door('GET /admin/v1/bots/:bot', ['admin'], () => ({})),
  door('PATCH /admin/v1/bots/:bot', ['admin'], () => ({ json: { name: 'Spare', timeoutMs: 15000, appId: null } })),
  door('POST /admin/v1/bots/:bot/check', ['admin'], () => ({ json: { send: false } })),
  door('GET /admin/v1/bots/:bot/sites', ['admin'], () => ({})),
  door('POST /admin/v1/bots/:bot/sites', ['admin'], () => ({
    json: { name: 'Website', trustedOrigins: ['https://page.example'], uploads: false },
  })),
  door('PATCH /admin/v1/sites/:site', ['admin'], () => ({ json: { enabled: true, v3: true, v1: true } })),
  door('POST /admin/v1/sites/:site/secrets/:number/reveal', ['admin'], () => ({})),
  door('POST /admin/v1/sites/:site/secrets/:number/regenerate', ['admin'], () => ({})),
  door('POST /admin/v1/sites/:site/secrets/:number/revoke', ['admin'], () => ({})),
  door('POST /admin/v1/sites/:site/tokens', ['admin'], () => ({
    json: { user: { id: 'u1', name: 'Uma' }, origins: ['https://page.example'] },
  })),
  door('POST /admin/v1/sites/:site/revoke', ['admin'], () => ({})),
  door('POST /admin/v1/tokens/revoke', ['admin'], ({ other }) => ({ json: { token: other.talk.token } })),
  door('GET /admin/v1/conversations', ['admin'], () => ({ query: 'bot=bot&state=idle&q=bot&limit=1&offset=0' })),
  door('POST /admin/v1/conversations', ['admin'], () => ({ json: { bot: botIds.open, site: 'default', user: 'u3' } })),
  door('GET /admin/v1/conversations/:conversation', ['admin'], () => ({})),
  door('GET /admin/v1/conversations/:conversation/records', ['admin'], () => ({ query: 'after=0&limit=1' })),
  door('POST /admin/v1/conversations/:conversation/records/:seq/again', ['admin'], () => ({})),
  door('GET /admin/v1/conversations/:conversation/turns/:turn', ['admin'], () => ({})),
  door('POST /admin/v1/conversations/:conversation/send', ['admin'], () => ({ json: { activity, as: 'channel' } })),
  door('POST /admin/v1/conversations/:conversation/restart', ['admin'], () => ({ json: { user: 'same' } })),
  door('GET /admin/v1/series', ['admin'], () => ({ query: 'seconds=1' })),
  door('GET /admin/v1/problems', ['admin'], () => ({})),
  door('GET /admin/v1/live', ['admin'], () => ({})),
  door('GET /admin/v1/tail', ['admin'], () => ({ query: 'bot=bot&seconds=0' })),
  door('POST /admin/v1/conversations/:conversation/revoke', ['admin'], () => ({})),
  door('DELETE /admin/v1/conversations/:conversation', ['admin'], () => ({})),
  door('POST /admin/v1/keys/rotate', ['admin'], () => ({ json: { how: 'overlap' } })),
  door('DELETE /admin/v1/sites/:site', ['admin'], () => ({})),
  door('DELETE /admin/v1/bots/:bot', ['admin'], () => ({ query: 'conversations=delete' })),
]

const chat: readonly Door[] = [
  door('GET /console/frame.html', [], () => ({})),
  door('GET /console/frame/frame.js', [], () => ({})),
  door('GET /console/frame/look.js', [], () => ({})),
  door('GET /console/frame/frame.css', [], () => ({})),
]

const development: readonly Door[] = [
  door('GET /', [], () => ({})),
  door('HEAD /', [], () => ({})),
  door('GET /dev/token', [], () => ({})),
  door('POST /dev/token', [], () => ({})),
]

/** All of them. */
export const doors: readonly Door[] = [
  ...directLine,
  ...oldDirectLine,
  ...files,
  ...connector('/connector/:opened/:mark/v3', ['mark']),
  ...connector('/v3', ['botToken']),
  ...identity,
  ...userTokens,
  ...oldBots,
  ...operations,
  ...withHeads(admin),
  ...withHeads(chat),
  ...development,
]

/** People who steer the service may ask with HEAD for whatever they may GET, but for what has no end. */
function withHeads(some: readonly Door[]): readonly Door[] {
  return some.flatMap(each => {
    const hasHead = each.route.startsWith('GET ') && !/\/(?:live|tail)$/.test(each.route)
    return hasHead ? [each, { ...each, route: each.route.replace('GET', 'HEAD') }] : [each]
  })
}

/** Not asked for by these tests: Web Chat's own package, which npm would have to bring, and the console, which may not be built. */
export const isPackaged = (route: string): boolean =>
  /^(?:GET|HEAD) (?:(?:\/console)?\/webchat\/|\/console(?:$|\/\*|\/assets\/))/.test(route)

type More = Omit<Request, 'path'> & { readonly query?: string }

function door(route: string, keys: readonly Key[], more: (ground: Ground) => More): Door {
  return {
    route,
    keys,
    request: ground => {
      const { query, ...rest } = more(ground)
      const path = pathOf(route, ground)
      return { path: query === undefined ? path : `${path}?${query}`, ...rest }
    },
  }
}

/** The path with everything in it that this ground has. */
function pathOf(route: string, ground: Ground): string {
  const [method = '', template = ''] = route.split(' ')
  const prey = preyOf(template, ground)
  const values: Readonly<Record<string, string>> = {
    conversation: prey.talk.conversation,
    opened: prey.talk.conversation,
    mark: prey.talk.mark,
    activity: prey.said,
    // What the file that everybody has sent is in.
    seq: '2',
    turn: ground.turn,
    member: 'u1',
    user: 'u1',
    id: prey.attachment,
    view: 'original',
    channel: 'directline',
    call: 'GetToken',
    tenant: 'landline',
    bot: template.startsWith('/admin/') ? spareBot : botIds.old,
    site: route === 'DELETE /admin/v1/sites/:site' ? spareBot : ground.spareSite,
    number: method === 'PATCH' ? '1' : '2',
  }
  return template.replace(/:(\w+)/g, (_all, name: string) => encodeURIComponent(values[name] ?? ''))
}

function preyOf(template: string, { open, other, ada: withTokens, old }: Ground) {
  if (template.startsWith('/bot/')) return old
  if (template.startsWith('/admin/')) return other
  return /^\/v3\/(?:conversations|attachments|botstate)/.test(template) ? withTokens : open
}

/** The headers that show a key of this ground; none for one that stands in the address. */
export function headersOf(key: Key, ground: Ground): Readonly<Record<string, string>> {
  switch (key) {
    case 'secret':
      return { authorization: `Bearer ${ground.open.talk.secret}` }
    case 'token':
      return { authorization: `Bearer ${ground.open.talk.token}` }
    case 'botToken':
      return { authorization: `Bearer ${ground.botToken}` }
    case 'app':
      return {
        authorization: `Basic ${Buffer.from(`${ada.id}:${ada.password}`).toString('base64')}`,
        'x-identity-header': ada.password,
      }
    case 'oldBot':
      return { authorization: ground.oldBasic }
    case 'admin':
      return { authorization: `Bearer ${ground.app.adminKey}` }
    case 'ticket':
    case 'mark':
    case 'link':
      return {}
    default:
      return key satisfies never
  }
}
