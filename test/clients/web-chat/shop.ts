/**
 * Somebody's web shop with Web Chat on its page, as their own documentation tells them to put it there. It is another
 * origin than the service.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A running shop. */
export type Shop = AsyncDisposable & {
  /** The address of its page for one visitor: with the token that the shop's server has got for them. */
  pageFor(visitor: { readonly token: string; readonly domain: string }): string
}

const page = (webChat: string) => `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>A shop</title><link rel="icon" href="data:,"></head>
  <body>
    <div id="chat" style="height: 95vh"></div>
    <script src="${webChat}" crossorigin="anonymous"></script>
    <script>
      const { token, domain } = JSON.parse(decodeURIComponent(location.hash.slice(1)))
      window.WebChat.renderWebChat({ directLine: window.WebChat.createDirectLine({ token, domain }) }, document.getElementById('chat'))
    </script>
  </body>
</html>
`

/**
 * Opens the shop.
 *
 * @param service where it gets Web Chat from
 */
export async function openShop(service: { readonly origin: string }): Promise<Shop> {
  const html = page(`${service.origin}/webchat/4.18.1/webchat.js`)
  const server = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(html))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    pageFor: ({ token, domain }) => `${origin}/#${encodeURIComponent(JSON.stringify({ token, domain }))}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
