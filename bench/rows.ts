// The rows of the benchmark: what is measured and what it is measured against. A row is one entry
// of `rows`; each runs in one process (with its workers) on one core and listens on 127.0.0.1.
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { compressionRows } from './compression-rows.ts'
import type { Group, Place, Row } from './row.ts'
import { sluice } from './sluice.ts'

export const subjectName = 'sluice'
/** Every ratio of a group is to this row. */
export const controlNames: Record<Group, string> = {
  plain: 'nginx tuned',
  tls: 'nginx tuned',
  compression: 'node ws, deflate',
  failover: subjectName,
  workers: subjectName,
}
export const framedName = 'sluice framed'
export const pooledName = 'sluice pooled'
export const failoverName = 'sluice failover'
export const workersName = 'sluice, 2 workers'
/** The same program of another checkout. */
export const beforeName = 'sluice before'

const bun = join(import.meta.dir, '../scripts/bun')

export const rows: Row[] = [
  {
    name: controlNames.plain,
    program: 'nginx',
    version: ['nginx', '-v'],
    groups: ['plain', 'tls'],
    command: (place) =>
      nginx(place, [
        'access_log off;',
        'proxy_buffer_size 64k;',
        'proxy_buffers 8 64k;',
        'proxy_busy_buffers_size 128k;',
      ]),
  },
  {
    // The http section of Debian's nginx.conf, with its log in the row's own directory.
    name: 'nginx as shipped',
    program: 'nginx',
    version: ['nginx', '-v'],
    groups: ['plain'],
    command: (place) =>
      nginx(place, ['sendfile on;', 'tcp_nopush on;', 'gzip on;', 'access_log access.log;']),
  },
  {
    name: 'haproxy',
    program: 'haproxy',
    version: ['haproxy', '-v'],
    groups: ['plain', 'tls'],
    command: haproxy,
  },
  {
    name: 'node ws',
    program: 'node',
    version: ['node', '--version'],
    groups: ['plain'],
    command: ({ port, upstreamPort }) => [
      'node',
      join(import.meta.dir, 'node-ws.mjs'),
      String(port),
      String(upstreamPort),
    ],
  },
  {
    name: 'bun raw',
    program: bun,
    version: [bun, '--version'],
    groups: ['plain', 'tls'],
    command: ({ port, upstreamPort, certificate }) => [
      bun,
      join(import.meta.dir, 'bun-raw.ts'),
      String(port),
      String(upstreamPort),
      ...(certificate ? [certificate.chain, certificate.key] : []),
    ],
  },
  ...compressionRows,
  sluice({ name: subjectName, groups: ['plain', 'tls', 'compression', 'failover', 'workers'] }),
  sluice({
    name: pooledName,
    groups: ['plain'],
    upstream: pooled,
    top: { secret: 'the secret of a benchmark' },
  }),
  sluice({
    name: framedName,
    groups: ['plain', 'compression'],
    route: { framed: true, compression: 'off' },
  }),
  sluice({
    name: failoverName,
    groups: ['failover'],
    upstream: (port) => ({ endpoints: [`ws://127.0.0.1:${port}`], failover: 'transparent' }),
  }),
  sluice({ name: workersName, groups: ['workers'], top: { workers: 2 } }),
]

/** One server in the place of three, and everything that a pool may have to do for a handshake. */
function pooled(port: number): Record<string, unknown> {
  return {
    endpoints: ['/a', '/b', '/c'].map((path) => `ws://127.0.0.1:${port}${path}`),
    balancer: 'least-connections',
    'slow-start': '30s',
    sticky: { cookie: 'sluice' },
    queue: { sessions: 100 },
    health: { tcp: true, interval: '1s' },
  }
}

/** What the working copy is compared with: Sluice as another checkout has it. */
export function otherCheckout(directory: string): Row {
  return sluice({ name: beforeName, groups: ['plain', 'tls'], checkout: resolve(directory) })
}

function nginx({ port, upstreamPort, directory, certificate }: Place, http: string[]): string[] {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${kind};`,
  )
  const tls = certificate
    ? [
        `ssl_certificate ${certificate.chain};`,
        `ssl_certificate_key ${certificate.key};`,
        'ssl_protocols TLSv1.2 TLSv1.3;',
      ]
    : []
  const configuration = `
    worker_processes 1;
    worker_rlimit_nofile 20000;
    pid nginx.pid;
    events { worker_connections 18000; }
    http {
      ${[...temporary, ...http, ...tls].join('\n      ')}
      server {
        listen 127.0.0.1:${port}${certificate ? ' ssl' : ''};
        location / {
          proxy_pass http://127.0.0.1:${upstreamPort};
          proxy_http_version 1.1;
          proxy_set_header Upgrade $http_upgrade;
          proxy_set_header Connection upgrade;
          proxy_set_header Host $host;
          proxy_read_timeout 1h;
          proxy_send_timeout 1h;
        }
      }
    }
  `
  const file = join(directory, 'nginx.conf')
  writeFileSync(file, configuration)
  return ['nginx', '-p', directory, '-c', file, '-e', 'stderr', '-g', 'daemon off;']
}

function haproxy({ port, upstreamPort, directory, certificate }: Place): string[] {
  const tls = certificate ? ` ssl crt ${certificate.chain} alpn http/1.1` : ''
  const configuration = `
global
  nbthread 1
  maxconn 9500
  no strict-limits
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
frontend clients
  bind 127.0.0.1:${port}${tls}
  default_backend upstream
backend upstream
  server echo 127.0.0.1:${upstreamPort}
`
  const file = join(directory, 'haproxy.cfg')
  writeFileSync(file, configuration)
  return ['haproxy', '-db', '-f', file]
}
