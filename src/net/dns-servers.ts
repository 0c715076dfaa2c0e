/**
 * Which DNS servers are asked, and how a short name becomes a whole one: what resolv.conf(5) says.
 */
import { isIP } from 'node:net'

export interface DnsServer {
  /** An IP address. */
  readonly address: string
  readonly port: number
}

export interface DnsServers {
  /** In the order they are asked; at least one. */
  readonly servers: readonly DnsServer[]
  /** What is put behind short names, without dot at either end. */
  readonly search: readonly string[]
  /** A name with so many dots is asked for as it is first. */
  readonly ndots: number
  /** How long a server is waited for, and how often each is asked. */
  readonly timeoutMs: number
  readonly attempts: number
}

const defaultPort = 53
/** resolv.conf(5): what is used without it, and the bounds it names. */
const defaults = { ndots: 1, timeout: 5, attempts: 2 }
const bounds = { ndots: 15, timeout: 30, attempts: 5 }
const maxServers = 3
const maxSearch = 32

/** @param text of a resolv.conf. */
export function parseResolvConf(text: string): DnsServers {
  const servers: DnsServer[] = []
  let search: readonly string[] = []
  const options = { ...defaults }
  for (const line of text.split('\n')) {
    const [word, ...values] = line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/)
    if (word === 'nameserver') servers.push(...values.slice(0, 1).flatMap(parseDnsServer))
    // Each replaces those before it.
    if (word === 'search' || word === 'domain') search = values
    if (word === 'options') values.forEach((value) => setOption(options, value))
  }
  return {
    servers: servers.length > 0 ? servers.slice(0, maxServers) : parseDnsServer('127.0.0.1'),
    search: search.map((suffix) => suffix.replace(/^\.|\.$/g, '')).slice(0, maxSearch),
    ndots: options.ndots,
    timeoutMs: options.timeout * 1_000,
    attempts: options.attempts,
  }
}

/** Servers that the configuration names: they are asked for whole names only. */
export function namedServers(texts: readonly string[]): DnsServers {
  const { timeout, attempts } = defaults
  const servers = texts.flatMap(parseDnsServer)
  return { servers, search: [], ndots: 0, timeoutMs: timeout * 1_000, attempts }
}

/** @param text an address, with or without port: `10.0.0.2`, `10.0.0.2:53`, `[::1]:53`. */
function parseDnsServer(text: string): DnsServer[] {
  const match = /^(?:\[(?<v6>.+)\]|(?<v4>[^:]+))(?::(?<port>\d+))?$/.exec(text)
  const address = match?.groups?.['v6'] ?? match?.groups?.['v4'] ?? text
  return isIP(address) === 0
    ? []
    : [{ address, port: Number(match?.groups?.['port'] ?? defaultPort) }]
}

/** As in the configuration. */
export function showDnsServer({ address, port }: DnsServer): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** Every whole name that a name may stand for, in the order they are asked. */
export function wholeNames(name: string, { search, ndots }: DnsServers): readonly string[] {
  if (name.endsWith('.')) return [name]
  const longer = search.map((suffix) => `${name}.${suffix}`)
  const dots = name.split('.').length - 1
  return dots >= ndots ? [name, ...longer] : [...longer, name]
}

function setOption(
  options: { -readonly [Key in keyof typeof defaults]: number },
  text: string,
): void {
  const [, key, value] = /^(ndots|timeout|attempts):(\d+)$/.exec(text) ?? []
  if (key === 'ndots') options.ndots = Math.min(Number(value), bounds.ndots)
  if (key === 'timeout') options.timeout = Math.min(Math.max(1, Number(value)), bounds.timeout)
  if (key === 'attempts') options.attempts = Math.min(Math.max(1, Number(value)), bounds.attempts)
}
