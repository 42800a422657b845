/**
 * Files behind signed links. The link is the capability: bots and browsers fetch it with a plain GET.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Attachments } from '../../domain/attachments.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { readConversationId, readFileId } from '../../protocol/ids.ts'
import { jsonBytesMax } from '../../protocol/limits.ts'
import { sendFile } from '../file-answer.ts'
import { mount } from '../paths.ts'
import { parameter, query } from '../requests.ts'

/** Mounts the links. The last part of the path is the file's name, for people; the file is found by what is before it. */
export function files(ports: { readonly attachments: Attachments }): (app: FastifyInstance) => void {
  const linked = async (request: FastifyRequest) => {
    const name = {
      conversation: readConversationId(parameter(request, 'conversation')),
      file: readFileId(parameter(request, 'file')),
    }
    const expires = query(request, 'e') ?? ''
    const mark = query(request, 's') ?? ''
    const found =
      name.conversation === undefined || name.file === undefined
        ? undefined
        : await ports.attachments.linked({ conversation: name.conversation, file: name.file }, expires, mark)
    if (found === undefined) throw new ProtocolError('UnknownFile', 'File not found.')
    return { file: found, tag: `"${name.file}"` }
  }
  return app => {
    mount(
      app,
      '/attachments/:conversation/:file/:name',
      {
        GET: async (request, reply) => {
          const { file, tag } = await linked(request)
          reply.header('etag', tag)
          return request.headers['if-none-match'] === tag ? reply.code(304).send() : sendFile(reply, file, true)
        },
        HEAD: async (request, reply) => {
          const { file, tag } = await linked(request)
          return sendFile(reply.header('etag', tag), file, false)
        },
      },
      jsonBytesMax,
    )
  }
}
