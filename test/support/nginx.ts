/** An nginx of the test's own: started in a folder of its own, ended by its process. */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Nginx extends AsyncDisposable {
  /** Path of the socket it listens on: no port to collide on. */
  readonly socket: string
}

/** nginx as it is set up in front of a WebSocket server, with connections kept to it. */
const inFrontOf = (folder: string, gatewayPort: number) => `
map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
upstream gateway { server 127.0.0.1:${gatewayPort}; keepalive 1; }
server {
  listen unix:${folder}/nginx.sock;
  location / {
    proxy_pass http://gateway;
    proxy_http_version 1.1;
    proxy_set_header Host $host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;
    proxy_next_upstream off;
  }
}
`

/** @returns when it serves. */
export async function startNginx(gatewayPort: number): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-nginx-'))
  await chmod(folder, 0o755) // its worker may be another user
  const nginx = await runNginx(inFrontOf(folder, gatewayPort), folder)
  return {
    socket: join(folder, 'nginx.sock'),
    async [Symbol.asyncDispose]() {
      await nginx[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

/**
 * One worker, so that what it counts and whose turn it is do not depend on which of several was asked.
 *
 * @param http what stands inside `http { }`. @param folder for its files; its worker must be able to enter it.
 * @returns when it serves.
 */
export async function runNginx(http: string, folder: string): Promise<AsyncDisposable> {
  await Bun.write(join(folder, 'nginx.conf'), configuration(folder, http))
  const cmd = ['nginx', '-p', folder, '-e', 'stderr', '-c', 'nginx.conf']
  const path = `${process.env['PATH']}:/usr/sbin`
  const env = { ...process.env, PATH: path }
  const child = Bun.spawn({ cmd, env, stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' })

  let log = ''
  const decoder = new TextDecoder()
  const isServing = Promise.withResolvers<void>()
  const readLog = async () => {
    for await (const chunk of child.stderr) {
      log += decoder.decode(chunk, { stream: true })
      // The sockets were bound by the process that says so.
      if (log.includes('start worker process ')) isServing.resolve()
    }
    isServing.reject(new Error(`nginx has ended: ${log}`))
  }
  void readLog()
  await isServing.promise

  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await child.exited
    },
  }
}

const configuration = (folder: string, http: string) => `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr notice;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  ${http}
}
`
