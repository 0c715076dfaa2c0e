// The rows of the benchmark: what is measured and what it is measured against. A row is one entry
// of `rows`; each runs in one process (with its workers) on one core and listens on 127.0.0.1.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { start, stop, temporaryDirectory } from './processes.ts'

export interface Row {
  name: string
  /** What must be installed; the row is left out if it is not. */
  program: string
  version: string[]
  /** Writes what it needs into `directory`; returns a command that stays in the foreground. */
  command(place: Place): string[]
}

interface Place {
  port: number
  upstreamPort: number
  directory: string
}

export interface Gateway {
  port: number
  pid: number
  stop(): Promise<void>
}

/** Every ratio is to this row. */
export const controlName = 'nginx tuned'
export const subjectName = 'sluice'

const root = join(import.meta.dir, '..')
const startTimeoutMs = 10_000

export const rows: Row[] = [
  {
    name: controlName,
    program: 'nginx',
    version: ['nginx', '-v'],
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
    command: (place) =>
      nginx(place, ['sendfile on;', 'tcp_nopush on;', 'gzip on;', 'access_log access.log;']),
  },
  {
    name: 'haproxy',
    program: 'haproxy',
    version: ['haproxy', '-v'],
    command: haproxy,
  },
  {
    name: 'node ws',
    program: 'node',
    version: ['node', '--version'],
    command: ({ port, upstreamPort }) => [
      'node',
      join(import.meta.dir, 'node-ws.mjs'),
      String(port),
      String(upstreamPort),
    ],
  },
  {
    name: 'bun raw',
    program: join(root, 'scripts/bun'),
    version: [join(root, 'scripts/bun'), '--version'],
    command: ({ port, upstreamPort }) => [
      join(root, 'scripts/bun'),
      join(import.meta.dir, 'bun-raw.ts'),
      String(port),
      String(upstreamPort),
    ],
  },
  {
    name: subjectName,
    program: join(root, 'bin/sluice'),
    version: [join(root, 'scripts/bun'), '--version'],
    command: sluice,
  },
]

/** Starts a row and waits until it accepts; throws with the end of its log if it does not. */
export async function startGateway(
  row: Row,
  upstreamPort: number,
  prefix: string[],
): Promise<Gateway> {
  const directory = temporaryDirectory()
  const port = freePort()
  const log = join(directory, 'output.log')
  const command = row.command({ port, upstreamPort, directory })
  const gateway = start([...prefix, ...command], log)
  const deadline = Date.now() + startTimeoutMs
  while (!(await accepts(port))) {
    if (gateway.exitCode === null && Date.now() < deadline) {
      await Bun.sleep(50)
      continue
    }
    await stop(gateway)
    throw new Error(
      `${row.name} does not accept connections: ${readFileSync(log, 'utf8').slice(-500)}`,
    )
  }
  return { port, pid: gateway.pid, stop: () => stop(gateway) }
}

function nginx({ port, upstreamPort, directory }: Place, http: string[]): string[] {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${kind};`,
  )
  const configuration = `
    worker_processes 1;
    worker_rlimit_nofile 20000;
    pid nginx.pid;
    events { worker_connections 18000; }
    http {
      ${[...temporary, ...http].join('\n      ')}
      server {
        listen 127.0.0.1:${port};
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

function haproxy({ port, upstreamPort, directory }: Place): string[] {
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
  bind 127.0.0.1:${port}
  default_backend upstream
backend upstream
  server echo 127.0.0.1:${upstreamPort}
`
  const file = join(directory, 'haproxy.cfg')
  writeFileSync(file, configuration)
  return ['haproxy', '-db', '-f', file]
}

/** Without a line a session, as the rows beside it have no access log. */
function sluice({ port, upstreamPort, directory }: Place): string[] {
  const configuration = `
listeners: ["127.0.0.1:${port}"]
routes: [{ upstream: "ws://127.0.0.1:${upstreamPort}" }]
log: { level: warn }
`
  const file = join(directory, 'sluice.yaml')
  writeFileSync(file, configuration)
  return [join(root, 'bin/sluice'), 'run', file]
}

/** A port that was free a moment ago. */
function freePort(): number {
  const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  listener.stop(true)
  return listener.port
}

function accepts(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = {
    data() {},
    open(connection: Bun.Socket) {
      connection.end()
      resolve(true)
    },
    connectError: () => resolve(false),
  }
  Bun.connect({ hostname: '127.0.0.1', port, socket }).catch(() => resolve(false))
  return promise
}
