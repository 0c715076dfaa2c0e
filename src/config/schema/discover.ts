/**
 * `discover`: where an upstream learns of endpoints: names of DNS, or a file.
 * Invariant: exactly one of `dns`, `srv` and `file`. What means nothing beside it is told where keys are
 * held against each other (upstream-conflicts.ts).
 */
import { isIP } from 'node:net'
import { z } from 'zod'
import type { DiscoverConfig } from '../config.ts'
import { meant, show, type Reading } from '../reading.ts'
import { readBase } from './endpoint.ts'
import { choice, count, duration, filePath, readWhole, value } from './keys.ts'
import { readHost } from './match.ts'
import { chosen, filledList, section } from './shapes.ts'

/** As the gateway is told, but that the file is as it is written, and not read. */
export type Discover =
  | Exclude<DiscoverConfig, { kind: 'file' }>
  | Omit<Extract<DiscoverConfig, { kind: 'file' }>, 'read'>

export const discoverKinds = ['dns', 'srv', 'file'] as const

const text = { type: 'string' } as const

const resolver = value(
  { doc: 'A server to ask: an address, or "address:port".', json: text },
  readResolver,
)

export const discoverSchema = section(
  {
    dns: value(
      { doc: 'A name of which every address is an endpoint.', json: text },
      readName,
    ).optional(),
    srv: value(
      { doc: 'A name whose SRV records say names and ports of endpoints.', json: text },
      readName,
    ).optional(),
    file: filePath({
      doc: 'A file with an endpoint a line, looked at once a second.',
    }).optional(),
    port: count({ doc: 'The port of endpoints found by dns.', min: 1, max: 65_535 }).optional(),
    every: duration({
      doc: 'After how long the name is asked for again at the latest; sooner where the answer says so.',
      min: '1s',
      max: '1h',
    }).prefault('30s'),
    scheme: choice({
      doc: 'What the endpoints speak.',
      words: ['ws', 'wss', 'http', 'https'],
    }).prefault('ws'),
    path: value(
      { doc: 'What is put before the request path, as in the URL of an endpoint.', json: text },
      readPath,
    ).prefault(''),
    resolver: z
      .union([
        resolver.transform((only) => [only]),
        filledList(resolver, {
          error: 'must be the address of a server or a list of them',
          empty: 'needs at least one server; leave it out for those of the system',
        }),
      ])
      .optional()
      .describe('The DNS servers that are asked; those of the system by default.'),
  },
  { error: 'must be a mapping such as { dns: chat.internal, port: 9000 }' },
)
  .meta({ oneOf: discoverKinds.map((kind) => ({ required: [kind] })) })
  .transform((all, context): Discover => {
    if (chosen(all, discoverKinds, context) === undefined) return z.NEVER
    const { dns, srv, file, port, scheme, path, every, resolver: resolvers = [] } = all
    if (file !== undefined) return { kind: 'file', file }
    const form = {
      scheme: scheme.startsWith('ws') ? 'ws' : 'http',
      isTls: scheme.endsWith('s') && scheme !== 'ws',
      path,
      everyMs: every,
      resolvers,
    } as const
    if (srv !== undefined) return { ...form, kind: 'srv', name: srv }
    if (dns !== undefined && port !== undefined) return { ...form, kind: 'dns', name: dns, port }
    const params = { suggestion: 'the addresses of a name come without ports' }
    context.addIssue({ code: 'custom', path: ['port'], message: 'is missing', params })
    return z.NEVER
  })

/** @returns lower case, without the dot at its end. */
function readName(input: unknown): Reading<string> {
  if (typeof input !== 'string') return { problem: `must be a name, not ${show(input)}` }
  const name = input.toLowerCase().replace(/\.$/, '')
  // A dot at the end says that the name is whole: the search list of the system is left out.
  const written = input.endsWith('.') ? `${name}.` : name
  if (isIP(name) !== 0)
    return { problem: `${show(input)} is an address`, suggestion: 'list it under endpoints' }
  if (readHost(name).problem === undefined && !/^\*|^\[/.test(name)) return { value: written }
  const [, scheme, host, port] = /^(\w+:\/\/)?([\w.-]+)(:\d+)?$/.exec(name) ?? []
  const hasMore = scheme !== undefined || port !== undefined
  return {
    problem: `must be a name such as chat.internal, not ${show(input)}`,
    suggestion: hasMore && host !== undefined ? meant(host) : undefined,
  }
}

function readPath(input: unknown): Reading<string> {
  if (typeof input !== 'string' || !/^(\/|$)/.test(input))
    return { problem: `must be a path such as /chat, not ${show(input)}` }
  // As in the URL of an endpoint, and not quoted either: a token must not reach a log.
  const [mark] = /[?#]/.exec(input) ?? []
  if (mark === '?') return { problem: 'the path of endpoints cannot carry a query' }
  if (mark === '#') return { problem: 'the path of endpoints cannot carry a fragment' }
  return readBase(input)
}

const dnsPort = 53

/** @returns `address:port`. */
function readResolver(input: unknown): Reading<string> {
  if (typeof input !== 'string')
    return { problem: `must be the address of a server, not ${show(input)}`, isOtherKind: true }
  if (isIP(input) === 6) return { value: `[${input}]:${dnsPort}` }
  const [, address = '', port = String(dnsPort)] = /^(.*?)(?::(\d+))?$/.exec(input) ?? []
  const isSixth = isIP(/^\[(.*)\]$/.exec(address)?.[1] ?? '') === 6
  const isPort = readWhole(port, { min: 1, max: 65_535 }).problem === undefined
  if (isPort && (isSixth || isIP(address) === 4)) return { value: `${address}:${port}` }
  return { problem: `must be an IP address, with a port or without, not ${show(input)}` }
}
