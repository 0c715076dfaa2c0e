/**
 * The command line as people use it: each command as a process, with its output and exit code.
 */
import { describe, expect, test } from 'bun:test'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { listenFault } from '../../src/process/listen-fault.ts'
import { ListenError } from '../../src/listener/listen-error.ts'
import { runCommand, startCommand } from '../support/command.ts'
import { startRawServer } from '../support/raw.ts'
import { temporaryFile, temporaryFolder } from '../support/temporary.ts'

const root = join(import.meta.dir, '../..')
const folder = temporaryFolder('cli')

describe('sluice', () => {
  test('without a command explains itself and exits with 2', async () => {
    const { exitCode, stderr } = await runCommand([])
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('Commands:')])
  })

  test('help and version exit with 0', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    expect(await runCommand(['help'])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('connect'),
    })
    expect(await runCommand(['version'])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(version),
    })
  })

  test('an unknown command exits with 2 and suggests the one that was meant', async () => {
    const { exitCode, stderr } = await runCommand(['chekc'])
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('Did you mean check?')])
  })

  test('a port that is none exits with 2', async () => {
    expect(await runCommand(['run', '--to', 'ws://localhost:1', '--port', '70000'])).toMatchObject({
      exitCode: 2,
    })
  })
})

describe('sluice check', () => {
  test('a good file exits with 0 and says what is in it', async () => {
    const file = temporaryFile(
      'good.yaml',
      'listeners: [8080]\nroutes: [{ upstream: ws://localhost:9000 }]\n',
    )
    const { exitCode, stdout } = await runCommand(['check', file])
    expect([exitCode, stdout]).toEqual([0, `✔ ${file}: 1 listener, 1 route, 1 upstream\n`])
  })

  test('a bad file exits with 2 and says everything that is wrong, with its place', async () => {
    const file = temporaryFile(
      'bad.yaml',
      'listeners: [99999]\nroutes:\n  - upstram: ws://localhost:9000\n',
    )
    const { exitCode, stderr } = await runCommand(['check', file])
    expect(exitCode).toBe(2)
    expect(stderr).toContain(`${file}:1:13`)
    expect(stderr).toContain(`${file}:3:5`)
    expect(stderr).toContain('did you mean "upstream"?')
  })

  test('a file that is not there exits with 2', async () => {
    const { exitCode, stderr } = await runCommand(['check'])
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringContaining('sluice.yaml cannot be read: there is no such file'),
    ])
  })
})

describe('sluice run', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'relays until %s, then leaves in order with 0',
    async (signal) => {
      await using server = await startRawServer(() => {})
      await using gateway = startCommand([
        'run',
        '--to',
        `ws://127.0.0.1:${server.port}`,
        '--port',
        '0',
      ])
      const { port } = await gateway.line('listening')
      expect(await (await fetch(`http://127.0.0.1:${String(port)}/`)).text()).toBe('ok')
      await gateway.line('capacity')
      gateway.kill(signal)
      expect(await gateway.exitCode).toBe(0)
      expect(gateway.lines.at(-1)).toMatchObject({ event: 'left' })
    },
  )

  test('a port that is taken exits with 1 and says what to do', async () => {
    await using server = await startRawServer(() => {})
    const { exitCode, stderr } = await runCommand([
      'run',
      '--to',
      'ws://localhost:1',
      '--address',
      '127.0.0.1',
      '--port',
      String(server.port),
    ])
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringContaining('something listens there already'),
    ])
  })

  // All of them were named, whichever it was.
  test('the listener that cannot listen is named alone', async () => {
    await using server = await startRawServer(() => {})
    const file = temporaryFile(
      'taken.yaml',
      `listeners:
  - { name: free, port: 0, address: 127.0.0.1 }
  - { name: taken, port: ${server.port}, address: 127.0.0.1 }
routes: [{ upstream: ws://localhost:1 }]
`,
    )
    const { exitCode, stderr } = await runCommand(['run', file])
    expect([exitCode, stderr]).toEqual([
      1,
      `✖ cannot listen on 127.0.0.1:${server.port} (listener taken): EADDRINUSE; something listens there already: end it, or take another port\n`,
    ])
  })

  test('a Unix socket in a folder that there is not is told as such', async () => {
    const unix = join(folder, 'none/gate.sock')
    const file = temporaryFile(
      'nowhere.yaml',
      `listeners: [{ name: gate, unix: ${unix} }]\nroutes: [{ upstream: ws://localhost:1 }]\n`,
    )
    expect(await runCommand(['run', file])).toMatchObject({
      exitCode: 1,
      stderr: `✖ cannot listen on ${unix} (listener gate): ENOENT; there is no folder ${join(folder, 'none')}: make it, or take another path\n`,
    })
  })

  test.each([
    ['/run/a/gate.sock', 'this user may make nothing in /run/a: change its permissions'],
    [undefined, 'ports below 1024 want more rights'],
  ])('what is not permitted at %p gets advice for it', (unix, advice) => {
    const place = { name: 'gate', address: '127.0.0.1', port: 80, unix }
    const denied = Object.assign(new Error('denied'), { code: 'EACCES' })
    expect(listenFault(new ListenError(place, denied))).toContain(`EACCES; ${advice}`)
  })

  test.each([
    [['sluice.yaml', '--to', 'ws://localhost:1']],
    [['sluice.yaml', '--port', '8081']],
    [['--port', '8081']],
  ])('%p, of which one would be ignored, exits with 2', async (args) => {
    const { exitCode, stderr } = await runCommand(['run', ...args])
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('name a file, or --to')])
  })

  test('an upstream that is no URL exits with 2 and says what one is', async () => {
    const { exitCode, stderr } = await runCommand(['run', '--to', 'foo'])
    expect([exitCode, stderr]).toEqual([
      2,
      '✖ --to: "foo" is not a URL such as ws://localhost:9000\n\n1 problem in the command line\n',
    ])
  })
})

describe('sluice demo and sluice connect', () => {
  test('talk to each other', async () => {
    await using demo = startCommand(['demo', '--port', '0'])
    const { port } = await demo.line('listening')
    const { exitCode, stdout, stderr } = await runCommand(
      ['connect', `ws://127.0.0.1:${String(port)}/board`],
      { input: '{"type":"ping","at":7}\n' },
    )
    expect(stdout).toContain('"type":"welcome"')
    expect(stdout).toContain('{"type":"pong","at":7}')
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('closed 1000')])
    demo.kill('SIGTERM')
    expect(await demo.stdout).toContain(`http://localhost:${String(port)}/`)
  })
})

describe('the launcher', () => {
  /** A checkout without node_modules, so that the launcher has to look elsewhere. */
  function bareCheckout(name: string): string {
    const bare = join(folder, name)
    mkdirSync(join(bare, 'src/cli'), { recursive: true })
    for (const part of ['bin', 'scripts'])
      cpSync(join(root, part), join(bare, part), { recursive: true })
    writeFileSync(join(bare, 'src/cli/main.ts'), 'console.info(process.execPath)\n')
    return bare
  }

  async function launch(checkout: string, path: string) {
    const child = Bun.spawn([join(checkout, 'bin/sluice')], {
      env: { PATH: path },
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()])
    return { exitCode: await child.exited, stdout: stdout.trim(), stderr }
  }

  test("finds the binary that a package brings where no install script has run, and npm's stub is not it", async () => {
    const bare = bareCheckout('packaged')
    const platform = `${process.platform}-${process.arch === 'arm64' ? 'aarch64' : 'x64'}`
    const binary = join(bare, `node_modules/@oven/bun-${platform}/bin/bun`)
    const stub = join(bare, 'node_modules/bun/bin/bun.exe')
    for (const file of [binary, stub]) mkdirSync(dirname(file), { recursive: true })
    writeFileSync(stub, 'exit 1\n', { mode: 0o755 })
    symlinkSync(process.execPath, binary)
    expect(await launch(bare, '/usr/bin:/bin')).toMatchObject({ exitCode: 0 })
  })

  test('finds a Bun that is installed already', async () => {
    const bare = bareCheckout('installed')
    const installed = join(folder, 'installed-bun')
    mkdirSync(installed)
    symlinkSync(process.execPath, join(installed, 'bun'))
    expect(await launch(bare, `${installed}:/usr/bin:/bin`)).toMatchObject({ exitCode: 0 })
  })

  test('says what to do where there is none', async () => {
    const { exitCode, stderr } = await launch(bareCheckout('none'), '/usr/bin:/bin')
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("run 'npm ci'")])
  })
})
