/**
 * Small readings of a request and the one way to answer JSON, shared by all surfaces.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { idCharactersMax } from '../protocol/limits.ts'

/** A part of the path, decoded; empty if the path has none of this name. */
export function parameter(request: FastifyRequest, name: string): string {
  const value = (request.params as Record<string, unknown>)[name]
  return typeof value === 'string' ? value : ''
}

/** A query parameter; the first if it is given more than once. */
export function query(request: FastifyRequest, name: string): string | undefined {
  const value = (request.query as Record<string, unknown>)[name]
  const first: unknown = Array.isArray(value) ? value[0] : value
  return typeof first === 'string' ? first : undefined
}

/** What a caller repeats when it sends the same again, under the first of these headers it gives; undefined if too long to keep. */
export function repeatKey(request: FastifyRequest, ...headers: readonly string[]): string | undefined {
  for (const header of headers) {
    const key = request.headers[header]
    if (typeof key === 'string' && key !== '') return key.length <= idCharactersMax ? key : undefined
  }
  return undefined
}

/** The Content-Type of every JSON answer. */
export const jsonType = 'application/json; charset=utf-8'

/** Answers JSON. */
export const json = (reply: FastifyReply, body: unknown): FastifyReply =>
  reply.type(jsonType).send(JSON.stringify(body))
