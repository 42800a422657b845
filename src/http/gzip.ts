/**
 * Large files that never change, gzipped once for all who take them so.
 */
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyRequest } from 'fastify'

const gzipAsync = promisify(gzip)

/** Whether who asks takes gzip. Whoever refuses it by `q=0` is no browser, and is given the file as it is. */
export const takesGzip = ({ headers }: FastifyRequest): boolean => {
  const accepted = String(headers['accept-encoding'] ?? '')
  return /\bgzip\b/i.test(accepted) && !/\bgzip\s*;\s*q=0(?:\.0*)?\s*(?:,|$)/i.test(accepted)
}

/** Files by name, gzipped off the loop at the first asking and kept: bounded by how many files there are. */
export class Gzipped {
  readonly #files = new Map<string, Promise<Uint8Array>>()

  /** The file's bytes, gzipped. However many ask at once, it is done once. */
  of(name: string, bytes: Uint8Array): Promise<Uint8Array> {
    let made = this.#files.get(name)
    if (made === undefined) {
      made = gzipAsync(bytes)
      this.#files.set(name, made)
    }
    return made
  }
}
