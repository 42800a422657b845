/**
 * One call of each operation of this API that answers at once.
 */
import { generateToken, type Service } from '../../support/direct-line.ts'
import { type Call, call } from '../../support/http.ts'

/** An operation: what people call it, and the call, its path below the base address. */
export type Operation = readonly [name: string, method: string, path: string, what: Call]

/** All operations, on a conversation that is started for them. Each is answered 200. */
export async function operations(service: Service): Promise<readonly Operation[]> {
  const trusted = 'https://page.example'
  const { token, conversation } = await generateToken(service, { user: { id: 'u1' }, trustedOrigins: [trusted] })
  await call(`${service.base}/conversations`, { method: 'POST', bearer: token })
  const bearer = token
  return [
    ['generate', 'POST', '/tokens/generate', { bearer: service.secret }],
    ['refresh', 'POST', '/tokens/refresh', { bearer }],
    ['start', 'POST', '/conversations', { bearer }],
    ['reconnect', 'GET', `/conversations/${conversation}`, { bearer }],
    ['get activities', 'GET', `/conversations/${conversation}/activities`, { bearer }],
    ['post activity', 'POST', `/conversations/${conversation}/activities`, { bearer, raw: '{"type":"message"}' }],
    ['upload', 'POST', `/conversations/${conversation}/upload`, { bearer, raw: 'bytes' }],
    ['session', 'GET', '/session/getsessionid', { bearer, headers: { origin: trusted } }],
  ]
}
