/**
 * Files that are meant to run in somebody's browser: whatever they hold, whatever they are called and whatever they say
 * they are, they are served with the same few headers, under which nothing runs.
 */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { makeFolder } from '../../support/folder.ts'
import { type Answer, call } from '../../support/http.ts'
import { botSays } from '../../support/talk.ts'
import { filePart, formOf, newest, upload } from '../direct-line-v3/form.ts'
import { startGround } from './ground.ts'

const folder = await makeFolder()
const ground = await startGround({ dir: folder.path })
after(async () => {
  await ground[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})
const { app, open } = ground

/** The address of a file that a client has uploaded. */
async function uploaded(name: string, type: string, bytes: string): Promise<string> {
  const { status, text } = await upload(open.talk, formOf([filePart(name, bytes, type)]))
  assert.equal(status, 200, text)
  return (await newest(open.talk)).attachments?.at(-1)?.contentUrl ?? ''
}

/** The address of a file that the bot has put into a message. */
async function said(name: string, type: string, bytes: string): Promise<string> {
  const contentUrl = `data:${type};base64,${Buffer.from(bytes).toString('base64')}`
  await botSays(open.talk, { type: 'message', attachments: [{ contentType: type, name, contentUrl }] })
  return (await newest(open.talk)).attachments?.at(-1)?.contentUrl ?? ''
}

/** The address of a file that the bot has uploaded. */
async function kept(name: string, type: string, bytes: string): Promise<string> {
  const json = { type, name, originalBase64: Buffer.from(bytes).toString('base64') }
  const { status, body, text } = await call(`${open.talk.connector}/attachments`, { json })
  assert.equal(status, 200, text)
  return `${app.origin}/v3/attachments/${body.id}/views/original`
}

const roads = { uploaded, said, kept }

/** Holds the answer against every header that it may have, and no other. */
function assertInert({ status, headers, text }: Answer, type: string, disposition: string, name: string): void {
  assert.equal(status, 200, text)
  const {
    date: _date,
    etag: _etag,
    connection: _connection,
    'keep-alive': _alive,
    'x-ms-request-id': _id,
    'content-length': _length,
    'content-disposition': shown = '',
    ...rest
  } = headers
  assert.deepEqual(rest, {
    'content-type': type,
    'content-security-policy': "sandbox; default-src 'none'",
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'cross-origin',
    'cache-control': 'private, max-age=3600',
    'access-control-allow-origin': '*',
    'access-control-expose-headers': 'Retry-After, x-ms-request-id',
    vary: 'Origin',
  })
  const written = /^(inline|attachment); filename\*=UTF-8''([A-Za-z0-9!#$&+.^_`|~%-]+)$/.exec(shown)
  assert.equal(written?.[1], disposition, shown)
  assert.equal(decodeURIComponent(written?.[2] ?? ''), name)
}

const html = '<!doctype html><script>fetch("/v3/directline/tokens/generate")</script>'
const svg = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script></svg>'
/** A picture to some readers, a page or a program to others. */
const polyglot = `GIF89a/*${html}*/=alert(1)//%PDF-1.7<?xml version="1.0"?>${svg}`

const files: readonly (readonly [type: string, bytes: string, servedAs: string, disposition: string])[] = [
  ['text/html', html, 'text/html', 'attachment'],
  ['TEXT/HTML', html, 'text/html', 'attachment'],
  ['text/html; charset=utf-7', '+ADw-script+AD4-', 'text/html', 'attachment'],
  ['application/xhtml+xml', html, 'application/xhtml+xml', 'attachment'],
  ['image/svg+xml', svg, 'image/svg+xml', 'attachment'],
  ['image/svg', svg, 'image/svg', 'attachment'],
  ['text/xml', svg, 'text/xml', 'attachment'],
  ['application/xml', svg, 'application/xml', 'attachment'],
  ['text/xsl', svg, 'text/xsl', 'attachment'],
  ['application/pdf', '%PDF-1.7', 'application/pdf', 'attachment'],
  ['text/javascript', 'alert(1)', 'text/javascript', 'attachment'],
  ['application/javascript', 'alert(1)', 'application/javascript', 'attachment'],
  ['text/css', '*{}', 'text/css', 'attachment'],
  ['application/x-shockwave-flash', 'FWS', 'application/x-shockwave-flash', 'attachment'],
  ['multipart/x-mixed-replace', html, 'multipart/x-mixed-replace', 'attachment'],
  ['message/rfc822', html, 'message/rfc822', 'attachment'],
  ['text/plain', html, 'text/plain', 'attachment'],
  ['application/octet-stream', html, 'application/octet-stream', 'attachment'],
  ['image/bmp', html, 'image/bmp', 'attachment'],
  ['image/x-icon', html, 'image/x-icon', 'attachment'],
  ['image/png', polyglot, 'image/png', 'inline'],
  ['image/jpeg', html, 'image/jpeg', 'inline'],
  ['image/gif', polyglot, 'image/gif', 'inline'],
  ['image/webp', svg, 'image/webp', 'inline'],
  ['image/avif', svg, 'image/avif', 'inline'],
  ['audio/mpeg', html, 'audio/mpeg', 'inline'],
  ['video/mp4', html, 'video/mp4', 'inline'],
  ['image/png, text/html', html, 'application/octet-stream', 'attachment'],
  ['image/png text/html', html, 'application/octet-stream', 'attachment'],
  ['image/png\ttext/html', html, 'application/octet-stream', 'attachment'],
  ['image/*', html, 'application/octet-stream', 'attachment'],
  ['*/*', html, 'application/octet-stream', 'attachment'],
  ['image/', html, 'application/octet-stream', 'attachment'],
  ['/png', html, 'application/octet-stream', 'attachment'],
  ['image/png/html', html, 'application/octet-stream', 'attachment'],
  ['image/<script>', html, 'application/octet-stream', 'attachment'],
  ['"image/png"', html, 'application/octet-stream', 'attachment'],
  [`image/${'x'.repeat(128)}`, html, 'application/octet-stream', 'attachment'],
]

for (const [road, bring] of Object.entries(roads)) {
  test(`what is ${road} runs nowhere, whatever it holds and says it is`, async () => {
    for (const [type, bytes, servedAs, disposition] of files) {
      const url = await bring('a.html', type, bytes)
      // Where a type has a comma the data of such a URL begins too early, so that it is none.
      if (url.startsWith('data:')) {
        assert.equal(road, 'said')
        assert.match(type, /,/)
        continue
      }
      for (const method of ['GET', 'HEAD']) {
        const answer = await call(url, { method })
        assertInert(answer, servedAs, disposition, 'a.html')
        if (method === 'GET') assert.equal(answer.text, bytes)
      }
    }
  })
}

const long = 'ü'.repeat(2_000)
const names: readonly (readonly [name: string, servedAs: string])[] = [
  ['../../../../etc/passwd', 'passwd'],
  ['..\\..\\boot.ini', 'boot.ini'],
  ['/', 'file'],
  ['.', 'file'],
  ['..', 'file'],
  ['   ', 'file'],
  ['a\u202etxt.exe', 'atxt.exe'],
  ['\u2066a\u2069.\u200fhtml', 'a.html'],
  ['\u061ca.html', 'a.html'],
  ['a\u0007\u009b31mb', 'a31mb'],
  ["a'; filename=evil.html", "a'; filename=evil.html"],
  ['a%0d%0aX-Injected: 1', 'a%0d%0aX-Injected: 1'],
  ['<img src=x>', '<img src=x>'],
  ['CON', 'CON'],
  ['a.html\u0000.png', 'a.html.png'],
  [long, 'ü'.repeat(127)],
]

test('names are names alone: no folder, no line end, nothing unseen, and not long', async () => {
  for (const [name, servedAs] of names) {
    // What a header can't hold comes as clients of today write it.
    const disposition = `attachment; filename*=UTF-8''${encodeURIComponent(name)}`
    const headers = { 'content-type': 'text/html', 'content-disposition': disposition }
    const { status, text } = await upload(open.talk, { raw: html, headers })
    assert.equal(status, 200, text)
    const [attachment] = (await newest(open.talk)).attachments ?? []
    // Only what fits into the header that is read arrives.
    if (name !== long) assert.equal(attachment?.name, servedAs)
    assert.ok(Buffer.byteLength(attachment?.name ?? '') <= 255)
    for (const url of [
      attachment?.contentUrl ?? '',
      await said(name, 'text/html', html),
      await kept(name, 'text/html', html),
    ]) {
      const expected = name === long && url === attachment?.contentUrl ? (attachment?.name ?? '') : servedAs
      assertInert(await call(url), 'text/html', 'attachment', expected)
    }
  }
  for (const raw of [
    'attachment; filename="a\\"b.html"',
    `attachment; filename*=UTF-8''a%0d%0aSet-Cookie:%20x=y`,
    'attachment; filename="a.html"; filename="b.html"; filename=c',
  ]) {
    const { status } = await upload(open.talk, {
      raw: html,
      headers: { 'content-type': 'text/html', 'content-disposition': raw },
    })
    assert.equal(status, 200)
    const { headers } = await call((await newest(open.talk)).attachments?.[0]?.contentUrl ?? '')
    assert.equal(headers['set-cookie'], undefined)
    assert.equal(headers['x-injected'], undefined)
  }
})

test('a name that can not be written in an address fails nothing', async () => {
  for (const name of ['\ud800', 'a\udc00b', '\ud800'.repeat(500)]) {
    for (const url of [await said(name, 'text/html', html), await kept(name, 'text/html', html)])
      assert.equal((await call(url)).status, 200, JSON.stringify(name))
  }
})

test('on disk a file is called by an id, and no folder is left', () => {
  const paths = readdirSync(join(folder.path, 'files'), { recursive: true, encoding: 'utf8' })
  assert.ok(paths.length > 50)
  for (const path of paths) assert.match(path, /^[\w-]{22,55}(?:[/\\][\w-]{22,55}(?:\.json)?)?$/)
  assert.deepEqual(
    readdirSync(folder.path).filter(name => !/^(?:files|landline\.|master\.key)/.test(name)),
    [],
  )
})

test('the link’s last part is for people: another name there brings no other type', async () => {
  const url = new URL(await uploaded('a.txt', 'text/plain', html))
  for (const name of ['evil.html', 'evil.svg', '..%2fevil.html', 'a%0d%0aX-Injected:1']) {
    url.pathname = url.pathname.replace(/[^/]+$/, name)
    assertInert(await call(url.href), 'text/plain', 'attachment', 'a.txt')
  }
})
