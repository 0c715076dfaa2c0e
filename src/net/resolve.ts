/**
 * Names to IP addresses, in the order the system gives them; kept for a short while, so that a burst
 * of handshakes asks once. Once there is an answer nobody waits: an old one is used while it is asked
 * anew, and as long as the name does not resolve.
 */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'

/** As long as most resolvers' shortest answers live. */
const keptMs = 10_000
/** Far more than a configuration names. */
const maxNames = 1_000

interface Answer {
  addresses: readonly string[]
  askedAtMs: number
  pending: Promise<readonly string[]> | undefined
}

const answers = new Map<string, Answer>()

/** @throws the resolver's error when there has never been an answer for this name. */
export function resolveHost(host: string): readonly string[] | Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host]
  let answer = answers.get(host)
  if (answer === undefined) {
    if (answers.size >= maxNames) answers.clear()
    answer = { addresses: [], askedAtMs: -Infinity, pending: undefined }
    answers.set(host, answer)
  }
  if (performance.now() - answer.askedAtMs < keptMs) return answer.addresses
  answer.pending ??= ask(host, answer)
  return answer.addresses.length > 0 ? answer.addresses : answer.pending
}

async function ask(host: string, answer: Answer): Promise<readonly string[]> {
  try {
    const found = await lookup(host, { all: true })
    answer.addresses = found.map((entry) => entry.address)
    answer.askedAtMs = performance.now()
    return answer.addresses
  } catch (error) {
    if (answer.addresses.length === 0) throw error
    return answer.addresses
  } finally {
    answer.pending = undefined
  }
}
