/**
 * The configuration of `sluice run --to URL --port PORT`, which needs no file, and what `sluice init`
 * starts from.
 * Invariant: it passes the same checks as a file and says the same sentences, told by the option.
 */
import type { Registry } from '../core/registry.ts'
import { checkConfig } from './check.ts'
import { formatPath, type Issue } from './issue.ts'
import type { Loaded } from './load.ts'
import type { Problem } from './problem.ts'
import { show } from './reading.ts'
import { meantUrl } from './references.ts'
import { isUrl } from './schema/endpoint.ts'

export interface DefaultOptions {
  readonly registry: Registry
  /** The URL of the only endpoint: `ws://localhost:9000`. */
  readonly to: string
  readonly port: number
  /** Every address by default. */
  readonly address?: string | undefined
  /** The path of the route; everything by default. */
  readonly path?: string
}

/** One listener, and one route that takes everything from it to one upstream. */
export function defaultConfigFor({
  registry,
  to,
  port,
  address,
  path = '/*',
}: DefaultOptions): Loaded {
  const listener = address === undefined ? { port } : { port, address }
  const value = { listeners: [listener], routes: [{ upstream: to, path }] }
  const said = { value, references: [], files: [] }
  const checked = checkConfig(said, { folder: process.cwd(), readFile: () => '', registry })
  if (checked.issues === undefined) return { ok: true, config: checked.config, registry }
  return { ok: false, problems: checked.issues.map((issue) => problemOf(issue, to)) }
}

const options = new Map([
  ['routes[0].upstream', '--to'],
  ['routes[0].path', '--path'],
  ['listeners[0].port', '--port'],
  ['listeners[0].address', '--address'],
])

function problemOf({ path, message, suggestion }: Issue, to: string): Problem {
  const text = formatPath(path)
  const option = options.get(text) ?? text
  const told = { file: 'the command line', path: option, place: undefined }
  if (option !== '--to' || isUrl(to)) return { ...told, message, suggestion }
  // In a file it would be a name of the upstreams there; here there are none to name.
  const noUrl = `${show(to)} is not a URL such as ws://localhost:9000`
  return { ...told, message: noUrl, suggestion: meantUrl(to) }
}
