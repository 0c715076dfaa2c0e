/**
 * `sluice upstreams drain`: an endpoint of the running gateway gets no new sessions, and those it has are
 * moved, which is followed to its end.
 */
import type { EndpointInfo } from '../proxy/upstream-info.ts'
import { findAdmin, type AdminOptions, type AdminPlace } from './admin-place.ts'
import { askAdmin } from './ask-admin.ts'
import { fateText, movesSessions } from './leaving-endpoint.ts'
import { followDrain, type Followed } from './follow-drain.ts'
import { ProgressLine } from './progress-line.ts'
import { readable } from './readable.ts'
import { lookAt, pathOf, type NamedEndpoint } from './upstreams.ts'

export interface DrainOptions extends AdminOptions {
  /** Whether it is followed. */
  readonly wait: boolean
}

/** How often it is looked how far it is: so that people see it move, or a line in a log. */
const terminalLookMs = 250
const logLookMs = 1_000

/** @returns the exit code. */
export async function drain(
  endpoint: NamedEndpoint,
  file: string,
  options: DrainOptions,
): Promise<number> {
  const place = findAdmin(file, options)
  if (place === undefined) return 2
  const path = pathOf(endpoint, { drain: 'true' })
  const drained = await askAdmin<EndpointInfo>(place, 'PATCH', path)
  if (drained === undefined) return 1
  const upstream = await lookAt(endpoint, place)
  if (upstream === undefined) return 1
  const { url } = drained
  const isTold = options.json !== true
  const fate = fateText(drained, upstream)
  if (isTold) print(`${url} gets no new sessions, until the gateway ends${fate}`)
  const isFollowed = options.wait && movesSessions(upstream) && drained.sessions > 0
  if (!isFollowed) {
    if (!isTold) console.info(JSON.stringify(drained))
    return 0
  }
  const { isDone, sentence } = await follow({ ...endpoint, url }, place)
  if (isTold && isDone && sentence !== undefined) print(sentence)
  if (!isDone && sentence !== undefined) console.error(`✖ ${readable(sentence)}`)
  const now = isTold ? undefined : await askAdmin<EndpointInfo>(place, 'GET', pathOf(endpoint))
  if (now !== undefined) console.info(JSON.stringify(now))
  return isDone ? 0 : 1
}

function print(sentence: string): void {
  console.info(`✔ ${readable(sentence)}`)
}

/** As long as a session may take to end once it has begun to. */
const patienceMs = 5_000

/** Until it has come out, or Ctrl-C. */
async function follow(endpoint: NamedEndpoint, place: AdminPlace): Promise<Followed> {
  const line = new ProgressLine(process.stderr)
  const everyMs = process.stderr.isTTY ? terminalLookMs : logLookMs
  const interrupted = Promise.withResolvers<false>()
  const interrupt = () => interrupted.resolve(false)
  process.once('SIGINT', interrupt)
  try {
    return await followDrain(endpoint.url, {
      look: () => lookAt(endpoint, place),
      pause: () => Promise.race([Bun.sleep(everyMs).then(() => true), interrupted.promise]),
      patience: Math.ceil(patienceMs / everyMs),
      show: (progress) => line.show(readable(progress)),
    })
  } finally {
    line.clear()
    process.off('SIGINT', interrupt)
  }
}
