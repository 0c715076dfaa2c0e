// The rows of the benchmark: what is measured and what it is measured against. A row is one entry
// of `rows`; each runs in one process (with its workers) on one core and listens on 127.0.0.1.
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Certificate } from './tls.ts'

export interface Row {
  name: string
  /** What must be installed; the row is left out if it is not. */
  program: string
  version: string[]
  /** Whether it is measured with TLS too. */
  hasTls: boolean
  /** Writes what it needs into `directory`; returns a command that stays in the foreground. */
  command(place: Place): string[]
}

interface Place {
  port: number
  upstreamPort: number
  directory: string
  /** With it the gateway's clients speak TLS; undefined: plain. */
  certificate: Certificate | undefined
}

/** Every ratio is to this row. */
export const controlName = 'nginx tuned'
export const subjectName = 'sluice'
/** The same program of another checkout. */
export const beforeName = 'sluice before'

const root = join(import.meta.dir, '..')
const bun = join(root, 'scripts/bun')

export const rows: Row[] = [
  {
    name: controlName,
    program: 'nginx',
    version: ['nginx', '-v'],
    hasTls: true,
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
    hasTls: false,
    command: (place) =>
      nginx(place, ['sendfile on;', 'tcp_nopush on;', 'gzip on;', 'access_log access.log;']),
  },
  {
    name: 'haproxy',
    program: 'haproxy',
    version: ['haproxy', '-v'],
    hasTls: true,
    command: haproxy,
  },
  {
    name: 'node ws',
    program: 'node',
    version: ['node', '--version'],
    hasTls: false,
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
    hasTls: true,
    command: ({ port, upstreamPort, certificate }) => [
      bun,
      join(import.meta.dir, 'bun-raw.ts'),
      String(port),
      String(upstreamPort),
      ...(certificate ? [certificate.chain, certificate.key] : []),
    ],
  },
  sluice(subjectName, root),
]

/** What the working copy is compared with: Sluice as another checkout has it. */
export function otherCheckout(directory: string): Row {
  return sluice(beforeName, resolve(directory))
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

/** Without a line a session, as the rows beside it have no access log. */
function sluice(name: string, checkout: string): Row {
  return {
    name,
    program: join(checkout, 'bin/sluice'),
    version: [join(checkout, 'scripts/bun'), '--version'],
    hasTls: true,
    command: ({ port, upstreamPort, directory, certificate }) => {
      const tls = certificate && { cert: certificate.chain, key: certificate.key }
      const configuration = {
        listeners: [tls ? { address: '127.0.0.1', port, tls } : `127.0.0.1:${port}`],
        routes: [{ upstream: `ws://127.0.0.1:${upstreamPort}` }],
        log: { level: 'warn' },
      }
      const file = join(directory, 'sluice.yaml')
      writeFileSync(file, JSON.stringify(configuration)) // JSON is YAML
      return [join(checkout, 'bin/sluice'), 'run', file]
    },
  }
}
