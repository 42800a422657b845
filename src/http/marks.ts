/**
 * Where a request's turn is marked: the request knows when it arrived, and which turn it began.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ConversationGrant } from '../domain/grant.ts'
import type { Inspection } from '../domain/inspection.ts'
import type { TurnMarks } from '../domain/turn-marks.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** When its headers were there, by the monotonic clock; 0 without a body. */
    arrivedMs: number
    /** What its turn is marked on, if it began one and anybody watches. */
    marks: TurnMarks | undefined
  }
}

/** A client's activity has been read: what comes of it is marked, if anybody watches. */
export function beginTurn(
  inspection: Inspection | undefined,
  request: FastifyRequest,
  grant: ConversationGrant,
): TurnMarks | undefined {
  request.marks = inspection?.begin(grant.conversation, grant.bot, request.arrivedMs || performance.now())
  return request.marks
}

/** The answer has been handed to the connection. Answers it. */
export function told(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  request.marks?.told()
  return reply
}
