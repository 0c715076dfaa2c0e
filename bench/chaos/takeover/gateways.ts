// The gateways of the table: how each is started, and how the program is started anew in its place.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, logName, startAccepting } from '../../gateways.ts'
import { temporaryDirectory } from '../../processes.ts'
import { childrenOf } from '../../usage.ts'
import { nowMs } from '../failover/outgoing.ts'
import { fileName, nginxProgram, sluiceProgram, type Place, type Program } from '../gateways.ts'
import { openListening } from '../held-port.ts'
import { LogTail } from '../log-tail.ts'
import { visit } from '../visit.ts'

export interface TakeoverPlace extends Place {
  windowSeconds: number
}

export interface TakeoverRow extends Program {
  name: string
  /** Whether something is promised of it. */
  isJudged: boolean
  configuration: (place: TakeoverPlace) => string
  /** Of one that does not stay in the foreground. */
  pidOf?: (folder: string) => number
  /** It is given its socket, which stays open here. */
  isActivated?: boolean
  /** Lets the program, started anew, take over from this process. @returns why it did not, else who did. */
  takeOver: (gateway: TakeoverGateway, pid: number) => Promise<Successor | string>
}

export interface TakeoverGateway {
  place: TakeoverPlace
  /** The first of its processes; undefined where it was not started here. */
  child: Bun.Subprocess | undefined
  pid: number
  log: LogTail
  end: () => void
}

export interface Successor {
  pid: number
  /** When it served, and the other one accepted nobody any more. */
  atMs: number
}

/** For the program to be there and to serve, on a busy machine. */
const takeOverMs = 40_000
const startMs = 10_000
const pollMs = 10

export const takeoverRows: readonly TakeoverRow[] = [
  {
    ...nginxProgram,
    name: 'nginx, USR2 and QUIT',
    isJudged: false,
    // In the foreground it takes no USR2.
    arguments: (file, folder) => ['-p', folder, '-c', file, '-e', 'stderr'],
    pidOf: nginxPid,
    configuration: nginx,
    takeOver: replaceNginx,
  },
  { ...sluiceRow('sluice', []), isJudged: true },
  { ...sluiceRow('sluice, LISTEN_FDS', []), isJudged: true, isActivated: true },
  { ...sluiceRow('sluice, 2 workers', ['workers: 2']), isJudged: false },
]

function sluiceRow(name: string, lines: readonly string[]): Omit<TakeoverRow, 'isJudged'> {
  const configuration = (place: TakeoverPlace) => sluice(place, lines)
  return { ...sluiceProgram, name, configuration, takeOver: upgradeSluice }
}

/** @returns when it serves. */
export async function startTakeoverGateway(
  row: TakeoverRow,
  servers: readonly number[],
  windowSeconds: number,
): Promise<TakeoverGateway> {
  const folder = temporaryDirectory()
  const socket = row.isActivated === true ? openListening() : undefined
  const place = { port: socket?.port ?? freePort(), servers, folder, windowSeconds }
  const file = join(folder, fileName)
  writeFileSync(file, row.configuration(place))
  // Its own path is what it starts anew.
  const command = [Bun.which(row.program) ?? row.program, ...row.arguments(file, folder)]
  const child = await startAccepting(
    socket === undefined ? command : [...activate, ...command],
    place.port,
    folder,
    socket === undefined ? [] : [socket.fd],
  )
  const log = new LogTail(join(folder, logName))
  // A socket that was open before the gateway takes connections before it serves.
  await until(async () => (await visit(place.port, 0)).outcome === 'well', startMs)
  function end() {
    log.close()
    socket?.close()
  }
  return {
    place,
    log,
    end,
    ...(row.pidOf ? { child: undefined, pid: row.pidOf(folder) } : { child, pid: child.pid }),
  }
}

/** As systemd does (sd_listen_fds(3)): the variables name the process that is to take them, whoever that becomes. */
const activate = ['/bin/sh', '-c', 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"']

async function upgradeSluice({ log }: TakeoverGateway, pid: number): Promise<Successor | string> {
  log.skip()
  process.kill(pid, 'SIGUSR2')
  const isTold = ({ event }: { event: string }) =>
    event === 'upgrade-ready' || event === 'upgrade-failed' || event === 'signal-ignored'
  const line = await log.find(isTold, takeOverMs)
  if (line?.event === 'upgrade-ready') return { pid: Number(line['pid']), atMs: nowMs() }
  return line === undefined ? 'nothing told' : JSON.stringify(line)
}

/** A new master with workers of its own accepts beside the old one until that is told to quit. */
async function replaceNginx(
  { place: { folder } }: TakeoverGateway,
  pid: number,
): Promise<Successor | string> {
  process.kill(pid, 'SIGUSR2')
  function serves() {
    const successor = nginxPid(folder)
    return successor > 0 && successor !== pid && childrenOf(successor).length > 0
  }
  if (!(await until(serves, takeOverMs))) return 'there is no new master'
  process.kill(pid, 'SIGQUIT')
  return { pid: nginxPid(folder), atMs: nowMs() }
}

/** 0: there is none. */
function nginxPid(folder: string): number {
  const file = join(folder, 'nginx.pid')
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0
}

export async function until(
  isSo: () => boolean | Promise<boolean>,
  withinMs: number,
): Promise<boolean> {
  const deadlineMs = performance.now() + withinMs
  while (!(await isSo())) {
    if (performance.now() > deadlineMs) return false
    await Bun.sleep(pollMs)
  }
  return true
}

/** @param more lines at the top level. */
export function sluice(
  { port, servers, folder, windowSeconds }: TakeoverPlace,
  more: readonly string[],
): string {
  return `
listeners: ['127.0.0.1:${port}']
upstreams:
  chat:
    endpoints: [${servers.map((server) => `ws://127.0.0.1:${server}`).join(', ')}]
routes:
  - upstream: chat
leave: { window: ${windowSeconds}s }
admin: { unix: ${folder}/admin.sock }
log: { format: json }
${more.map((line) => `${line}\n`).join('')}`.trimStart()
}

function nginx({ port, servers, windowSeconds }: TakeoverPlace): string {
  return `
worker_processes 1;
worker_rlimit_nofile 20000;
worker_shutdown_timeout ${windowSeconds}s;
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
      proxy_read_timeout 60s;
    }
  }
}
`.trimStart()
}
