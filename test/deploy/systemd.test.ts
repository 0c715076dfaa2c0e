/**
 * The units of deploy/systemd: systemd finds nothing wrong with them, they fit the configuration they
 * come with, and the gateway gets along with what they leave it.
 */
import { describe, expect, test } from 'bun:test'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeCertificate } from '../support/certificates.ts'
import { runCommand, startCommand } from '../support/command.ts'
import { compiledFile } from '../support/compiled-file.ts'
import { leavingMs, loadExample } from '../support/loading.ts'
import { adapt, exampleOf } from '../support/page.ts'
import { listenToNotices } from '../support/notify-socket.ts'
import { startPeer } from '../support/peer.ts'
import { temporaryFolder, temporaryPath } from '../support/temporary.ts'

const root = join(import.meta.dir, '../..')
const units = join(root, 'deploy/systemd')
const service = readUnit('sluice.service')
const socket = readUnit('sluice.socket')
const folder = temporaryFolder('systemd')

/** Name of an option → its values, one for each time it is set. */
function readUnit(name: string): Map<string, string[]> {
  const options = new Map<string, string[]>()
  for (const line of readFileSync(join(units, name), 'utf8').split('\n')) {
    const [, key = '', value = ''] = /^(\w+)=(.*)$/.exec(line) ?? []
    if (key !== '') options.set(key, [...(options.get(key) ?? []), value])
  }
  return options
}

function seconds(option: string): number {
  const [, number] = /^(\d+)s$/.exec(service.get(option)?.[0] ?? '') ?? []
  return Number(number)
}

async function analyze(...args: readonly string[]) {
  const place = dirname(installed('sluice.service'))
  return await runCommand(args, { folder: place, command: 'systemd-analyze' })
}

/** The units where systemd-analyze may look at them: the gateway is not installed on this machine. */
function installed(name: string): string {
  cpSync(units, folder, { recursive: true })
  const path = join(folder, 'sluice.service')
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.replace('/usr/local/bin/sluice', join(root, 'bin/sluice')))
  return join(folder, name)
}

describe('systemd', () => {
  test('finds nothing wrong with the units', async () => {
    const verified = await analyze('verify', '--man=no', './sluice.service', './sluice.socket')
    expect(verified).toEqual({ exitCode: 0, stdout: '', stderr: '' })
  })

  test('finds nothing wrong with them and the change for certificates that are renewed', async () => {
    const override = exampleOf('deploying.md', 'Under systemd', 'ini')
    mkdirSync(join(folder, 'sluice.service.d'))
    writeFileSync(join(folder, 'sluice.service.d/override.conf'), override)
    const verified = await analyze('verify', '--man=no', './sluice.service')
    rmSync(join(folder, 'sluice.service.d'), { recursive: true })
    expect(verified).toEqual({ exitCode: 0, stdout: '', stderr: '' })
  })

  test('calls the service well confined', async () => {
    const most = 13 // of 100: the network, Unix sockets and the compiler of the runtime are what is left
    const options = ['--offline=true', '--no-pager', `--threshold=${most}`]
    const { exitCode, stdout } = await analyze('security', ...options, './sluice.service')
    expect([exitCode, stdout.trim().split('\n').at(-1)]).toEqual([0, expect.stringContaining('OK')])
  })
})

/** What systemd hands to the service. */
const certificate = makeCertificate()
const credentials = temporaryFolder('credentials')
cpSync(certificate.cert, join(credentials, 'tls.crt'))
cpSync(certificate.key, join(credentials, 'tls.key'))

/** Those of the example → free ones. */
const ownPlaces = {
  'port: 80,': 'address: 127.0.0.1, port: 0,',
  'port: 443': 'address: 127.0.0.1\n    port: 0',
  '/run/sluice': folder,
}

describe('the service', () => {
  const load = () => loadExample(join(units, 'sluice.yaml'), { CREDENTIALS_DIRECTORY: credentials })

  test('holds a socket for every listener of its configuration, and no other', () => {
    const ports = load().listeners.map(({ port }) => String(port))
    expect(socket.get('ListenStream')).toEqual(ports)
  })

  test('hands the configuration the credentials it names', () => {
    const names = (service.get('LoadCredential') ?? []).map((value) => value.split(':')[0])
    const text = readFileSync(join(units, 'sluice.yaml'), 'utf8')
    const wanted = [...text.matchAll(/CREDENTIALS_DIRECTORY\}\/(\S+)/g)].map(([, name]) => name)
    expect(names).toEqual(wanted)
  })

  test('has the folder in which its admin socket lies', () => {
    const runtime = service.get('RuntimeDirectory')?.[0]
    expect(dirname(load().admin?.unix ?? '')).toBe(`/run/${runtime}`)
  })

  test('is given longer to leave than leaving takes', () => {
    expect(seconds('TimeoutStopSec') * 1000).toBeGreaterThan(leavingMs(load()))
  })

  test('is not started again and again with a mistake in its configuration', async () => {
    const { exitCode } = await runCommand(['check', 'no-such-file'], { folder })
    expect(service.get('RestartPreventExitStatus')).toEqual([String(exitCode)])
  })
})

test('every system call of the gateway is one that the service may make', async () => {
  await using server = await startPeer('ws-server.mjs')
  const file = join(folder, 'calls.yaml')
  const places = { ...ownPlaces, 'localhost:9000': `localhost:${server.port}` }
  writeFileSync(file, adapt(readFileSync(join(units, 'sluice.yaml'), 'utf8'), places))
  const trace = join(folder, 'trace')
  // -D: the process is the gateway, not its tracer, which writes when the gateway has ended.
  const args = ['-D', '-f', '-qq', '-c', '-U', 'name', '-o', trace, compiledFile(), 'run', file]
  const NOTIFY_SOCKET = temporaryPath('notify')
  await using notices = await listenToNotices(NOTIFY_SOCKET)
  const env = { PATH: process.env['PATH'], CREDENTIALS_DIRECTORY: credentials, NOTIFY_SOCKET }
  const options = { folder, command: 'strace', env, environment: 'none' } as const
  await using gateway = startCommand(args, options)
  const [plain, secure] = await gateway.ports()
  const redirect = await fetch(`http://localhost:${plain}/`, { redirect: 'manual' })
  expect(redirect.status).toBe(301)
  const socket = new WebSocket(`wss://localhost:${secure}/`, { tls: { ca: certificate.certPem } })
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', () => socket.send('through'))
    socket.addEventListener('message', resolve)
    socket.addEventListener('error', reject)
  })
  const status = ['status', '--admin', join(folder, 'admin.sock')]
  expect(await runCommand(status, { folder })).toMatchObject({ exitCode: 0 })
  await gateway.lineAfter(() => gateway.kill('SIGHUP'), 'reloaded')
  const { pid } = await gateway.lineAfter(() => gateway.kill('SIGUSR2'), 'upgrade-ready')
  await notices.heard.find((text) => text === `MAINPID=${String(pid)}`)
  await gateway.line('took-over')
  process.kill(Number(pid), 'SIGTERM')
  expect(await gateway.exitCode).toBe(0)
  while (!existsSync(trace) || readFileSync(trace, 'utf8') === '') await Bun.sleep(10)

  const names = readFileSync(trace, 'utf8').match(/^\w+$/gm) ?? []
  const calls = names.filter((name) => name !== 'syscall' && name !== 'total')
  expect(calls.length).toBeGreaterThan(30)
  const [allowed = '', refused = ''] = service.get('SystemCallFilter') ?? []
  const may = await expand(allowed.split(' '))
  const mayNot = await expand(refused.replace('~', '').split(' '))
  expect(calls.filter((call) => !may.has(call) || mayNot.has(call))).toEqual([])
}, 30_000)

/** System calls of groups like `@system-service`, which have groups inside. */
async function expand(groups: readonly string[]): Promise<Set<string>> {
  const { stdout } = await analyze('syscall-filter', ...groups)
  const names = (stdout.match(/^ +@?[\w-]+$/gm) ?? []).map((line) => line.trim())
  const inner = names.filter((name) => name.startsWith('@') && !groups.includes(name))
  const deeper = inner.length === 0 ? [] : await expand(inner)
  return new Set([...names.filter((name) => !name.startsWith('@')), ...deeper])
}
