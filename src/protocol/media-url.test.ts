/**
 * What URLs tell by themselves.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { absoluteUrl, imageTypeOf, mediaTypeOf } from './media-url.ts'

test('tells an image by the extension of the path, and by nothing else in the URL', () => {
  const types: [string, string | undefined][] = [
    ['https://a.example/b.png', 'image/png'],
    ['https://a.example/b.gif', 'image/gif'],
    ['https://a.example/b.bmp', 'image/bmp'],
    ['https://a.example/b.webp', 'image/webp'],
    ['https://a.example/b.jpg', 'image/jpeg'],
    ['https://a.example/b.JPEG', 'image/jpeg'],
    ['https://a.example/b.svg', 'image/svg+xml'],
    ['https://a.example/b.png?size=2#top', 'image/png'],
    ['pictures/b.png', 'image/png'],
    ['https://a.example/b?file=c.png', undefined],
    ['https://a.example/b#c.png', undefined],
    ['https://a.example/b.png/c', undefined],
    ['https://example.png', undefined],
    ['https://example.png?', undefined],
    ['https://a.example/png', undefined],
    ['', undefined],
  ]
  for (const [url, type] of types) assert.equal(imageTypeOf(url), type, url)
})

test('tells sound, film and images by the extension, and calls everything else octets', () => {
  assert.equal(mediaTypeOf('https://a.example/b.mp3?x'), 'audio/mpeg')
  assert.equal(mediaTypeOf('https://a.example/b.MP4'), 'video/mp4')
  assert.equal(mediaTypeOf('https://a.example/b.gif'), 'image/gif')
  assert.equal(mediaTypeOf('https://a.example/b.xyz'), 'application/octet-stream')
  assert.equal(mediaTypeOf('https://a.example/watch'), 'application/octet-stream')
})

test('takes relative URLs from our own address, as a browser does from a folder', () => {
  const base = 'https://line.example:8443/chat'
  const cases: [string, string][] = [
    ['a.png', 'https://line.example:8443/chat/a.png'],
    ['/a.png', 'https://line.example:8443/a.png'],
    ['//other.example/a.png', 'https://other.example/a.png'],
    ['?a', 'https://line.example:8443/chat/?a'],
    ['http://other.example/a.png', 'http://other.example/a.png'],
    ['data:image/png;base64,AAAA', 'data:image/png;base64,AAAA'],
  ]
  for (const [url, absolute] of cases) {
    assert.equal(absoluteUrl(url, base), absolute)
    assert.equal(absoluteUrl(url, `${base}/`), absolute)
  }
  assert.equal(absoluteUrl('/a.png', 'http://127.0.0.1:3977'), 'http://127.0.0.1:3977/a.png')
})
