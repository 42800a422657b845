/**
 * Input that is written to cost time: each request of it takes little of the processor, however it is made, because
 * what reads it passes over it once.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { ada } from '../../support/bot-tokens.ts'
import { type Answer, type Call, call } from '../../support/http.ts'
import { formOf } from '../direct-line-v3/form.ts'
import { startGround } from './ground.ts'

const ground = await startGround()
after(() => ground[Symbol.asyncDispose]())
const { app, open } = ground

/**
 * What one request may cost in this process, ours and the client's together: milliseconds of the processor. A request of
 * four megabytes takes some tens of it; what grows with the square of its length takes seconds.
 */
const costMax = 700

/** Sends a request twice, because the first one also pays for what is compiled, and holds the cheaper one to the limit. */
async function assertCheap(what: string, url: string, request: Call): Promise<Answer> {
  let cheapest = Number.POSITIVE_INFINITY
  let answer: Answer | undefined
  for (let times = 0; times < 2; times += 1) {
    const before = process.cpuUsage()
    answer = await call(url, request)
    const { user, system } = process.cpuUsage(before)
    cheapest = Math.min(cheapest, (user + system) / 1000)
  }
  assert.ok(answer !== undefined && answer.status < 500, `${what}: ${answer?.status} ${answer?.text}`)
  assert.ok(cheapest < costMax, `${what} takes ${cheapest.toFixed(0)} ms`)
  return answer
}

const bearer = open.talk.token
const activities = `${open.talk.address}/activities`
const message = (value: string) => `{"type":"message","text":"x","channelData":${value}}`

test('JSON, whatever is repeated in it', async () => {
  for (const [what, value] of Object.entries({
    'quotes behind backslashes': `"${'\\\\'.repeat(120_000)}"`,
    'escaped quotes': `"${'\\"'.repeat(120_000)}"`,
    digits: '1'.repeat(250_000),
    'digits and points': `[${'1.5,'.repeat(40_000)}1]`,
    'minus signs': `[${'-0,'.repeat(40_000)}0]`,
    exponents: `[${'1e9,'.repeat(40_000)}1]`,
    spaces: `[${' '.repeat(250_000)}]`,
    brackets: '['.repeat(250_000),
    'what looks like a prototype': `["${'__proto__'.repeat(25_000)}"]`,
    'escapes that may name one': `["${'\\u005f'.repeat(40_000)}"]`,
    'members of one name': `{${'"a":1,'.repeat(40_000)}"a":1}`,
    'members that differ in case': `{${Array.from({ length: 20_000 }, (_, at) => `"k${at}":1`).join(',')}}`,
    'an unended text': `"${'x'.repeat(250_000)}`,
  })) {
    await assertCheap(what, activities, { bearer, raw: message(value) })
  }
  const names = Array.from({ length: 20_000 }, (_, at) => `"${at % 2 === 0 ? 'From' : 'fROM'}${at}":1`).join(',')
  await assertCheap('names at the top', activities, { bearer, raw: `{"type":"message",${names}}` })
  const members = Array.from({ length: 12_000 }, () => '{"Id":"u1"}').join(',')
  await assertCheap('members who join', activities, { bearer, raw: `{"type":"message","membersAdded":[${members}]}` })
})

test('messages of 1.1, and cards that 1.1 is told in words', async () => {
  const old = activities.replace('/v3/directline/', '/api/').replace(/activities$/, 'messages')
  for (const url of [
    '/'.repeat(100_000),
    '?'.repeat(100_000),
    `${'a'.repeat(100_000)}:`,
    '#/'.repeat(50_000),
    '.'.repeat(100_000),
  ]) {
    await assertCheap(`a picture at ${url.slice(0, 5)}`, old, { bearer, json: { images: [url] } })
    await assertCheap(`a file at ${url.slice(0, 5)}`, old, { bearer, json: { attachments: [{ url }] } })
  }
  for (const speak of [
    '<'.repeat(200_000),
    '<s '.repeat(60_000),
    '&'.repeat(200_000),
    '&#1'.repeat(60_000),
    ' '.repeat(200_000),
  ]) {
    const attachments = [{ contentType: 'application/vnd.microsoft.card.adaptive', content: { speak } }]
    await assertCheap('a card', activities, { bearer, json: { type: 'message', attachments } })
  }
  await assertCheap('reading them', `${old}?watermark=0`, { bearer })
})

test('names of files, forms and what stands in their headers', async () => {
  const upload = `${open.talk.address}/upload`
  const names = {
    'a long name': 'x'.repeat(4_000),
    'a long name in escapes': '%C3%BC'.repeat(600),
    'a name of line ends': '\\'.repeat(4_000),
    'a name of folders': '/'.repeat(4_000),
    'a name of dots': '.'.repeat(4_000),
  }
  for (const [what, name] of Object.entries(names)) {
    const headers = [`Content-Disposition: form-data; name="file"; filename="${name}"; filename*=UTF-8''${name}`]
    const form = formOf(Array.from({ length: 32 }, () => ({ headers, bytes: 'x' })))
    await assertCheap(`${what}, 32 times`, upload, { method: 'POST', bearer, ...form })
  }
  for (const [what, disposition] of Object.entries({
    words: 'a '.repeat(4_000),
    semicolons: ';'.repeat(8_000),
    'spaces before nothing': `a${' '.repeat(8_000)}`,
    'an unended quote': `filename="${'\\'.repeat(8_000)}`,
    'equals signs': 'a='.repeat(4_000),
  })) {
    await assertCheap(what, upload, { bearer, raw: 'x', headers: { 'content-disposition': disposition } })
  }
  for (const type of [
    `multipart/form-data; boundary=${'a'.repeat(200)}`,
    `multipart/form-data;${' '.repeat(8_000)}`,
    `a/${'b'.repeat(8_000)}`,
  ]) {
    await assertCheap(type.slice(0, 30), upload, {
      bearer,
      raw: '\r\n--a'.repeat(400_000),
      headers: { 'content-type': type },
    })
  }
})

test('paths, queries and headers', async () => {
  for (const piece of [
    '/',
    '//',
    '/.',
    '/..',
    '/connector/a/b',
    '/v3/',
    '/.well-known',
    '%2f',
    '/a;',
    '/attachments/x',
    'x',
    '/-.',
    '/1/oauth2/v2.0/token',
  ]) {
    const path = piece.repeat(8_000 / piece.length)
    await assertCheap(`a path of ${piece}`, `${app.origin}/${path}`, { bearer })
  }
  for (const piece of ['&', 'a=&', 'watermark=1&', '%', '%25', '=', '+', '__proto__=1&', 'a[]=1&', ';'])
    await assertCheap(`a query of ${piece}`, `${activities}?${piece.repeat(7_500 / piece.length)}`, { bearer })
  for (const [name, value] of [
    ['authorization', `Bearer ${'a'.repeat(7_000)} ${'b'.repeat(7_000)}`],
    ['authorization', `Bearer${' '.repeat(14_000)}x y`],
    ['authorization', `Bearer ${'.'.repeat(14_000)}`],
    ['authorization', `Basic ${'A'.repeat(14_000)}!`],
    ['x-forwarded-for', ','.repeat(14_000)],
    ['host', ':'.repeat(14_000)],
    ['origin', '/'.repeat(14_000)],
    ['cookie', ';='.repeat(7_000)],
    ['content-type', ';'.repeat(14_000)],
    ['x-ms-bot-agent', 'directlinej'.repeat(1_200)],
  ] as const) {
    for (const url of [activities, `${app.origin}/admin/v1/bots`, `${app.origin}/bot/v1.0/bots/old/users/u1`])
      await assertCheap(`${name} of ${value.slice(0, 12)}`, url, {
        headers: { authorization: `Bearer ${bearer}`, [name]: value },
      })
  }
})

test('what a bot sends: files in base64, addresses, and what it asks tokens for', async () => {
  const attachments = `${open.talk.connector}/attachments`
  for (const [what, original] of Object.entries({
    'line ends': `${'\n'.repeat(60_000)}!`,
    'equals signs': '='.repeat(60_000),
    'line ends behind padding': `=${'\r\n'.repeat(30_000)}!`,
  })) {
    await assertCheap(`base64 of ${what}`, attachments, { json: { type: 'a/b', originalBase64: original } })
  }
  const json = { type: 'a/b', originalBase64: 'YQ==', name: 'x'.repeat(20_000) }
  await assertCheap('a long name of a bot', attachments, { json })
  const said = `${open.talk.connector}/activities`
  const inline = (contentUrl: string) => ({ type: 'message', attachments: [{ contentType: 'a/b', contentUrl }] })
  await assertCheap('a file in an address', said, { json: inline(`data:a/b;base64,${'\n'.repeat(60_000)}!`) })
  await assertCheap('parameters in an address', said, { json: inline(`data:a/b${';a'.repeat(100_000)}`) })
  const mark = `/v3/attachments/${open.talk.conversation}.`
  const address = `http://x${mark}a/views/original`
  for (const piece of [
    ...['http://', 'https://x', 'http://https://', `http://x${mark}`, `http://${'x'.repeat(280)}`, mark],
    ...[address, `${address}?`, `${address}?.`, `${address}?a=1.`, `${address}?&amp;`, `${address}/`],
    ...['/connector/', '/connector/a/', '%2Fconnector', '%25', '%2525'],
  ])
    await assertCheap(`addresses of ${piece}`, said, {
      json: { type: 'message', text: piece.repeat(250_000 / piece.length) },
    })
  for (const piece of ['.', '&amp;', '&', 'a=', '/', '%'])
    await assertCheap(`a query of ${piece} behind an address`, said, {
      json: { type: 'message', text: `${address}?${piece.repeat(250_000 / piece.length)}` },
    })
  for (const piece of ['/', ' ', 'openid ', 'x/']) {
    const form = {
      grant_type: 'client_credentials',
      client_id: ada.id,
      client_secret: ada.password,
      scope: `${piece.repeat(60_000 / piece.length)}x`,
    }
    const raw = new URLSearchParams(form).toString()
    await assertCheap(`a scope of ${piece}`, `${app.origin}/landline/oauth2/v2.0/token`, { raw: raw.slice(0, 65_000) })
  }
  const query = new URLSearchParams({
    'api-version': '2019-08-01',
    client_id: ada.id,
    resource: `${'/'.repeat(2_500)}x`,
  })
  await assertCheap('a resource', `${app.origin}/msi/token?${query}`, {
    headers: { 'x-identity-header': ada.password },
  })
})
