/**
 * The admin API: who is let in, and everything that can be asked for there.
 */
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { bodyText } from '../bodies.ts'
import { type Handler, isAdminPath } from '../paths.ts'
import { type AboutPorts, aboutRoutes } from './about.ts'
import { auditor, base, router } from './audit.ts'
import { parseKey } from './bodies.ts'
import { type BotPorts, botRoutes } from './bots.ts'
import { type CheckPorts, checkRoutes } from './check.ts'
import { type ConversationPorts, conversationRoutes } from './conversations.ts'
import { Guard, type GuardPorts } from './guard.ts'
import type { Session } from './session.ts'
import { type SecretPorts, secretRoutes } from './sites.ts'

/** What the routes need of the inside. */
export type AdminPorts = GuardPorts &
  AboutPorts &
  BotPorts &
  SecretPorts &
  CheckPorts &
  ConversationPorts & {
    /** Takes up what was changed on other nodes, before each request. Undefined: there are none. Never rejects. */
    readonly upToDate?: (() => Promise<void>) | undefined
  }

/** These let people in and out, so they can't ask for the key first. */
const doors: readonly string[] = [`${base}/login`, `${base}/logout`]

/** Mounts the API. Everything below `/admin` needs the key, whether or not it is there. */
export function admin(ports: AdminPorts): (app: FastifyInstance) => void {
  const guard = new Guard(ports)
  const audit = auditor(ports)
  const shown = new WeakMap<IncomingMessage, Session>()

  const login: Handler = (request, reply) => {
    const cookie = guard.login(request.raw, parseKey(bodyText(request, 'MalformedBody')))
    audit(request, 'loggedIn', 'admin API')
    return reply.header('set-cookie', cookie).code(204).send()
  }
  const logout: Handler = async (request, reply) => {
    const cookie = await guard.logout(request.raw)
    audit(request, 'loggedOut', 'admin API')
    return reply.header('set-cookie', cookie).code(204).send()
  }
  return app => {
    app.addHook('onRequest', (request, reply, done) => {
      const isDoor = request.method === 'POST' && doors.includes(request.routeOptions.url ?? '')
      if (isDoor || !isAdminPath(request.url)) return done()
      const { refused, session } = guard.admit(request.raw)
      const renewed = session === undefined ? undefined : guard.renewal(request.raw, session)
      if (session !== undefined) shown.set(request.raw, session)
      if (renewed !== undefined) reply.header('set-cookie', renewed)
      if (refused === undefined) ports.looked()
      done(refused)
    })
    const { upToDate } = ports
    if (upToDate !== undefined) {
      app.addHook('preHandler', (request, _reply, done) => {
        if (isAdminPath(request.url)) upToDate().then(() => done())
        else done()
      })
    }
    const route = router(app)
    route('/login', { POST: login })
    route('/logout', { POST: logout })
    aboutRoutes(route, ports)
    botRoutes(route, ports, audit)
    secretRoutes(route, ports, audit)
    checkRoutes(app, ports)
    conversationRoutes(app, ports, {
      ...{ audit, sessions: ports.sessions },
      sessionOf: request => shown.get(request),
      admitUpgrade: request => guard.admitUpgrade(request),
    })
  }
}
