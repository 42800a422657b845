/**
 * Attachments of bots: uploaded as AttachmentData, found again by an unguessable id. Reading one takes no credential,
 * because browsers follow the same addresses.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Attachments } from '../../domain/attachments.ts'
import type { ReadBase64 } from '../../domain/ports.ts'
import type { Replies } from '../../domain/replies.ts'
import { readMediaType } from '../../protocol/attachment.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { fieldAnyCase, type JsonObject, parseOptionalObject } from '../../protocol/fields.ts'
import { fileNameIn } from '../../protocol/file-name.ts'
import { jsonBytesMax, uploadBytesMax } from '../../protocol/limits.ts'
import { bodyText } from '../bodies.ts'
import { sendFile } from '../file-answer.ts'
import { mount } from '../paths.ts'
import { json, parameter } from '../requests.ts'
import { type AdmissionPorts, admitBot } from './admission.ts'

/** What these routes need of the inside. */
export type AttachmentPorts = AdmissionPorts & {
  readonly attachments: Attachments
  readonly replies: Replies
  readonly readBase64: ReadBase64
}

/** Mounts upload, description and views of attachments below a base path. */
export function connectorAttachments(
  app: FastifyInstance,
  base: string,
  ports: AttachmentPorts,
  bodyBytesMax: number,
): void {
  const { attachments, replies } = ports

  mount(
    app,
    `${base}/conversations/:conversation/attachments`,
    {
      POST: async (request, reply) => {
        const grant = await admitBot(ports, request)
        await replies.find(grant)
        const { file, thumbnail } = readAttachmentData(
          parseOptionalObject(bodyText(request, 'MalformedBody')),
          ports.readBase64,
        )
        const id = await attachments.uploaded(grant.conversation, file, thumbnail)
        return json(reply, { id })
      },
    },
    bodyBytesMax,
  )

  mount(
    app,
    `${base}/attachments/:id`,
    {
      GET: async (request, reply) => {
        const id = parameter(request, 'id')
        const original = await attachments.view(id, 'original')
        if (original === undefined) throw unknownFile()
        const thumbnail = await attachments.view(id, 'thumbnail')
        const views = [{ viewId: 'original', size: original.bytes.length }]
        if (thumbnail !== undefined) views.push({ viewId: 'thumbnail', size: thumbnail.bytes.length })
        return json(reply, { name: original.name, type: original.mediaType, views })
      },
    },
    jsonBytesMax,
  )

  const view = async (request: FastifyRequest) => {
    const id = parameter(request, 'id')
    const view = parameter(request, 'view')
    const file = view === 'original' || view === 'thumbnail' ? await attachments.view(id, view) : undefined
    if (file === undefined) throw unknownFile()
    return file
  }
  mount(
    app,
    `${base}/attachments/:id/views/:view`,
    {
      GET: async (request, reply) => sendFile(reply, await view(request), true),
      HEAD: async (request, reply) => sendFile(reply, await view(request), false),
    },
    jsonBytesMax,
  )
}

const unknownFile = () => new ProtocolError('UnknownFile', 'File not found.')

function readAttachmentData(body: JsonObject, readBase64: ReadBase64) {
  const type = fieldAnyCase(body, 'type')
  const name = fieldAnyCase(body, 'name')
  const original = fieldAnyCase(body, 'originalBase64')
  const small = fieldAnyCase(body, 'thumbnailBase64')
  if (typeof type !== 'string' || type === '') throw new ProtocolError('MissingProperty', "Missing 'type' field.")
  if (original === undefined || original === null)
    throw new ProtocolError('MissingProperty', "Missing 'originalBase64' field.")
  const bytes = readBytes(original, 'originalBase64', readBase64)
  const thumbnail = small === undefined || small === null ? undefined : readBytes(small, 'thumbnailBase64', readBase64)
  return {
    file: { name: fileNameIn(typeof name === 'string' ? name : 'file'), mediaType: readMediaType(type), bytes },
    thumbnail,
  }
}

function readBytes(value: unknown, name: string, readBase64: ReadBase64): Uint8Array {
  const bytes = typeof value === 'string' ? readBase64(value) : undefined
  if (bytes === undefined) throw new ProtocolError('MalformedBody', `'${name}' must be base64 text.`)
  if (bytes.length > uploadBytesMax) throw new ProtocolError('TooLarge', `'${name}' may have ${uploadBytesMax} bytes.`)
  return bytes
}
