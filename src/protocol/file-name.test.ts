/**
 * Names of files as people and programs give them.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileNameIn } from './file-name.ts'
import { fileNameBytesMax } from './limits.ts'

test('a name is what stands behind the last folder, without what nobody sees', () => {
  for (const [path, name] of [
    ['a.txt', 'a.txt'],
    ['/tmp/a.txt', 'a.txt'],
    ['C:\\Users\\uma\\a.txt', 'a.txt'],
    ['a/', 'file'],
    ['..', 'file'],
    [' a.txt ', 'a.txt'],
    ['a\u202etxt.exe', 'atxt.exe'],
    ['a\r\nb\u0000c\u0085d', 'abcd'],
    ['\ud800', '\ufffd'],
    ['naïve 👋.txt', 'naïve 👋.txt'],
    ['', 'file'],
  ])
    assert.equal(fileNameIn(path ?? ''), name)
})

test('a long name is cut to whole characters that fit', () => {
  for (const character of ['x', 'ü', '☃', '👋']) {
    const bytes = Buffer.byteLength(character)
    assert.equal(fileNameIn(character.repeat(1_000)), character.repeat(Math.floor(fileNameBytesMax / bytes)))
  }
})

test('a name of megabytes takes no longer than a short one', () => {
  for (const name of ['x'.repeat(5_000_000), '\u0000'.repeat(5_000_000), '👋'.repeat(2_000_000)]) {
    let fastestMs = Number.POSITIVE_INFINITY
    // Others may have the machine for a moment.
    for (let tries = 0; tries < 10 && fastestMs >= 200; tries += 1) {
      const startedMs = performance.now()
      assert.ok(Buffer.byteLength(fileNameIn(name)) <= fileNameBytesMax)
      fastestMs = Math.min(fastestMs, performance.now() - startedMs)
    }
    assert.ok(fastestMs < 200, `${fastestMs} ms`)
  }
})
