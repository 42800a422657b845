/**
 * The package as people get it: what is in it, and that it works without the project around it.
 */
import assert from 'node:assert/strict'
import { cpSync, createReadStream, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import { startEchoBot } from '../support/three-bots.ts'
import { beginCommand, openDesk } from './desk.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** How large the package may be: bytes. */
const packedBytesMax = 2_000_000

type LockedPackage = { readonly dev?: boolean; readonly devOptional?: boolean; readonly optional?: boolean }

/** Packages that an install without those for development brings. */
const installed = (): readonly string[] => {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockedPackage>
  }
  return Object.entries(packages)
    .filter(([path, { dev, devOptional, optional }]) => path !== '' && !dev && !devOptional && !optional)
    .map(([path]) => path)
}

suite('the package', () => {
  test('holds what is needed and nothing else, runs no script when it is installed, and works where it lies', async () => {
    await using desk = await openDesk()
    await using packing = beginCommand('npm', ['pack', '--json', '--pack-destination', desk.path], {
      cwd: root,
      env: desk.env,
    })
    const packed = await packing.ended()
    assert.equal(packed.code, 0, packed.err)
    const told: unknown = JSON.parse(packed.out.slice(packed.out.indexOf('[')))
    const [{ filename, size }] = told as [{ filename: string; size: number }]
    assert.ok(size <= packedBytesMax, `${size} bytes`)
    const app = join(desk.path, 'app')
    const landline = join(app, 'node_modules', 'landline')
    const names = await unpack(join(desk.path, filename), landline)

    assert.deepEqual(
      names.filter(name => /\.test\.|(?:^|\/)test\/|\.map$|\.ts$/.test(name)),
      [],
      'no tests, no maps, no source that Node would not run there',
    )
    for (const name of ['LICENSE', 'THIRD-PARTY.md', 'console/dist/index.html', 'dist/web-chat-4.18.1/webchat.js'])
      assert.ok(names.includes(name), name)
    const thirdParty = readFileSync(join(landline, 'THIRD-PARTY.md'), 'utf8')
    for (const name of ['preact', 'botframework-webchat', 'react']) assert.match(thirdParty, new RegExp(name, 'i'))
    const { scripts } = JSON.parse(readFileSync(join(landline, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>
    }
    assert.deepEqual(
      Object.keys(scripts).filter(name => /^(?:pre|post)?install$|^prepare$/.test(name)),
      [],
    )
    const dependencies = installed()
    assert.deepEqual(
      dependencies.filter(path => /webchat|directlinejs|\/react|preact|vite/.test(path)),
      [],
    )

    // As an install would have it, but without asking a registry. Packages inside packages come with those.
    for (const path of dependencies.filter(path => path.split('node_modules/').length === 2)) {
      const to = join(app, path)
      mkdirSync(join(to, '..'), { recursive: true })
      symlinkSync(join(root, path), to, 'junction')
    }
    await using bot = await startEchoBot()
    const env = { ...desk.env, NODE_COMPILE_CACHE: join(desk.path, 'cache') }
    const bin = join(landline, 'bin', 'landline.js')
    const begin = (args: readonly string[], input?: string) =>
      beginCommand(process.execPath, [bin, ...args], { cwd: app, env, input })
    await using service = begin(['--port', '0', '--bot', bot.url])
    await service.until('the start', out => out.includes('Ctrl-C stops it.'))
    assert.match(service.out(), /\/console\/#key=\S+\n +Direct Line +http\S+\n +Secret +\S+/)
    const origin = /Direct Line +(http:\S+)\/v3/.exec(service.out())?.[1]
    const page = await fetch(`${origin}/console/`)
    assert.equal(page.status, 200)
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
    assert.equal((await fetch(`${origin}/webchat/4.18.1/webchat.js`)).status, 200)
    await using chat = begin(['chat'], 'hi\n')
    const said = await chat.ended()
    assert.equal(said.code, 0, said.err)
    assert.equal(said.out, 'You said: hi\n')
    service.child.kill('SIGTERM')
    assert.equal((await service.ended()).code, 0)
  })

  test('brings a unit that systemd finds nothing wrong with', async t => {
    await using desk = await openDesk()
    const unit = join(desk.path, 'landline.service')
    cpSync(join(root, 'packaging', 'landline.service'), unit)
    await using verifying = beginCommand(
      'sh',
      ['-c', 'command -v systemd-analyze >/dev/null || exit 77; systemd-analyze verify "$0"', unit],
      {
        cwd: desk.path,
        env: desk.env,
      },
    )
    const { code, out, err } = await verifying.ended()
    if (code === 77) return t.skip('there is no systemd-analyze here')
    assert.deepEqual([code, out, err], [0, '', ''])
  })
})

/** Unpacks what npm packed. Answers the names of its files. */
async function unpack(tarball: string, into: string): Promise<readonly string[]> {
  const names: string[] = []
  const unpacking = createReadStream(tarball).pipe(createGunzip()).pipe(extract())
  for await (const entry of unpacking) {
    const name = entry.header.name.replace(/^package\//, '')
    const parts: Buffer[] = []
    for await (const part of entry) parts.push(part as Buffer)
    names.push(name)
    mkdirSync(join(into, name, '..'), { recursive: true })
    writeFileSync(join(into, name), Buffer.concat(parts))
  }
  return names
}
