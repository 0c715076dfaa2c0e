/**
 * What the tests of the configuration share: loading a text, and telling its problems in one line each.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig } from '../../src/config/load.ts'
import type { Problem } from '../../src/config/problem.ts'
import type { Config } from '../../src/config/config.ts'
import type { Registry } from '../../src/core/registry.ts'
import { builtIn } from '../../src/registry.ts'

export interface World {
  readonly env?: Readonly<Record<string, string>>
  /** By their absolute paths. */
  readonly files?: Readonly<Record<string, string>>
  readonly file?: string
  /** What the gateway has of itself; by default what it really has. */
  readonly registry?: Registry
  /** The default exports of modules, by their absolute paths; a function is called instead. */
  readonly plugins?: Readonly<Record<string, unknown>>
}

const pemFiles = ['chat.pem', 'chat-key.pem', 'www.pem', 'www-key.pem', 'ca.pem', 'locked-key.pem']

/** Certificates, keys and authorities, as if they were in /etc/sluice beside the file. */
export const certificates: World = {
  file: '/etc/sluice/sluice.yaml',
  files: Object.fromEntries(
    pemFiles.map((file) => [
      `/etc/sluice/${file}`,
      readFileSync(join(import.meta.dir, 'files', file), 'utf8'),
    ]),
  ),
}

export function load(
  text: string,
  { env = {}, files = {}, file = 'sluice.yaml', registry = builtIn, plugins = {} }: World = {},
) {
  const readFile = (path: string) => {
    const content = files[path]
    if (content === undefined) throw missing()
    return content
  }
  const loadPlugin = (path: string) => {
    if (!Object.hasOwn(plugins, path)) throw missing()
    const plugin = plugins[path]
    return typeof plugin === 'function' ? plugin() : plugin
  }
  return loadConfig(text, { file, env, readFile, registry, loadPlugin })
}

function missing(): Error {
  return Object.assign(new Error('no such file'), { code: 'ENOENT' })
}

export function configOf(text: string, world?: World): Config {
  const loaded = load(text, world)
  if (loaded.ok) return loaded.config
  throw new Error(`refused:\n${loaded.problems.map(inOneLine).join('\n')}`)
}

export function problemsOf(text: string, world?: World): readonly Problem[] {
  const loaded = load(text, world)
  return loaded.ok ? [] : loaded.problems
}

/** `line:column+length path: message; suggestion` for each problem. */
export function told(text: string, world?: World): string[] {
  return problemsOf(text, world).map(inOneLine)
}

function inOneLine({ place, path, message, suggestion }: Problem): string {
  const at = place === undefined ? '' : `${place.line}:${place.column}+${place.length} `
  const hint = suggestion === undefined ? '' : `; ${suggestion}`
  return `${at}${path === '' ? '' : `${path}: `}${message}${hint}`
}

/** A file whose only listener has these further keys, on line 1. */
export function withListener(keys: string): string {
  return `listeners: [{ port: 1, ${keys} }]\nroutes: [{ respond: {} }]\n`
}

/** A file whose upstream `chat` is this, on line 1. */
export function withUpstream(upstream: string): string {
  return `upstreams: { chat: ${upstream} }\nlisteners: [8080]\nroutes: [{ upstream: chat }]\n`
}

/** A file whose only route has these further keys, on line 1. */
export function withRoute(keys: string): string {
  return `routes: [{ upstream: chat, ${keys} }]\nlisteners: [8080]\nupstreams: { chat: "ws://a:9000" }\n`
}

/** A file of one listener and these routes, the first on line 2. */
export function withRoutes(...routes: readonly string[]): string {
  const lines = routes.map((route) => `  - ${route}\n`).join('')
  return `routes:\n${lines}listeners: [8080, 8081]\nupstreams: { chat: "ws://a:9000" }\n`
}
