/**
 * Names to addresses and services, with the time they are valid for, which the system's own resolver does
 * not tell. Looked up as the system would: an IP address is itself, then the hosts file, then the servers
 * and the search list of resolv.conf; or, where servers are named, those alone.
 *
 * That a name does not exist, or has nothing of the kind, is an answer. No answer is an error, also where a
 * longer name of the search list has none: another name must not stand in for it.
 */
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { systemClock, type Clock } from '../core/clock.ts'
import { askServer } from './dns-exchange.ts'
import { addressesInHosts } from './dns-hosts.ts'
import { isDnsName, type DnsReply, type DnsService, type DnsType } from './dns-message.ts'
import {
  namedServers,
  parseResolvConf,
  showDnsServer,
  wholeNames,
  type DnsServers,
} from './dns-servers.ts'
import { DnsGate } from './dns-gate.ts'

export interface DnsAsked {
  /** With a dot at its end it is whole, and not searched for. */
  readonly name: string
  /** Its addresses of every family that this machine has, or its SRV records. */
  readonly wanted: 'addresses' | 'services'
  /** Servers to ask, `address:port`; empty: those of the system. */
  readonly resolvers: readonly string[]
}

export interface DnsAnswer {
  /** Whether the name is there, be it without what was asked for. */
  readonly exists: boolean
  readonly addresses: readonly string[]
  readonly services: readonly DnsService[]
  /** How long it is valid; Infinity for what is not from DNS. */
  readonly ttlMs: number
}

/** @throws Error with a sentence when no server has an answer, or the reason of the signal. */
export type DnsQuery = (asked: DnsAsked, signal: AbortSignal) => Promise<DnsAnswer>

/** Where the machine keeps what it knows of names. */
export interface DnsPlaces {
  readonly hosts: string
  readonly resolvConf: string
  /** Those that an address is asked for. */
  families(): readonly ('A' | 'AAAA')[]
}

/** One name, all servers and attempts together. */
const maxAskMs = 5_000
/** Sockets open at once, from those kept back for resolvers (`net/descriptors`). */
const maxExchanges = 32
/** It seldom changes, and whoever changes it can wait. */
const resolvConfKeptMs = 60_000

const systemPlaces: DnsPlaces = {
  hosts: '/etc/hosts',
  resolvConf: '/etc/resolv.conf',
  families: familiesOf,
}

export function createDnsQuery(
  places: DnsPlaces = systemPlaces,
  clock: Pick<Clock, 'now'> = systemClock,
): DnsQuery {
  const gate = new DnsGate(maxExchanges)
  let known: { readonly servers: DnsServers; readonly readAtMs: number } | undefined

  async function query(asked: DnsAsked, signal: AbortSignal): Promise<DnsAnswer> {
    const { name, wanted, resolvers } = asked
    if (isIP(name) !== 0) return fromMachine([name])
    if (!isDnsName(name)) throw new Error(`${name} is not a name that DNS can be asked for`)
    const types: readonly DnsType[] = wanted === 'services' ? ['SRV'] : places.families()
    if (wanted === 'addresses' && resolvers.length === 0) {
      const listed = addressesInHosts(await readOrEmpty(places.hosts), name)
      const usable = listed.filter((address) => types.includes(isIP(address) === 6 ? 'AAAA' : 'A'))
      if (usable.length > 0) return fromMachine(usable)
    }
    return search(
      name,
      types,
      resolvers.length > 0 ? namedServers(resolvers) : await system(),
      signal,
    )
  }

  /** The first of the whole names that has anything. */
  async function search(
    name: string,
    types: readonly DnsType[],
    servers: DnsServers,
    signal: AbortSignal,
  ): Promise<DnsAnswer> {
    let exists = false
    for (const whole of wholeNames(name, servers).filter(isDnsName)) {
      const answer = await askTypes(whole, types, servers, signal)
      if (answer.addresses.length + answer.services.length > 0) return answer
      exists ||= answer.exists
    }
    return { exists, addresses: [], services: [], ttlMs: Infinity }
  }

  /** All types at once. One without an answer is none at all: half of the addresses must not pass for all. */
  async function askTypes(
    name: string,
    types: readonly DnsType[],
    servers: DnsServers,
    signal: AbortSignal,
  ): Promise<DnsAnswer> {
    const over = new AbortController()
    const either = AbortSignal.any([signal, over.signal])
    try {
      const replies = await Promise.all(types.map((type) => ask(name, type, servers, either)))
      return {
        exists: replies.some(({ code }) => code === 'NOERROR'),
        addresses: replies.flatMap(({ addresses }) => addresses),
        services: replies.flatMap(({ services }) => services),
        ttlMs: Math.min(...replies.map(({ ttlMs }) => ttlMs)),
      }
    } finally {
      over.abort()
    }
  }

  /** Server after server, each with its share of the time, until one has an answer. */
  async function ask(
    name: string,
    type: DnsType,
    { servers, attempts, timeoutMs }: DnsServers,
    signal: AbortSignal,
  ): Promise<DnsReply> {
    const waitMs = Math.min(timeoutMs, maxAskMs / (attempts * servers.length))
    const faults = new Set<string>()
    for (let attempt = 0; attempt < attempts; attempt++) {
      for (const server of servers) {
        try {
          const reply = await gate.run(signal, () =>
            withinTime(waitMs, signal, (either) => askServer(server, { name, type }, either)),
          )
          if (reply.code === 'NOERROR' || reply.code === 'NXDOMAIN') return reply
          faults.add(`${showDnsServer(server)} answered ${reply.code}`)
        } catch (error) {
          signal.throwIfAborted()
          faults.add(`${showDnsServer(server)}: ${faultOf(error)}`)
        }
      }
    }
    throw new Error(`no DNS server has an answer for ${name} (${type}): ${[...faults].join('; ')}`)
  }

  async function system(): Promise<DnsServers> {
    const nowMs = clock.now()
    if (known === undefined || nowMs - known.readAtMs >= resolvConfKeptMs) {
      const text = await readOrEmpty(places.resolvConf)
      known = { servers: parseResolvConf(text), readAtMs: nowMs }
    }
    return known.servers
  }

  return query
}

function fromMachine(addresses: readonly string[]): DnsAnswer {
  return { exists: true, addresses, services: [], ttlMs: Infinity }
}

/** @returns empty for a file that is not there: a machine may do without. @throws Error */
async function readOrEmpty(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}

/** @throws what it throws, or that the time is up. */
async function withinTime<Result>(
  timeMs: number,
  signal: AbortSignal,
  work: (either: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(new Error('no answer in time')), timeMs)
  try {
    return await work(AbortSignal.any([signal, late.signal]))
  } finally {
    clearTimeout(timer)
  }
}

function faultOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Families with an address beyond the machine itself; both where there is none. */
function familiesOf(): readonly ('A' | 'AAAA')[] {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const outside = own.filter(({ internal, address }) => !internal && !/^fe[89ab]/i.test(address))
  const families = (['A', 'AAAA'] as const).filter((type) =>
    outside.some(({ family }) => (family === 'IPv6') === (type === 'AAAA')),
  )
  return families.length > 0 ? families : ['A', 'AAAA']
}
