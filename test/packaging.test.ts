/**
 * The files in `packaging/` that engines of containers read: there is no engine here, so they are parsed, held to the
 * rules that matter for the service, and their settings read as the service would.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse, parseAllDocuments } from 'yaml'
import { variables } from '../src/config/environment.ts'
import { readSettings, SettingsError } from '../src/config.ts'
import type { Settings } from '../src/settings.ts'
import { makeFolder } from './support/folder.ts'

/** YAML of others' shapes: what is not there fails the test that looks for it. */
// biome-ignore lint/suspicious/noExplicitAny: these are documents of other programs, a hundred types deep
type Yaml = any

const packaging = fileURLToPath(new URL('../packaging', import.meta.url))
const textOf = (path: string) => readFileSync(join(packaging, path), 'utf8')

const variablesTaken = new Set([...variables, ...variables.map(name => `${name}_FILE`)])

/** Seconds that answers may take to be written once a stop has waited for turns. */
const breakOffSeconds = 5

const key = Buffer.alloc(32, 7).toString('base64')

/** Refuses variables that are no settings. The service would leave them alone, and nobody would notice. */
function assertVariables(names: readonly string[]): void {
  assert.ok(names.length > 0)
  assert.deepEqual(
    names.filter(name => !variablesTaken.has(name)),
    [],
    'these are no settings',
  )
}

suite('compose.yaml', () => {
  const compose = parse(textOf('compose.yaml'), { merge: true }) as Yaml
  const nodes = Object.entries<Yaml>(compose.services).filter(([name]) => name.startsWith('landline-'))

  /** Puts values in for `${NAME}` and `${NAME:?why}`, as Compose does. */
  const filled = (text: string, given: Readonly<Record<string, string>>) =>
    text.replace(/\$\{(\w+)(?::\?[^}]*)?\}/g, (_, name: string) => given[name] ?? assert.fail(`${name} is not said`))
  const given = {
    LANDLINE_HOST: 'chat.example.org',
    LANDLINE_BOT: 'http://host.docker.internal:3978/api/messages',
    LANDLINE_MASTER_KEY: key,
    LANDLINE_ADMIN_KEY: key,
    POSTGRES_PASSWORD: 'aa00',
  }

  const settingsOf = (node: Yaml): Settings => {
    const environment = Object.fromEntries(
      Object.entries<string | number>(node.environment).map(([name, value]) => [name, filled(String(value), given)]),
    )
    const [word, flag, network] = node.command as string[]
    assert.deepEqual([word, flag], ['serve', '--trust-proxy'])
    return readSettings({ flags: { trustProxy: network }, environment, cwd: '/', mode: 'serve' }).settings
  }

  test('starts three nodes that are alike, on one store, one bus and one master key', () => {
    assert.equal(nodes.length, 3)
    const alike = nodes.map(([, { ports: _ports, ...node }]) => node)
    for (const node of alike) assert.deepEqual(node, alike[0])
    const [, { environment }] = nodes[0] ?? assert.fail()
    assertVariables(Object.keys(environment))
    const { store, masterKey } = settingsOf(alike[0])
    assert.ok(store.kind === 'postgres')
    assert.deepEqual(alike[0].volumes, [`files:${dirname(store.filesDir)}`], 'one folder for all')
    assert.equal(masterKey, key)
    const said = textOf('compose.yaml')
      .match(/^# {3}[A-Z_]+(?==)/gm)
      ?.map(line => line.slice(4))
    assert.deepEqual(said?.sort(), Object.keys(given).sort(), 'the head names what must be given')
  })

  test('asks a node whether it is ready, and gives it time to stop', () => {
    for (const [, node] of nodes) {
      const { listen, stopTimeoutMs } = settingsOf(node)
      const [, program, flag, script] = node.healthcheck.test
      assert.deepEqual([program, flag], ['node', '--eval'])
      assert.match(script, new RegExp(`http://127\\.0\\.0\\.1:${listen.port}/ready`))
      assert.ok(seconds(node.stop_grace_period) >= stopTimeoutMs / 1000 + breakOffSeconds)
      assert.equal(node.depends_on.postgres.condition, 'service_healthy')
    }
  })

  test('lets nothing out but the proxy’s ports, and one console to this machine alone', () => {
    const published = Object.entries<Yaml>(compose.services).flatMap(([name, { ports = [] }]) =>
      ports.map((port: string) => `${name} ${port}`),
    )
    assert.deepEqual(published.sort(), ['landline-1 127.0.0.1:3976:3976', 'proxy 443:443', 'proxy 80:80'])
  })

  test('has a proxy that knows every node, asks whether it is ready, and lets in what the page on proxies does', () => {
    const caddyfile = textOf('Caddyfile')
    const { listen } = settingsOf(nodes[0]?.[1])
    const upstreams = /reverse_proxy (.*) \{/.exec(caddyfile)?.[1]?.split(' ')
    assert.deepEqual(
      upstreams,
      nodes.map(([name]) => `${name}:${listen.port}`),
    )
    assert.match(caddyfile, /^\t\thealth_uri \/ready$/m)
    const page = readFileSync(join(packaging, '../docs/how-to/behind-a-proxy-with-tls.md'), 'utf8')
    const expressions = (text: string, named: RegExp) => [...text.matchAll(named)].map(([, expression]) => expression)
    const ofCaddy = /path_regexp "(.*)"/g
    assert.equal(expressions(page, ofCaddy).length, 2)
    assert.deepEqual(expressions(caddyfile, ofCaddy), expressions(page, ofCaddy))
    const ofNginx = expressions(page, /location ~\* "(.*)"/g).map(expression => `(?i)${expression}`)
    assert.deepEqual(ofNginx, expressions(page, ofCaddy), 'whichever proxy it is')
    const [{ subnet }] = compose.networks.landline.ipam.config
    assert.deepEqual(settingsOf(nodes[0]?.[1]).trustedProxies, [subnet], 'the proxy is believed')
  })
})

suite('landline.service', () => {
  const page = readFileSync(join(packaging, '../docs/how-to/systemd-and-containers.md'), 'utf8')
  const typed = (/```sh\n(.*?)```/s.exec(page)?.[1] ?? assert.fail('the page has no commands')).replace(/^ +/gm, '')

  test('says what to type in the words of its page', () => {
    const commands = textOf('landline.service').replace(/^# {3}/gm, '')
    assert.ok(commands.includes(typed), typed)
  })

  test('finds the settings where they were written, to be read by its own user, and a key for root alone', async t => {
    if (process.platform === 'win32') return t.skip('there is no systemd')
    await using folder = await makeFolder()
    const place = join(folder.path, 'etc', 'landline')
    const program = join(packaging, '../bin/landline.js')
    const script = `set -e\numask 022\nlandline() { "$NODE" "$PROGRAM" "$@"; }\n${typed}`.replaceAll(
      '/etc/landline',
      place,
    )
    const env = { PATH: process.env['PATH'], NODE: process.execPath, PROGRAM: program }
    const { status, stderr } = spawnSync('sh', ['-c', script], { cwd: folder.path, env, encoding: 'utf8' })
    if (/openssl.*not found/.test(stderr)) return t.skip('there is no openssl here')
    assert.deepEqual([status, stderr], [0, ''])
    const modes = ['.', 'landline.yaml', 'admin-key'].map(name =>
      (statSync(join(place, name)).mode & 0o777).toString(8),
    )
    assert.deepEqual(modes, ['755', '644', '600'])
    const environment = { LANDLINE_ADMIN_KEY_FILE: join(place, 'admin-key') }
    const { settings, warnings } = readSettings({
      ...{ flags: { config: join(place, 'landline.yaml') }, environment, cwd: '/', mode: 'serve' },
    })
    assert.equal(settings.adminKey?.length, 44)
    assert.deepEqual(warnings, [])
  })
})

for (const { file, kind, store } of [
  { file: 'several-nodes.yaml', kind: 'Deployment', store: 'postgres' },
  { file: 'one-node.yaml', kind: 'StatefulSet', store: 'sqlite' },
] as const) {
  suite(`kubernetes/${file}`, () => {
    const things = parseAllDocuments(textOf(`kubernetes/${file}`)).map(document => {
      assert.deepEqual(document.errors, [])
      return document.toJS() as Yaml
    })
    const one = (wanted: string): Yaml => things.find(thing => thing.kind === wanted) ?? assert.fail(`no ${wanted}`)
    const { spec } = one(kind)
    const pod = spec.template.spec
    const [container] = pod.containers as Yaml[]
    const secret = parse(textOf('kubernetes/secret.yaml')) as Yaml
    const variablesOf = (values: Readonly<Record<string, string>>) =>
      Object.fromEntries(container.env.map(({ name, valueFrom }: Yaml) => [name, values[valueFrom.secretKeyRef.key]]))
    const real = {
      ...{ masterKey: key, adminKey: key },
      ...{ storeUrl: 'postgres://landline:aa00@postgres:5432/landline', busUrl: 'redis://redis:6379' },
    }

    /** The settings of the ConfigMap, as a node reads them. */
    const settingsWith = async (values: Readonly<Record<string, string>>): Promise<Settings> => {
      await using folder = await makeFolder()
      await writeFile(join(folder.path, 'landline.yaml'), one('ConfigMap').data['landline.yaml'])
      const [word, flag, path] = container.args
      assert.deepEqual([word, flag], ['serve', '--config'])
      const mount = container.volumeMounts.find((each: Yaml) => path === `${each.mountPath}/landline.yaml`)
      const volume = pod.volumes.find((each: Yaml) => each.name === mount.name)
      assert.equal(volume.configMap.name, one('ConfigMap').metadata.name)
      const flags = { config: join(folder.path, 'landline.yaml') }
      return readSettings({ flags, environment: variablesOf(values), cwd: '/', mode: 'serve' }).settings
    }

    test('gives each node settings that it takes', async () => {
      assertVariables(container.env.map(({ name }: Yaml) => name))
      for (const { valueFrom } of container.env as Yaml[]) {
        assert.equal(valueFrom.secretKeyRef.name, secret.metadata.name)
        assert.ok(Object.hasOwn(secret.stringData, valueFrom.secretKeyRef.key), valueFrom.secretKeyRef.key)
      }
      const settings = await settingsWith(real)
      assert.equal(settings.store.kind, store)
      const kept = settings.store.kind === 'postgres' ? dirname(settings.store.filesDir) : dirOf(settings.store)
      assert.ok(
        container.volumeMounts.some(({ mountPath }: Yaml) => mountPath === kept),
        `${kept} is no volume`,
      )
      assert.equal(settings.masterKey, key)
      assert.equal(settings.bots[0]?.serviceUrl, `http://${one('Service').metadata.name}:3977`)
      assert.deepEqual(settings.admin.listen, { host: '127.0.0.1', port: 3976 }, 'no Service leads to the console')
    })

    test('does not start with the keys that stand in secret.yaml', async () => {
      await assert.rejects(settingsWith(secret.stringData), (error: unknown) => {
        assert.ok(error instanceof SettingsError)
        assert.match(error.message, /^LANDLINE_MASTER_KEY: /m)
        assert.match(error.message, /^LANDLINE_ADMIN_KEY: /m)
        return true
      })
    })

    test('asks for life and for readiness at their own paths, on the port that is listened on', async () => {
      const { listen } = await settingsWith(real)
      assert.deepEqual(container.ports, [{ name: 'http', containerPort: listen.port }])
      assert.deepEqual(
        ['startupProbe', 'readinessProbe', 'livenessProbe'].map(probe => container[probe].httpGet),
        ['/health', '/ready', '/health'].map(path => ({ path, port: 'http' })),
      )
      assert.deepEqual(one('Service').spec.ports, [{ name: 'http', port: listen.port, targetPort: 'http' }])
    })

    test('gives a node time to stop: after preStop, for the turns that are running, and to break off the rest', async () => {
      const { stopTimeoutMs } = await settingsWith(real)
      const [program, slept] = container.lifecycle.preStop.exec.command
      assert.equal(program, 'sleep')
      assert.ok(Number(slept) > container.readinessProbe.periodSeconds)
      assert.ok(pod.terminationGracePeriodSeconds >= Number(slept) + stopTimeoutMs / 1000 + breakOffSeconds)
    })

    test('mounts what it has, selects its own pods, and keeps Kubernetes’ variables out', () => {
      const claims = [...pod.volumes, ...(spec.volumeClaimTemplates ?? []).map(({ metadata }: Yaml) => metadata)]
      assert.deepEqual(
        container.volumeMounts.map(({ name }: Yaml) => name).sort(),
        claims.map(({ name }: Yaml) => name).sort(),
      )
      const labels = spec.template.metadata.labels
      for (const selector of [spec.selector.matchLabels, one('Service').spec.selector])
        assert.deepEqual(selector, labels)
      assert.equal(pod.enableServiceLinks, false)
      assert.equal(container.securityContext.readOnlyRootFilesystem, true)
    })

    if (store === 'sqlite')
      test('has one node and a disk of its own: a SQLite file has one writer', () => {
        assert.equal(spec.replicas, 1)
        assert.deepEqual(spec.volumeClaimTemplates[0].spec.accessModes, ['ReadWriteOnce'])
      })
    else
      test('has proxies more patient than sockets, and leads nobody to the console or to one node for good', async () => {
        const { limits, publicUrl } = await settingsWith(real)
        const { metadata, spec: ingress } = one('Ingress')
        const timeouts = Object.entries<string>(metadata.annotations).filter(([name]) => name.endsWith('-timeout'))
        assert.equal(timeouts.length, 4)
        for (const [name, value] of timeouts) assert.ok(Number.parseInt(value, 10) * 1000 > limits.silenceMs, name)
        assert.equal(ingress.rules[0].host, new URL(publicUrl ?? '').hostname)
        const paths = ingress.rules[0].http.paths.map(({ path }: Yaml) => path)
        assert.ok(paths.includes('/v3/directline') && paths.includes('/api/conversations'))
        for (const hidden of ['/', '/admin', '/console', '/dev', '/ready']) assert.ok(!paths.includes(hidden), hidden)
        assert.equal(one('Service').spec.sessionAffinity, undefined)
        const claim = one('PersistentVolumeClaim')
        assert.deepEqual(claim.spec.accessModes, ['ReadWriteMany'])
        assert.equal(
          pod.volumes.find(({ name }: Yaml) => name === 'files').persistentVolumeClaim.claimName,
          claim.metadata.name,
        )
        assert.ok(spec.replicas > 1 && spec.strategy.rollingUpdate.maxUnavailable === 0)
      })
  })
}

/** Seconds of a duration as Compose writes it. */
function seconds(text: string): number {
  const [, count, unit] = /^(\d+)([sm])$/.exec(text) ?? assert.fail(text)
  return Number(count) * (unit === 'm' ? 60 : 1)
}

/** The folder of a store that has one. */
const dirOf = (store: Settings['store']): string => ('dir' in store ? store.dir : assert.fail('it keeps nothing'))
