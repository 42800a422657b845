/**
 * Requests that two readers could read in two ways: each is answered once, with 400, and the connection closed, so that
 * what is hidden in one never becomes another.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startBot } from '../../support/bot.ts'
import { readLog, say, startChat } from '../../support/direct-line.ts'
import { openLine, startLimited, statusesIn } from './limited.ts'

const bot = await startBot()
const app = await startLimited({}, { bot: bot.url })
const chat = await startChat(app, { id: 'u1' })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

const path = `${new URL(chat.address).pathname}/activities`
const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${chat.token}\r\n`
const body = '{"type":"message","text":"hidden"}'
/** A whole request, in the place where only a second reader would see one. */
const hidden = `${head}Content-Length: ${body.length}\r\n\r\n${body}`
const chunked = `${head}Transfer-Encoding: chunked\r\n\r\n`

const shapes: Readonly<Record<string, string>> = {
  'two lengths': `${head}Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
  'two equal lengths': `${head}Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde${hidden}`,
  'two lengths in one field': `${head}Content-Length: 0, ${hidden.length}\r\n\r\n${hidden}`,
  'a length with a sign': `${head}Content-Length: +0\r\n\r\n${hidden}`,
  'a negative length': `${head}Content-Length: -1\r\n\r\n${hidden}`,
  'a hexadecimal length': `${head}Content-Length: 0x10\r\n\r\n${hidden}`,
  'a length with a fraction': `${head}Content-Length: 5.0\r\n\r\nabcde${hidden}`,
  'an empty length': `${head}Content-Length:\r\n\r\n${hidden}`,
  'a length beyond all numbers': `${head}Content-Length: 99999999999999999999999\r\n\r\n${hidden}`,
  'a length with chunks': `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
  'chunks with a length': `${head}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${hidden}`,
  'chunks twice': `${head}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${hidden}`,
  'chunks that are not last': `${head}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n${hidden}`,
  'chunks by another name': `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`,
  'chunks after a control character': `${head}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n${hidden}`,
  'a space before the colon': `${head}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`,
  'a chunk size that is no number': `${chunked}xyz\r\n${body}\r\n0\r\n\r\n${hidden}`,
  'a chunk size with a prefix': `${chunked}0x5\r\nabcde\r\n0\r\n\r\n${hidden}`,
  'a negative chunk size': `${chunked}-5\r\nabcde\r\n0\r\n\r\n${hidden}`,
  'a chunk size beyond all numbers': `${chunked}fffffffffffffffff\r\nabcde\r\n0\r\n\r\n${hidden}`,
  'an empty chunk size': `${chunked}\r\nabcde\r\n0\r\n\r\n${hidden}`,
  'a chunk longer than its size': `${chunked}3\r\nabcde\r\n0\r\n\r\n${hidden}`,
  'a chunk size with a space': `${chunked}5 \r\nabcde\r\n0\r\n\r\n${hidden}`,
  'a chunk size ended by LF': `${chunked}5\nabcde\r\n0\r\n\r\n${hidden}`,
  'a chunk ended by LF': `${chunked}5\r\nabcde\n0\r\n\r\n${hidden}`,
  'a bare CR in a header': `${head}X: a\rContent-Length: 0\r\n\r\n${hidden}`,
  'a bare LF in a header': `${head}X: a\nContent-Length: 0\r\n\r\n${hidden}`,
  'a bare CR between headers': `${head}X: a\r\rY: b\r\n\r\n${hidden}`,
  'headers ended by LF': `${head}X: a\n\n${hidden}`,
  'a folded header': `${head}X: a\r\n Content-Length: 5\r\n\r\n${hidden}`,
  'a folded encoding': `${head}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${hidden}`,
  'a header that begins with a space': `POST ${path} HTTP/1.1\r\n Host: x\r\n\r\n${hidden}`,
  'NUL in a header': `${head}X: a\0b\r\n\r\n${hidden}`,
  'NUL in a header’s name': `${head}X\0: a\r\n\r\n${hidden}`,
  'no name': `${head}: a\r\n\r\n${hidden}`,
  'a version that is none': `POST ${path} HTTP/1.2.3\r\nHost: x\r\n\r\n${hidden}`,
}

for (const [shape, text] of Object.entries(shapes)) {
  test(`answers ${shape} once, with 400, and closes`, async () => {
    using line = await openLine(app.port)
    line.write(text)
    const answer = await line.closed
    assert.deepEqual(statusesIn(answer), [400], answer)
    assert.match(answer, /connection: close/i)
    assert.deepEqual(await readLog(chat), [])
  })
}

test('requests that follow one another well are answered one by one, on the same connection', async () => {
  const other = await startChat(app, { id: 'u1' })
  const posts = ['one', 'two'].map(text => {
    const json = JSON.stringify({ type: 'message', text })
    return `POST ${new URL(other.address).pathname}/activities HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${other.token}\r\nContent-Length: ${json.length}\r\n\r\n${json}`
  })
  using line = await openLine(app.port)
  line.write(posts.join(''))
  await line.until('two answers', text => statusesIn(text).length === 2)
  assert.deepEqual(statusesIn(line.received()), [200, 200])
  assert.deepEqual(
    (await readLog(other)).map(({ text }) => text),
    ['one', 'two'],
  )
  await say(other, 'still here')
})
