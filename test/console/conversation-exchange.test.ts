/**
 * What the console says of a bot's answer that has no body to show.
 */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite } from 'node:test'
import { type Given, inBrowser } from './browser-test.ts'
import { addBot } from './lively.ts'
import { begun, ConversationWindow, startTalking, type Talking } from './talking.ts'

suite('the answer of a bot in the console', () => {
  const browserTest = inBrowser(startTalking)

  browserTest('without a body is not told as one that was not kept', given =>
    isSaid(given, 'without', (_request, response) => response.writeHead(202).end(), 'No body.'),
  )

  browserTest('that broke off is not told as one that was not kept', given =>
    isSaid(
      given,
      'broken-off',
      (_request, response) => {
        response.writeHead(200, { 'content-length': 100 })
        response.write('a beginning', () => response.destroy())
      },
      'The body has not come to its end.',
    ),
  )
})

/** Somebody says something to a bot that answers so, and looks at its answer. Resolves when that says this. */
async function isSaid(given: Given<Talking>, id: string, answer: RequestListener, words: string): Promise<void> {
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => answer(request, response))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const { port } = server.address() as AddressInfo
    await addBot(given.service.app, { id, endpoint: `http://127.0.0.1:${port}/api/messages` })
    const conversation = await begun(given.service, id, 'hi')
    await using window = await ConversationWindow.open(given, `conversations/${conversation}?a=1&tab=response`)
    await window.page.getByRole('tabpanel').getByText(words).waitFor()
  } finally {
    server.closeAllConnections()
    server.close()
  }
}
