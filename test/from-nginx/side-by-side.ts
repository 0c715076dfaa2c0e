/**
 * nginx and Sluice side by side, each with its half of an example of the page, in front of the same
 * servers; or Sluice alone, where the nginx of distributions has nothing like it. Addresses, ports and files
 * of the page are replaced by those of the test, in both halves alike; nothing else of them is touched.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Gateway } from '../../src/gateway.ts'
import { freePort } from '../support/free-port.ts'
import { runNginx } from '../support/nginx.ts'
import { example } from './page.ts'
import {
  startRecordingUpstream,
  type RecordingUpstream,
  type UpstreamOptions,
} from './recording-upstream.ts'
import { startSluiceHalf } from './sluice-half.ts'
import { prefixed, visit, type Place, type Seen, type Visit } from './visit.ts'

/** A listener as the page names it: by port, or by the path of its socket. */
export type Door = number | string

export interface Sides {
  readonly upstreams?: readonly string[]
  readonly upstreamTls?: UpstreamOptions['tls']
  /** Further words of the page → what stands for them here. */
  readonly replace?: Readonly<Record<string, string>>
}

export interface Side {
  readonly name: 'nginx' | 'sluice'
  place(door: Door): Place
  visit(door: Door, wanted: Visit): Promise<Seen>
}

export interface Alone extends AsyncDisposable {
  readonly sluice: Side
  readonly gateway: Gateway
  /** The servers behind, in the order they were named. */
  readonly upstreams: readonly RecordingUpstream[]
}

export interface SideBySide extends Alone {
  readonly nginx: Side
  /** The same visit to both, one after the other. */
  visit(door: Door, wanted: Visit): Promise<{ nginx: Seen; sluice: Seen; differences: Differences }>
}

/** Name → what nginx's side saw, what Sluice's did; undefined: the same. */
export type Differences = Readonly<Record<string, readonly [unknown, unknown] | undefined>>

/** @param title the heading of the example on the page. */
export async function sideBySide(title: string, sides: Sides = {}): Promise<SideBySide> {
  await using stack = new AsyncDisposableStack()
  const { folder, upstreams, written } = await prepare(title, sides, stack)
  const nginxPlaces = await startNginxHalf(written.nginx, folder, stack)
  const { gateway, places } = startSluiceHalf(written.sluice, folder, stack)
  const nginx = sideOf('nginx', nginxPlaces, upstreams)
  const sluice = sideOf('sluice', places, upstreams)
  const running = stack.move()
  return {
    nginx,
    sluice,
    gateway,
    upstreams,
    async visit(door, wanted) {
      const seen = {
        nginx: await nginx.visit(door, wanted),
        sluice: await sluice.visit(door, wanted),
      }
      return { ...seen, differences: differences(seen.nginx, seen.sluice) }
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

/** Sluice's half of an example whose other half is for NGINX Plus. */
export async function sluiceAlone(title: string, sides: Sides = {}): Promise<Alone> {
  await using stack = new AsyncDisposableStack()
  const { folder, upstreams, written } = await prepare(title, sides, stack)
  const { gateway, places } = startSluiceHalf(written.sluice, folder, stack)
  const sluice = sideOf('sluice', places, upstreams)
  const running = stack.move()
  return { sluice, gateway, upstreams, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

/** Starts the servers, and puts them into both halves. */
async function prepare(title: string, sides: Sides, stack: AsyncDisposableStack) {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-nginx-'))
  stack.defer(() => rm(folder, { recursive: true }))
  await chmod(folder, 0o755) // nginx's worker may be another user

  const { nginx, sluice, commands } = example(title)
  const { upstreams: names = ['10.0.0.1:9000'], replace = {} } = sides
  const replaced: Record<string, string> = { ...replace }
  const upstreams: RecordingUpstream[] = []
  for (const name of names) {
    const path = name.startsWith('/') ? join(folder, `upstream-${upstreams.length}`) : undefined
    const upstream = stack.use(await startRecordingUpstream({ name, path, tls: sides.upstreamTls }))
    if (path !== undefined) await chmod(path, 0o777)
    replaced[name] = path ?? upstream.place
    upstreams.push(upstream)
  }
  const said = [nginx, sluice, ...commands].join('\n')
  const missing = Object.keys(replaced).filter((word) => !said.includes(word))
  if (missing.length > 0) throw new Error(`"${title}" says nothing of ${missing.join(', ')}`)
  const written = {
    nginx: withReplaced(nginx, replaced),
    sluice: withReplaced(sluice, replaced),
  }
  return { folder, upstreams, written }
}

/** What is not the same, by its name: what nginx's client or upstream saw, what Sluice's did. */
export function differences(nginx: Seen, sluice: Seen): Differences {
  const names = new Set([...Object.keys(nginx), ...Object.keys(sluice)])
  return Object.fromEntries(
    [...names]
      .filter((name) => nginx[name] !== sluice[name])
      .map((name) => [name, [nginx[name], sluice[name]]]),
  )
}

function sideOf(
  name: Side['name'],
  places: ReadonlyMap<string, Place>,
  upstreams: readonly RecordingUpstream[],
): Side {
  const place = (door: Door): Place => {
    const found = places.get(String(door))
    if (found === undefined) throw new Error(`${name} does not listen on ${door}`)
    return found
  }
  return {
    name,
    place,
    async visit(door, wanted) {
      const before = upstreams.map(({ requests }) => requests.length)
      const seen = await visit(place(door), wanted)
      const requests = upstreams.flatMap(({ requests }, index) => requests.slice(before[index]))
      const [request] = requests
      if (request === undefined) return { ...seen, requests: 0 }
      return {
        ...seen,
        requests: requests.length,
        request: request.startLine,
        ...prefixed('request', request.headers),
      }
    },
  }
}

async function startNginxHalf(
  http: string,
  folder: string,
  stack: AsyncDisposableStack,
): Promise<ReadonlyMap<string, Place>> {
  const places = new Map<string, Place>()
  for (const [, door = ''] of http.matchAll(/^\s*listen (\d+|unix:[^ ;]+)/gm)) {
    if (places.has(door.replace('unix:', ''))) continue
    if (!door.startsWith('unix:')) places.set(door, await freePort())
    else places.set(door.slice(5), join(folder, `nginx-${places.size}.sock`))
  }
  const listening = http.replaceAll(
    /^(\s*listen )(unix:)?(\d+|[^ ;]+)/gm,
    (_, listen, unix, door) =>
      unix === undefined
        ? `${listen}127.0.0.1:${places.get(door)}`
        : `${listen}unix:${places.get(door)}`,
  )
  stack.use(await runNginx(listening, folder))
  return places
}

function withReplaced(text: string, replaced: Readonly<Record<string, string>>): string {
  return Object.entries(replaced).reduce((rest, [from, to]) => rest.replaceAll(from, to), text)
}
