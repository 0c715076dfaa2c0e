/**
 * What is written to a DNS server and what is read from its answer (RFC 1035 §4).
 *
 * Invariant: only what answers the very question is read. Every name in it is checked before anybody
 * puts it into a header, and a message has at most 64 KB, which bounds everything else.
 */
import { decode, encode, RECURSION_DESIRED, type Answer } from 'dns-packet'
import { formatAddress, parseAddress } from '../core/ip-address.ts'

export type DnsType = 'A' | 'AAAA' | 'SRV'

export interface DnsQuestion {
  /** Chosen at random for this one question, 0 to 65535. */
  readonly id: number
  readonly name: string
  readonly type: DnsType
}

/** One SRV record (RFC 2782). */
export interface DnsService {
  /** Lower case, without trailing dot. */
  readonly target: string
  readonly port: number
  /** The lowest is used first. */
  readonly priority: number
  /** 0 to 65535. */
  readonly weight: number
  /** Those the server told along; empty: they are to be asked for. */
  readonly addresses: readonly string[]
}

/** `TRUNCATED`: it did not fit, and is to be asked for over TCP. */
export type DnsCode =
  'NOERROR' | 'NXDOMAIN' | 'TRUNCATED' | 'SERVFAIL' | 'REFUSED' | `code ${number}`

export interface DnsReply {
  readonly code: DnsCode
  readonly addresses: readonly string[]
  readonly services: readonly DnsService[]
  /** The shortest of all records that led here; Infinity where there is none. */
  readonly ttlMs: number
}

/** Aliases followed from one name: resolvers have about as many. */
const maxAliases = 16
/** The codes by their numbers (RFC 1035 §4.1.1). */
const codes = new Map<number, DnsCode>([
  [0, 'NOERROR'],
  [2, 'SERVFAIL'],
  [3, 'NXDOMAIN'],
  [5, 'REFUSED'],
])
const truncated: DnsReply = { code: 'TRUNCATED', addresses: [], services: [], ttlMs: Infinity }

/** Whether DNS can be asked for it and it can stand in a URL; with or without trailing dot. */
export function isDnsName(name: string): boolean {
  return name.length <= 254 && /^([a-z\d_-]{1,63}\.)*[a-z\d_-]{1,63}\.?$/i.test(name)
}

export function writeQuestion({ id, name, type }: DnsQuestion): Buffer {
  return encode({ type: 'query', id, flags: RECURSION_DESIRED, questions: [{ name, type }] })
}

/** @returns undefined for what is no answer to this question, or cannot be read. */
export function readReply(message: Buffer, question: DnsQuestion): DnsReply | undefined {
  if (message.length < 12 || message.readUInt16BE(0) !== question.id) return undefined
  try {
    // What was cut off may end inside a record, and only its question is of interest.
    const isTruncated = (message.readUInt16BE(2) & 0x0200) !== 0
    return read(isTruncated ? withoutRecords(message) : message, question, isTruncated)
  } catch {
    // A forgery, or noise. The true answer may still come: whoever asked goes on waiting.
    return undefined
  }
}

/** @throws Error for what cannot be read. */
function read(message: Buffer, question: DnsQuestion, isTruncated: boolean): DnsReply | undefined {
  const packet = decode(message)
  // A last address that was cut off is read past the end.
  if (decode.bytes > message.length) return undefined
  const flags = packet.flags ?? 0
  const [asked, ...others] = packet.questions ?? []
  const isAnswer = packet.type === 'response' && (flags >> 11) % 16 === 0 && others.length === 0
  if (!isAnswer || asked === undefined || asked.type !== question.type) return undefined
  if (asked.class !== 'IN' || nameKey(asked.name) !== nameKey(question.name)) return undefined
  if (isTruncated) return truncated

  const number = flags & 15
  const answers = packet.answers ?? []
  const aliases = aliasesOf(asked.name, answers)
  const owner = nameKey(aliases.at(-1)?.data ?? asked.name)
  const records = answers.filter(({ type, name }) => type === asked.type && nameKey(name) === owner)
  const beside = asked.type === 'SRV' ? (packet.additionals ?? []).filter(isAddress) : []
  const told = addressesByName(beside)
  return {
    code: codes.get(number) ?? `code ${number}`,
    addresses: records.flatMap(addressOf),
    services: records.flatMap((record) => serviceOf(record, told)),
    ttlMs: shortestTtlMs([...aliases, ...records, ...beside]),
  }
}

/** From the name on, one after the other; those of a circle end somewhere, where no address is. */
function aliasesOf(name: string, answers: readonly Answer[]): TextAnswer[] {
  const all = new Map<string, TextAnswer>()
  for (const answer of answers) if (isAlias(answer)) all.set(nameKey(answer.name), answer)
  const way: TextAnswer[] = []
  let next = all.get(nameKey(name))
  while (next !== undefined && way.length < maxAliases) {
    way.push(next)
    next = all.get(nameKey(next.data))
  }
  return way
}

type TextAnswer = Extract<Answer, { data: string }>

function isAlias(answer: Answer): answer is TextAnswer {
  return answer.type === 'CNAME'
}

function isAddress(answer: Answer): answer is TextAnswer {
  return answer.type === 'A' || answer.type === 'AAAA'
}

function addressOf(record: Answer): string[] {
  const address = isAddress(record) ? parseAddress(record.data) : undefined
  return address === undefined ? [] : [formatAddress(address)]
}

function addressesByName(records: readonly TextAnswer[]): ReadonlyMap<string, readonly string[]> {
  const addresses = new Map<string, string[]>()
  for (const record of records) {
    const name = nameKey(record.name)
    const known = addresses.get(name)
    if (known === undefined) addresses.set(name, addressOf(record))
    else known.push(...addressOf(record))
  }
  return addresses
}

function serviceOf(record: Answer, told: ReadonlyMap<string, readonly string[]>): DnsService[] {
  if (record.type !== 'SRV') return []
  const { port, priority = 0, weight = 0 } = record.data
  const target = nameKey(record.data.target)
  // What is no name must not come into a header; `.` says that there is no such service (RFC 2782).
  if (!isDnsName(target)) return []
  return [{ target, port, priority, weight, addresses: told.get(target) ?? [] }]
}

function shortestTtlMs(records: readonly Answer[]): number {
  let ttlMs = Infinity
  for (const record of records)
    if ('ttl' in record) ttlMs = Math.min(ttlMs, (record.ttl ?? 0) * 1_000)
  return ttlMs
}

/** Names are the same in upper and lower case, with and without the dot at their end (RFC 4343). */
function nameKey(name: string): string {
  return name.replace(/\.$/, '').toLowerCase()
}

/** Its head and its question alone. */
function withoutRecords(message: Buffer): Buffer {
  return Buffer.from(message).fill(0, 6, 12)
}
