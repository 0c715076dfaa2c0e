/**
 * The Dockerfile, without Docker: its steps are carried out in a folder, and what they make is run in
 * an empty root with nothing beside it but the C library, as the user it names, who may write nowhere.
 */
import { beforeAll, describe, expect, test } from 'bun:test'
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { runCommand, startCommand } from '../support/command.ts'
import { readDockerfile, type Instruction, type Stage } from '../support/dockerfile.ts'
import { freePort } from '../support/free-port.ts'
import { startPeer } from '../support/peer.ts'
import { temporaryFolder } from '../support/temporary.ts'
import { openWebSocket } from '../support/websocket.ts'

const root = join(import.meta.dir, '../..')
const stages = readDockerfile(readFileSync(join(root, 'deploy/Dockerfile'), 'utf8'))
const folder = temporaryFolder('image')

function stage(index: number): Stage {
  const found = stages.at(index)
  if (found === undefined) throw new Error('The Dockerfile has no such stage')
  return found
}

function all(from: Stage, name: string): readonly Instruction[] {
  return from.instructions.filter((instruction) => instruction.name === name)
}

function only(from: Stage, name: string): Instruction {
  const [instruction, ...others] = all(from, name)
  if (instruction === undefined || others.length > 0) throw new Error(`There is not one ${name}`)
  return instruction
}

describe('the Dockerfile', () => {
  test('copies what is there, and what the ignore file lets through', () => {
    const ignore = readFileSync(join(root, 'deploy/Dockerfile.dockerignore'), 'utf8').split('\n')
    const sources = all(stage(0), 'COPY').flatMap(({ words }) => words.slice(0, -1))
    expect(sources.length).toBeGreaterThan(3)
    for (const source of sources) {
      expect([source, existsSync(join(root, source))]).toEqual([source, true])
      expect(ignore).toContain(`!${source.split('/')[0]}`)
    }
  })

  test('builds on images whose version is named', () => {
    for (const { base } of stages) expect(base).toMatch(/\d.*:|:.*\d/)
  })

  test('runs nothing as root, nothing through a shell, and hears SIGTERM', () => {
    const image = stage(-1)
    const [user = ''] = only(image, 'USER').words
    expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/)
    for (const name of ['ENTRYPOINT', 'CMD', 'HEALTHCHECK'])
      expect([name, only(image, name).isExec]).toEqual([name, true])
    expect(only(image, 'STOPSIGNAL').words).toEqual(['SIGTERM'])
    expect(all(image, 'RUN')).toEqual([])
  })
})

/** The packages that `npm ci --omit=dev` installs, linked instead of fetched. */
function linkPackages(into: string): void {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const packages: Record<string, { dev?: boolean; link?: boolean }> = lock.packages
  for (const [path, { dev }] of Object.entries(packages)) {
    if (path === '' || dev === true || !existsSync(join(root, path))) continue
    mkdirSync(dirname(join(into, path)), { recursive: true })
    symlinkSync(join(root, path), join(into, path))
  }
}

/** Carries out the first stage in a folder. */
async function build(into: string): Promise<void> {
  const [workdir = ''] = only(stage(0), 'WORKDIR').words
  for (const { name, words } of stage(0).instructions) {
    if (name === 'COPY') {
      const target = join(into, words.at(-1) ?? '')
      for (const source of words.slice(0, -1)) {
        const isFolder = words.length > 2 || words.at(-1)?.endsWith('/') === true
        cpSync(join(root, source), isFolder ? join(target, basename(source)) : target, {
          recursive: true,
        })
      }
    }
    if (name !== 'RUN') continue
    if (words[0] === 'npm') linkPackages(into)
    else {
      const [command = '', ...args] = words.map((word) => word.replace(workdir, into))
      const ran = await runCommand(args, { folder: into, command: join(into, command) })
      expect(ran).toMatchObject({ exitCode: 0 })
    }
  }
}

/** Puts the last stage together: what it copies, and the libraries that its base image has. */
async function assemble(from: string, into: string): Promise<void> {
  const [workdir = ''] = only(stage(0), 'WORKDIR').words
  for (const { flags, words } of all(stage(-1), 'COPY')) {
    expect(flags['from']).toBe(stage(0).name)
    const [source = '', target = ''] = words
    mkdirSync(dirname(join(into, target)), { recursive: true })
    cpSync(source.replace(workdir, from), join(into, target))
    const { stdout } = await runCommand([join(into, target)], { folder: into, command: 'ldd' })
    for (const [library] of stdout.matchAll(/\/lib\S+\.so\S*/g)) {
      mkdirSync(dirname(join(into, library)), { recursive: true })
      cpSync(library, join(into, library), { dereference: true })
    }
  }
  const folders = ['/proc', ...all(stage(-1), 'WORKDIR').flatMap(({ words }) => words)]
  for (const path of folders) mkdirSync(join(into, path), { recursive: true })
}

/** To mount and to change the root of a process is root's alone. */
const isRoot = process.getuid?.() === 0

describe.skipIf(!isRoot)('the image', () => {
  const image = join(folder, 'image')
  beforeAll(async () => {
    await build(join(folder, 'build'))
    await assemble(join(folder, 'build'), image)
  }, 60_000)

  /** A command in the image, as a container runs it: nothing to write to, and a view of its processes. */
  function inside(name: 'ENTRYPOINT' | 'HEALTHCHECK', ...args: readonly string[]) {
    const [user = ''] = only(stage(-1), 'USER').words
    const [directory = ''] = only(stage(-1), 'WORKDIR').words
    const [uid, gid] = user.split(':')
    const enter = `mount --bind -o ro ${image} ${image} && mount --rbind /proc ${image}/proc && exec "$0" "$@"`
    const change = ['--root', image, '--wd', directory, '--setuid', uid, '--setgid', gid]
    const command = [...change, ...only(stage(-1), name).words, ...args].map(String)
    return ['--mount', 'sh', '-c', enter, 'unshare', ...command]
  }
  const options = { folder, command: 'unshare' }

  test('says its version with nothing beside it', async () => {
    const said = await runCommand(inside('ENTRYPOINT', 'version'), options)
    expect(said).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test('runs a gateway with the configuration that is mounted into it', async () => {
    await using server = await startPeer('ws-server.mjs')
    const yaml = `listeners: ["127.0.0.1:0"]\nroutes: [{ upstream: "ws://${server.host}" }]\n`
    writeFileSync(join(image, 'etc/sluice/sluice.yaml'), yaml)
    const args = inside('ENTRYPOINT', ...only(stage(-1), 'CMD').words)
    await using gateway = startCommand(args, options)
    const [port] = await gateway.ports()
    using client = await openWebSocket(`ws://127.0.0.1:${port}/`)
    client.socket.send('through')
    expect(await client.message(() => true)).toBe('through')
    gateway.kill('SIGTERM')
    expect(await gateway.exitCode).toBe(0)
  }, 15_000)

  test('is healthy while its gateway runs, and not before', async () => {
    const port = await freePort()
    const yaml = `listeners: ["127.0.0.1:0"]\nroutes: [{ respond: { status: 200 } }]\nadmin: ${port}\n`
    writeFileSync(join(image, 'etc/sluice/sluice.yaml'), yaml)
    expect(await runCommand(inside('HEALTHCHECK'), options)).toMatchObject({ exitCode: 1 })
    await using gateway = startCommand(inside('ENTRYPOINT', 'run'), options)
    await gateway.line('capacity')
    expect(await runCommand(inside('HEALTHCHECK'), options)).toMatchObject({ exitCode: 0 })
    gateway.kill('SIGTERM')
    expect(await gateway.exitCode).toBe(0)
  }, 15_000)
})
