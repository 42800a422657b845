/**
 * The official Web Chat's own files: for people's pages under `/webchat/{version}/`, and for the console's frame.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { jsonBytesMax } from '../../protocol/limits.ts'
import { Gzipped, takesGzip } from '../gzip.ts'
import { type Handler, mount } from '../paths.ts'

/** A file of Web Chat: the bundle, or the licences of what is bundled. */
export type WebChatFile = 'webchat.js' | 'webchat.js.LICENSE.txt'

/** Web Chat's files. */
export type WebChat = {
  /** The release, as its address names it. */
  readonly version: string
  /** The bytes of a file, always the same ones. @throws Error that tells a person why it can't be had */
  read(file: WebChatFile): Promise<Uint8Array>
}

/** A year: an address that names a release never holds anything else. */
const immutable = 'public, max-age=31536000, immutable'

const types: Readonly<Record<WebChatFile, string>> = {
  'webchat.js': 'text/javascript; charset=utf-8',
  'webchat.js.LICENSE.txt': 'text/plain; charset=utf-8',
}

/** Gives Web Chat's files to pages of every origin. */
export class WebChatFiles {
  readonly version: string
  readonly #webChat: WebChat
  readonly #gzipped = new Gzipped()

  constructor(webChat: WebChat) {
    this.version = webChat.version
    this.#webChat = webChat
  }

  /** Mounts the files below a path. */
  mount(app: FastifyInstance, below: string): void {
    for (const name of Object.keys(types) as WebChatFile[]) {
      const path = `${below}/${this.version}/${name}`
      const answer: Handler = (request, reply) => this.#answer(name, request, reply)
      mount(app, path, { GET: answer, HEAD: answer }, jsonBytesMax)
    }
  }

  async #answer(name: WebChatFile, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    reply.header('x-content-type-options', 'nosniff').header('access-control-allow-origin', '*')
    reply.header('referrer-policy', 'no-referrer').header('vary', 'Accept-Encoding')
    let bytes: Uint8Array
    try {
      bytes = await this.#webChat.read(name)
    } catch (error) {
      // For the person in front of the page, who alone can give this machine a registry.
      return reply
        .code(503)
        .type('text/plain; charset=utf-8')
        .send(error instanceof Error ? error.message : String(error))
    }
    reply.header('cache-control', immutable).type(types[name])
    if (!takesGzip(request)) return reply.send(bytes)
    return reply.header('content-encoding', 'gzip').send(await this.#gzipped.of(name, bytes))
  }
}

/** Mounts `/webchat/{version}`, for people's own pages. */
export const webChatFiles =
  (files: WebChatFiles): ((app: FastifyInstance) => void) =>
  app =>
    files.mount(app, '/webchat')
