// The gateways of the table, each set up as well as its operator can for servers that fail. README.md shows
// these configurations.
import { join } from 'node:path'
import {
  haproxyProgram,
  nginxProgram,
  sluiceProgram,
  type Place,
  type Program,
  type RunningGateway,
} from '../gateways.ts'

export interface FailoverGateway extends Program {
  name: string
  configuration: (place: Place) => string
  /** How long after a server hangs it knows that at the latest, by its configuration; undefined: never. */
  detectMs: number | undefined
  /** Whether live sessions go to servers that come. */
  isRebalancing: boolean
  /** What can be done with a server while it has sessions; undefined: nothing. */
  control: ((gateway: RunningGateway) => Control) | undefined
}

export interface Control {
  /** No session is sent there, and those that are there leave, where the gateway can move them. */
  drain: (port: number, index: number) => Promise<void>
  undrain: (port: number, index: number) => Promise<void>
  /** Whether the sessions of a server that drains go elsewhere. */
  movesSessions: boolean
  /** One more server; undefined: there would have to be another configuration. */
  add: ((port: number) => Promise<void>) | undefined
  /** How many sessions went on at another server so far, by cause; undefined: none ever does. */
  moves: (() => Promise<Record<string, number>>) | undefined
}

/** Longest message that is held back until it is whole. */
export const holdBytes = 512 * 1024

const isFramed = 'compression: gateway'

export const gateways: readonly FailoverGateway[] = [
  {
    ...nginxProgram,
    name: 'nginx',
    configuration: nginx,
    detectMs: undefined,
    isRebalancing: false,
    control: undefined,
  },
  {
    ...haproxyProgram,
    name: 'haproxy',
    configuration: haproxy,
    detectMs: 3 * (250 + 500),
    isRebalancing: false,
    control: controlHaproxy,
  },
  sluiceNamed('sluice tunnel', []),
  sluiceNamed('sluice framed', [isFramed]),
]

function sluiceNamed(name: string, route: readonly string[]): FailoverGateway {
  return {
    ...sluiceProgram,
    name,
    configuration: (place) => sluice(place, route),
    detectMs: 500 + 1000, // a heartbeat; checks of health may be later
    isRebalancing: true,
    control: controlSluice,
  }
}

function nginx({ port, servers }: Place): string {
  return `
worker_processes 1;
worker_rlimit_nofile 20000;
pid nginx.pid;
events { worker_connections 9000; }
http {
  access_log off;
  upstream chat {
    least_conn;
    ${servers.map((server) => `server 127.0.0.1:${server} max_fails=0;`).join('\n    ')}
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
      proxy_buffer_size 64k;
      proxy_buffers 8 64k;
      proxy_busy_buffers_size 128k;
      proxy_next_upstream error timeout invalid_header http_500 http_502 http_503 http_504;
      proxy_next_upstream_tries 3;
    }
  }
}
`.trimStart()
}

/** Three checks in a row, each a quarter of a second after the one before and half a second under way. */
function haproxy({ port, servers, folder }: Place): string {
  const lines = servers.map((server, index) => `server chat${index + 1} 127.0.0.1:${server}`)
  return `
global
  nbthread 1
  maxconn 9000
  no strict-limits
  stats socket ${join(folder, 'admin.sock')} level admin
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 1s
  timeout check 500ms
  timeout tunnel 1h
frontend clients
  bind 127.0.0.1:${port}
  default_backend chat
backend chat
  balance leastconn
  retries 3
  option redispatch 1
  retry-on all-retryable-errors
  option httpchk
  http-check send meth GET uri /healthz ver HTTP/1.1 hdr Host chat.example.com hdr Connection upgrade hdr Upgrade websocket hdr Sec-WebSocket-Version 13 hdr Sec-WebSocket-Key dGhlIHNhbXBsZSBub25jZQ==
  http-check expect status 101
  default-server check inter 250ms fall 3 rise 1 on-marked-down shutdown-sessions
  ${lines.join('\n  ')}
`.trimStart()
}

/** As with haproxy; a session whose server is silent for half a second asks it, and waits a second for the answer. */
function sluice({ port, servers, folder }: Place, route: readonly string[]): string {
  const own = [
    `endpoints: [${servers.map((server) => `ws://127.0.0.1:${server}`).join(', ')}]`,
    'balancer: least-connections',
    'health:',
    '  { websocket: /healthz, interval: 250ms, timeout: 500ms, healthy: 1, unhealthy: 3, move: true }',
    'eject: { for: 1s }',
    'failover: { mode: transparent, hold: 512KB, wait: 10s }',
    'drain: { rate: 200/s, settle: 100ms }',
    'timeout: { connect: 1s, answer: 1s }',
    'rebalance: { rate: 100/s }',
  ]
  const lines = [
    'limits: { message: 2MB, frame: 2MB }',
    'heartbeat: { upstream: 500ms, timeout: 1s }',
    ...route,
  ]
  return `
listeners: ['127.0.0.1:${port}']
upstreams:
  chat:
    ${own.join('\n    ')}
routes:
  - upstream: chat
    ${lines.join('\n    ')}
admin: { unix: ${join(folder, 'admin.sock')} }
log: { level: warn }
`.trimStart()
}

function controlHaproxy({ folder }: RunningGateway): Control {
  const set = (index: number, state: string) =>
    say(join(folder, 'admin.sock'), `set server chat/chat${index + 1} state ${state}\n`)
  return {
    drain: (_, index) => set(index, 'drain'),
    undrain: (_, index) => set(index, 'ready'),
    movesSessions: false,
    add: undefined,
    moves: undefined,
  }
}

/** Writes a line, and waits for the end of the answer. */
function say(unix: string, line: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const socket = {
    open: (opened: Bun.Socket) => void opened.write(line),
    data() {},
    close: () => resolve(),
    connectError: (_: Bun.Socket, error: Error) => reject(error),
  }
  Bun.connect({ unix, socket }).catch(reject)
  return promise
}

function controlSluice({ folder }: RunningGateway): Control {
  const unix = join(folder, 'admin.sock')
  async function ask(method: string, path: string): Promise<string> {
    const answer = await fetch(`http://localhost${path}`, { method, unix })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return text
  }
  async function change(method: string, port: number, more = ''): Promise<void> {
    const url = encodeURIComponent(`ws://127.0.0.1:${port}`)
    await ask(method, `/upstreams/chat/endpoints?url=${url}${more}`)
  }
  return {
    drain: (port) => change('PATCH', port, '&drain=true'),
    undrain: (port) => change('PATCH', port, '&drain=false'),
    movesSessions: true,
    add: (port) => change('POST', port),
    moves: async () => readMoves(await ask('GET', '/metrics')),
  }
}

function readMoves(metrics: string): Record<string, number> {
  const series = /^sluice_session_moves_total\{.*?cause="(\w+)".*?\} (\d+)$/gm
  return Object.fromEntries(
    Array.from(metrics.matchAll(series), ([, cause = '', count]) => [cause, Number(count)]),
  )
}
