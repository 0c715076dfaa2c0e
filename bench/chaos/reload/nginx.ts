// nginx as the table reloads it: new workers take new sessions, old ones end what they have, and cut it when
// their time is over.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { childrenOf } from '../../usage.ts'
import { fileName, nginxProgram, type Place, type RunningGateway } from '../gateways.ts'

export const shutdownSeconds = 10
const pollMs = 5
/** For a new worker to be there. */
const reloadMs = 10_000
/** For the old ones to be gone, after their time. */
const lateMs = 5_000

/** @param round of reloads; each adds a place, or takes it away again. */
export function nginxFile({ port, servers }: Place, round: number): string {
  const used = servers.slice(0, -1)
  return `
worker_processes 1;
worker_rlimit_nofile 20000;
worker_shutdown_timeout ${shutdownSeconds}s;
pid nginx.pid;
events { worker_connections 9000; }
http {
  access_log off;
  upstream chat {
    least_conn;
    ${used.map((server) => `server 127.0.0.1:${server};`).join('\n    ')}
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
      proxy_buffer_size 64k;
      proxy_buffers 8 64k;
      proxy_busy_buffers_size 128k;
    }
${round % 2 === 1 ? '    location /other { return 204; }\n' : ''}  }
}
`.trimStart()
}

export class ReloadedNginx {
  readonly #running: RunningGateway

  constructor(running: RunningGateway) {
    this.#running = running
  }

  write(text: string): void {
    writeFileSync(join(this.#running.folder, fileName), text)
  }

  /** @returns whether it has a new worker. */
  async reload(): Promise<boolean> {
    const { folder, pid } = this.#running
    const before = new Set(childrenOf(pid))
    const own = ['-p', folder, '-c', join(folder, fileName), '-e', 'stderr', '-s', 'reload']
    const said = Bun.spawnSync([nginxProgram.program, ...own])
    if (said.exitCode !== 0) throw new Error(said.stderr.toString())
    return until(() => childrenOf(pid).some((child) => !before.has(child)), reloadMs)
  }

  /** @returns whether the old workers have gone. */
  settle(): Promise<boolean> {
    const isAlone = () => childrenOf(this.#running.pid).length === 1
    return until(isAlone, shutdownSeconds * 1000 + lateMs)
  }
}

async function until(isSo: () => boolean, withinMs: number): Promise<boolean> {
  const deadlineMs = performance.now() + withinMs
  while (!isSo()) {
    if (performance.now() > deadlineMs) return false
    await Bun.sleep(pollMs)
  }
  return true
}
