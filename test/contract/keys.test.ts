/**
 * What keys promise: they sign, mark and seal, and the master key under all of them is kept on disk.
 */
import assert from 'node:assert/strict'
import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'
import { openKeys } from '../../src/adapters/system/keys.ts'
import { openMasterKey } from '../../src/adapters/system/master-key.ts'
import { tokenCharactersMax } from '../../src/protocol/limits.ts'

const master = randomBytes(32)
const keys = openKeys(master)
const claims = '{"user":"dl_Zoë","conv":"abc","note":"\\u0000 ✓"}'

const base64url = (text: string | Uint8Array) => Buffer.from(text).toString('base64url')
const parts = (token: string) => token.split('.') as [header: string, payload: string, signature: string]
const headerOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(parts(token)[0], 'base64url').toString())

describe('keys: tokens', () => {
  it('signs claims as a compact JWT that anybody can decode', () => {
    const [header, payload, signature] = parts(keys.sign(claims))
    const { kid, ...rest } = JSON.parse(Buffer.from(header, 'base64url').toString())
    assert.deepEqual(rest, { alg: 'HS256', typ: 'JWT' })
    assert.match(kid, /^[\w-]{12}$/)
    assert.equal(Buffer.from(payload, 'base64url').toString(), claims)
    assert.match(signature, /^[\w-]{43}$/)
  })

  it('gives back the claims of its own tokens, also after a restart', () => {
    assert.equal(keys.verified(keys.sign(claims)), claims)
    assert.equal(openKeys(master).verified(keys.sign(claims)), claims)
    assert.equal(keys.verified(keys.sign('')), '')
  })

  it('knows no token of another master key', () => {
    assert.equal(openKeys(randomBytes(32)).verified(keys.sign(claims)), undefined)
  })

  it('refuses a token in which any one character is another', () => {
    const token = keys.sign(claims)
    for (let at = 0; at < token.length; at += 1) {
      for (const character of ['A', 'B', '.', '=', ' ']) {
        if (token[at] === character) continue
        assert.equal(keys.verified(token.slice(0, at) + character + token.slice(at + 1)), undefined, `at ${at}`)
      }
    }
  })

  it('refuses every other header, signed rightly or not', () => {
    const token = keys.sign(claims)
    const [, payload, signature] = parts(token)
    const own = headerOf(token)
    const headers: Record<string, unknown>[] = [
      { ...own, alg: 'none' },
      { ...own, alg: 'None' },
      { ...own, alg: 'HS384' },
      { ...own, alg: 'RS256' },
      { ...own, alg: 'ES256' },
      { ...own, kid: '' },
      { ...own, kid: '../../../dev/null' },
      { ...own, kid: ['x'] },
      { ...own, jwk: { kty: 'oct', k: base64url('k') } },
      { ...own, jku: 'https://127.0.0.1/keys' },
      { ...own, x5u: 'https://127.0.0.1/certificate' },
      { ...own, x5c: ['AA=='] },
      { ...own, crit: ['exp'] },
      { ...own, zip: 'DEF' },
      { ...own, b64: false },
      { typ: 'JWT', alg: 'HS256', kid: own['kid'] },
      { alg: 'HS256', typ: 'JWT' },
      {},
    ]
    // Even whoever signs with the very key: the header is wrong, whatever the signature.
    const tokenKey = new Uint8Array(hkdfSync('sha256', master, '', 'landline token', 32))
    const signedRightly = (text: string) => `${text}.${createHmac('sha256', tokenKey).update(text).digest('base64url')}`
    assert.equal(signedRightly(token.slice(0, token.lastIndexOf('.'))), token)
    for (const header of headers) {
      const signed = `${base64url(JSON.stringify(header))}.${payload}`
      for (const key of ['', 'k', String(own['kid']), token, master]) {
        const forged = `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`
        assert.equal(keys.verified(forged), undefined, JSON.stringify(header))
      }
      assert.equal(keys.verified(signedRightly(signed)), undefined, JSON.stringify(header))
      assert.equal(keys.verified(`${signed}.${signature}`), undefined)
      assert.equal(keys.verified(`${signed}.`), undefined)
      assert.equal(keys.verified(signed), undefined)
    }
  })

  it('refuses what only decodes to a token: spaces, padding, other spellings of the same bytes, more or fewer parts', () => {
    const token = keys.sign(claims)
    const [header, payload, signature] = parts(token)
    const lastDigits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const sameBytes =
      lastDigits[
        (lastDigits.indexOf(signature.at(-1) ?? '') & ~3) + ((lastDigits.indexOf(signature.at(-1) ?? '') + 1) & 3)
      ]
    for (const text of [
      '',
      '.',
      '..',
      '...',
      ` ${token}`,
      `${token} `,
      `${token}=`,
      `${token}\n`,
      `${token}.`,
      `.${token}`,
      `${token}.${signature}`,
      `${header}.${payload}`,
      `${header}..${signature}`,
      `${header}.${signature}`,
      `${header}=.${payload}.${signature}`,
      `${header}.${payload}=.${signature}`,
      `${header}.${payload}.${signature.slice(0, -1)}`,
      `${header}.${payload}.${signature.slice(0, -1)}${sameBytes}`,
      `${header}.${payload}.${'é'.repeat(43)}`,
    ]) {
      assert.equal(keys.verified(text), undefined, JSON.stringify(text))
    }
  })

  it('looks at no token beyond the limit', () => {
    assert.equal(keys.verified(keys.sign('x'.repeat(tokenCharactersMax))), undefined)
    assert.equal(keys.verified(keys.sign('x'.repeat(2_000))), 'x'.repeat(2_000))
  })
})

describe('keys: marks, digests and seals', () => {
  it('gives the same text the same mark, over restarts, and every other text, purpose or key another', () => {
    const mark = keys.mark('connector', 'abc')
    assert.match(mark, /^[\w-]{43}$/)
    assert.equal(openKeys(master).mark('connector', 'abc'), mark)
    const others = [
      keys.mark('file', 'abc'),
      keys.mark('connector', 'abd'),
      keys.mark('connector', ''),
      keys.digest('abc'),
    ]
    others.push(openKeys(randomBytes(32)).mark('connector', 'abc'), parts(keys.sign('abc'))[2])
    assert.equal(new Set([mark, ...others]).size, others.length + 1)
  })

  it('knows its marks and nothing near them', () => {
    const mark = keys.mark('file', 'abc')
    assert.equal(keys.isMark('file', 'abc', mark), true)
    for (const near of [
      '',
      mark.slice(1),
      `${mark}A`,
      `${mark}=`,
      mark.toLowerCase(),
      'é'.repeat(43),
      keys.mark('connector', 'abc'),
    ]) {
      assert.equal(keys.isMark('file', 'abc', near), false, near)
    }
  })

  it('digests as SHA-256 in base64url', () => {
    assert.equal(keys.digest(''), '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU')
    assert.equal(
      keys.digest('é'),
      base64url(Buffer.from('4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c', 'hex')),
    )
  })

  it('unseals what was sealed, over restarts, and shows nothing of it meanwhile', () => {
    for (const text of ['', 'secret', 'ünï ✓'.repeat(1_000)])
      assert.equal(openKeys(master).unseal(keys.seal(text)), text)
    assert.notEqual(keys.seal('secret'), keys.seal('secret'))
    assert.ok(!Buffer.from(keys.seal('secret'), 'base64url').toString('latin1').includes('secret'))
  })

  it('unseals nothing that is another key’s, cut, changed, or no seal at all', () => {
    const sealed = Buffer.from(keys.seal('secret'), 'base64url')
    assert.equal(openKeys(randomBytes(32)).unseal(base64url(sealed)), undefined)
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed)
      changed[at] = (changed[at] ?? 0) ^ 1
      assert.equal(keys.unseal(base64url(changed)), undefined, `changed at ${at}`)
      assert.equal(keys.unseal(base64url(sealed.subarray(0, at))), undefined, `cut at ${at}`)
    }
    for (const text of ['', 'secret', keys.sign(claims)]) assert.equal(keys.unseal(text), undefined)
  })

  it('takes no master key but one of 32 bytes', () => {
    for (const length of [0, 16, 31, 33, 64]) assert.throws(() => openKeys(new Uint8Array(length)), RangeError)
  })
})

/** A folder for one test. */
async function folder(): Promise<AsyncDisposable & { readonly dir: string; readonly file: string }> {
  const dir = await mkdtemp(path.join(tmpdir(), 'landline-keys-'))
  return { dir, file: path.join(dir, 'master.key'), [Symbol.asyncDispose]: () => rm(dir, { recursive: true }) }
}

describe('the master key on disk', () => {
  it('is made once, for its owner’s eyes only, and read from then on', async () => {
    await using at = await folder()
    const dir = path.join(at.dir, 'not', 'there', 'yet')
    const made = await openMasterKey(dir)
    assert.equal(made.byteLength, 32)
    assert.deepEqual(await openMasterKey(dir), made)
    assert.deepEqual(await readdir(dir), ['master.key'])
    assert.equal(await readFile(path.join(dir, 'master.key'), 'utf8'), `${Buffer.from(made).toString('base64')}\n`)
    if (process.platform !== 'win32') assert.equal((await stat(path.join(dir, 'master.key'))).mode & 0o777, 0o600)
    assert.notDeepEqual(await openMasterKey(at.dir), made)
  })

  it('is the same for all who start at once', async () => {
    await using at = await folder()
    const all = await Promise.all(Array.from({ length: 16 }, () => openMasterKey(at.dir)))
    for (const key of all) assert.deepEqual(key, all[0])
    assert.deepEqual(await readdir(at.dir), ['master.key'])
  })

  it('is refused by name if it is damaged, and never written over', async () => {
    await using at = await folder()
    const whole = randomBytes(32).toString('base64')
    const damaged = [
      '',
      '\n',
      'x',
      whole.slice(1),
      `${whole}${whole}`,
      `${whole} `,
      `\n${whole}`,
      whole.replace('=', ''),
      randomBytes(16).toString('base64'),
    ]
    damaged.push(
      randomBytes(33).toString('base64'),
      `${'A'.repeat(42)}B=`,
      '\0'.repeat(44),
      `${whole.slice(0, 40)}***=`,
    )
    for (const text of damaged) {
      await writeFile(at.file, text)
      await assert.rejects(
        openMasterKey(at.dir),
        error => error instanceof Error && error.message.includes(at.file),
        JSON.stringify(text),
      )
      assert.equal(await readFile(at.file, 'utf8'), text)
    }
    for (const text of [whole, `${whole}\n`, `${whole}\r\n`]) {
      await writeFile(at.file, text)
      assert.deepEqual(await openMasterKey(at.dir), Buffer.from(whole, 'base64'))
    }
  })

  it('is refused by name if it can’t be read', async () => {
    await using at = await folder()
    await mkdir(at.file)
    await assert.rejects(openMasterKey(at.dir), { message: `The master key ${at.file} can't be read.` })
  })
})
