/**
 * `sluice init`: writes a configuration to start from, with comments that say what comes next.
 * Invariant: what is written passes `sluice check`, and no file is ever overwritten.
 */
import { writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseDocument } from 'yaml'
import { defaultConfigFor } from '../config/default-config.ts'
import { builtIn } from '../registry.ts'
import { accept, messageOf } from './read-config.ts'

export interface InitOptions {
  readonly to?: string
  readonly port?: number
  readonly path?: string
}

/** @returns the exit code. */
export function init(
  file: string,
  { to = 'ws://localhost:9000', port = 8080, path = '/*' }: InitOptions,
): 0 | 1 | 2 {
  if (accept(defaultConfigFor({ registry: builtIn, to, port, path })) === undefined) return 2
  try {
    writeFileSync(file, starter({ to, port, path }), { flag: 'wx' })
  } catch (error) {
    console.error(`✖ ${file} cannot be written: ${reasonOf(error, file)}.`)
    return 1
  }
  console.info(`✔ ${file} is written. Next: sluice check ${file}, then sluice run ${file}`)
  return 0
}

function reasonOf(error: unknown, file: string): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EEXIST') return 'it is there already; name another file'
  if (code === 'ENOENT') return `there is no folder ${dirname(file)}; make it first`
  return messageOf(error)
}

function starter({ to, port, path }: Required<InitOptions>): string {
  return `# yaml-language-server: $schema=./sluice.schema.json
# The line above is for editors; sluice schema > sluice.schema.json writes what it names.
# Every key: docs/configuration.md. What is wrong with this file: sluice check.

# Where clients come in. For wss: { port: 443, tls: { cert: ./cert.pem, key: ./key.pem } }
listeners: [${port}]

# The servers behind, by what they do; sessions go to them in turn.
# ws and wss: WebSocket and plain HTTP. http and https: plain HTTP alone.
upstreams:
  main:
    - ${quoted(to)}
    # - ws://localhost:9001

# What goes where. The most exact route takes a request, in whatever order they stand.
routes:
  - path: ${quoted(path)}
    upstream: main
    # Pages that may connect. Without this, requests with cookies, a login or a certificate are let in
    # only from pages of the host they ask for.
    # origins: [https://app.example.com]
    # limits: { sessions: 10000, message: 64KB, messages: 50/s }
    # timeout: { idle: 1h }
    # heartbeat: { client: 30s }

# Probes, metrics and sessions, for this machine only.
# admin: 9090
`
}

/** As it is where YAML reads it as text, otherwise in quotes. */
function quoted(text: string): string {
  const isPlain = /^[\w/][\w./:+*@-]*$/.test(text) && parseDocument(text).toJS() === text
  return isPlain ? text : JSON.stringify(text)
}
