/**
 * Data of bots as both old state APIs answer it: `{"data", "eTag"}`.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { BagKey, BagStore } from '../domain/bag-port.ts'
import { bagText } from '../domain/bags.ts'
import { unknownConversation } from '../domain/grant.ts'
import { ProtocolError } from '../protocol/errors.ts'
import { fieldAnyCase, parseJson, parseOptionalObject } from '../protocol/fields.ts'
import { bodyText } from './bodies.ts'
import { json } from './requests.ts'

/** Answers what is kept; `null` where nothing is. */
export async function answerBag(bags: BagStore, key: BagKey, reply: FastifyReply): Promise<FastifyReply> {
  const bag = await bags.bag(key)
  return json(reply, { data: bag === undefined ? null : parseJson(bag.data), eTag: bag?.eTag ?? '' })
}

/**
 * Keeps what the request holds. Without an eTag, or with `*`, whatever is there gives way.
 *
 * @param charactersMax how long the data may be, as JSON
 * @throws ProtocolError `Stale` if the eTag is not the newest one, `UnknownConversation`, `TooLarge`
 */
export async function takeBag(
  bags: BagStore,
  key: BagKey,
  request: FastifyRequest,
  reply: FastifyReply,
  charactersMax: number,
): Promise<FastifyReply> {
  const body = parseOptionalObject(bodyText(request, 'MalformedBody'))
  const data = fieldAnyCase(body, 'data') ?? null
  const eTag = fieldAnyCase(body, 'eTag')
  const expected = typeof eTag === 'string' && eTag !== '' && eTag !== '*' ? eTag : undefined
  const kept = await bags.putBag(key, bagText(data, charactersMax), expected)
  if (kept === 'stale') {
    // Where anything gives way, nothing is stale: it is the conversation that is missing.
    throw expected === undefined
      ? unknownConversation()
      : new ProtocolError('Stale', 'The data has changed since, or its conversation is not there.')
  }
  return json(reply, { data, eTag: kept.eTag })
}
