// The gateways of the table, each set up as well as its operator can for servers that fail. README.md
// shows these configurations.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, startAccepting } from '../gateways.ts'
import { stop, temporaryDirectory } from '../processes.ts'

export interface Gateway extends Program {
  name: string
  /** Whether it asks the servers how they are, beside what it learns from handshakes. */
  hasChecks: boolean
  configuration: (place: Place) => string
}

export interface Program {
  /** What Sluice is compared with, or Sluice. */
  isControl: boolean
  /** What must be installed; the row is left out if it is not. */
  program: string
  version: string[]
  /** The arguments with which it stays in the foreground. */
  arguments: (file: string, folder: string) => string[]
}

export interface Place {
  port: number
  servers: readonly number[]
  /** Its own, for what else it needs. */
  folder: string
}

export interface RunningGateway {
  port: number
  pid: number
  folder: string
  stop(): Promise<void>
}

/** In the folder of a gateway: its configuration. */
export const fileName = 'configuration'
const root = join(import.meta.dir, '../..')
export const nginxProgram: Program = {
  isControl: true,
  program: 'nginx',
  version: ['nginx', '-v'],
  arguments: (file, folder) => ['-p', folder, '-c', file, '-e', 'stderr', '-g', 'daemon off;'],
}
export const haproxyProgram: Program = {
  isControl: true,
  program: 'haproxy',
  version: ['haproxy', '-v'],
  arguments: (file) => ['-db', '-f', file],
}
export const sluiceProgram: Program = {
  isControl: false,
  program: join(root, 'bin/sluice'),
  version: [join(root, 'scripts/bun'), '--version'],
  arguments: (file) => ['run', file],
}
const checked = 'health: { websocket: /, interval: 1s, timeout: 500ms }'

export const gateways: readonly Gateway[] = [
  { ...nginxProgram, name: 'nginx', hasChecks: false, configuration: nginx },
  {
    ...haproxyProgram,
    name: 'haproxy',
    hasChecks: false,
    configuration: (place) => haproxy(place, []),
  },
  {
    ...haproxyProgram,
    name: 'haproxy, checks',
    hasChecks: true,
    configuration: (place) => haproxy(place, haproxyChecks),
  },
  {
    ...sluiceProgram,
    name: 'sluice',
    hasChecks: false,
    configuration: (place) => sluice(place, []),
  },
  {
    ...sluiceProgram,
    name: 'sluice, checks',
    hasChecks: true,
    configuration: (place) => sluice(place, [checked]),
  },
]

/** A process without any past, in front of these servers. @returns when it accepts. */
export async function startGateway(
  gateway: Program & Pick<Gateway, 'configuration'>,
  servers: readonly number[],
): Promise<RunningGateway> {
  const folder = temporaryDirectory()
  const port = freePort()
  const file = join(folder, fileName)
  writeFileSync(file, gateway.configuration({ port, servers, folder }))
  const command = [gateway.program, ...gateway.arguments(file, folder)]
  const child = await startAccepting(command, port, folder)
  return { port, pid: child.pid, folder, stop: () => stop(child) }
}

/** It has no timeout for a handshake alone: what waits for an answer is what sessions may be silent for. */
function nginx({ port, servers }: Place): string {
  return `
worker_processes 1;
worker_rlimit_nofile 20000;
pid nginx.pid;
events { worker_connections 9000; }
http {
  access_log off;
  upstream chat {
    ${servers.map((server) => `server 127.0.0.1:${server};`).join('\n    ')}
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://chat;
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
      proxy_set_header Host $host;
      proxy_connect_timeout 1s;
      proxy_read_timeout 60s;
      proxy_next_upstream error timeout invalid_header http_500 http_502 http_503 http_504;
      proxy_next_upstream_tries 3;
      proxy_next_upstream_timeout 10s;
    }
  }
}
`.trimStart()
}

const haproxyChecks = [
  'option httpchk',
  'http-check send meth GET uri / ver HTTP/1.1 hdr Host chat.example.com hdr Connection upgrade' +
    ' hdr Upgrade websocket hdr Sec-WebSocket-Version 13' +
    ' hdr Sec-WebSocket-Key dGhlIHNhbXBsZSBub25jZQ==',
  'http-check expect status 101',
  'default-server check inter 1s observe layer7 error-limit 5 on-error mark-down',
]

/** `timeout server` is for the answer to a handshake; sessions have `timeout tunnel`. */
function haproxy({ port, servers }: Place, more: readonly string[]): string {
  const lines = servers.map((server, index) => `server chat${index + 1} 127.0.0.1:${server}`)
  return `
global
  nbthread 1
  maxconn 9000
  no strict-limits
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 1s
  timeout tunnel 1h
frontend clients
  bind 127.0.0.1:${port}
  default_backend chat
backend chat
  balance roundrobin
  retries 3
  option redispatch 1
  retry-on all-retryable-errors
  ${[...more, ...lines].join('\n  ')}
`.trimStart()
}

function sluice({ port, servers }: Place, more: readonly string[]): string {
  const lines = [
    `endpoints: [${servers.map((server) => `ws://127.0.0.1:${server}`).join(', ')}]`,
    'timeout: { connect: 1s, answer: 1s }',
    'retry: { statuses: [500, 502, 503, 504] }',
    ...more,
  ]
  return `
listeners: ['127.0.0.1:${port}']
upstreams:
  chat:
    ${lines.join('\n    ')}
routes:
  - upstream: chat
log: { level: warn }
`.trimStart()
}
