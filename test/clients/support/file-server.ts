/**
 * Addresses for files that a page is about to upload, in the place of the `blob:` addresses a browser gives them:
 * jsdom has none, and takes seconds over a large `data:` address.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { File } from '../bots/wire.ts'

/** Serves files at `addresses`, in the order given, to pages of every origin. Disposing it ends that. */
export async function serveFiles(
  files: readonly File[],
): Promise<AsyncDisposable & { readonly addresses: readonly string[] }> {
  const server = createServer((request, response) => {
    response.setHeader('access-control-allow-origin', '*')
    response.setHeader('access-control-allow-headers', 'x-requested-with')
    const file = request.method === 'GET' ? files[Number(request.url?.slice(1))] : undefined
    response.end(file?.bytes)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    addresses: files.map((_, at) => `http://127.0.0.1:${port}/${at}`),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
