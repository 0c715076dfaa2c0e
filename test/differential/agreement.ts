/**
 * What client and server may have been told of permessage-deflate (RFC 7692 §7.1), by what they offered
 * and were offered.
 */
import type { DeflateOptions, SessionPlan } from './session-plan.ts'

type Parameters = ReadonlyMap<string, string | true>

/** @param seen the extensions that the server was offered and that the client was answered, if any. */
export function agreementFaults(
  { client, server, speaks }: SessionPlan,
  seen: Readonly<Record<string, unknown>>,
): string[] {
  const [offered, answered, declined, refused] = read(seen)
  // A server may refuse the whole handshake for an offer that it cannot accept, as `ws` does.
  if (declined !== undefined && refused === '400') return []
  const faults: string[] = []
  if (refused !== undefined) faults.push(`the handshake was refused with ${refused}`)
  const offers = client !== false && speaks !== 'client' && speaks !== 'neither'
  const mayOffer = speaks === 'both' || (speaks === 'passed' && offers)
  if ((offered !== undefined) !== mayOffer) faults.push(`the server is offered ${offered}`)
  if (answered === undefined) {
    // zlib cannot deflate within 8 bits, so who asks that of the gateway is declined.
    const isPossible = client !== false && client.serverMaxWindowBits !== 8
    const mustAnswer = isPossible && (speaks === 'client' || speaks === 'both')
    return mustAnswer ? [...faults, 'the client is answered without compression'] : faults
  }
  if (client === false || speaks === 'neither' || (speaks === 'passed' && server === false))
    return [...faults, `the client is answered ${answered}`]
  return [...faults, ...answerFaults(client, answered).map((fault) => `${fault}: ${answered}`)]
}

function read(seen: Readonly<Record<string, unknown>>): (string | undefined)[] {
  return ['offered', 'answered', 'declined', 'refused'].map((name) => {
    const value = seen[name]
    return typeof value === 'number' || typeof value === 'string' ? `${value}` : undefined
  })
}

/** Of an answer to the offer that `ws` makes of these options. */
function answerFaults(options: DeflateOptions, answer: string): string[] {
  const [name, ...texts] = answer.split(';').map((part) => part.trim())
  const parameters: Parameters = new Map(
    texts.map((text) => {
      const [key = '', value] = text.split('=')
      return [key, value ?? true]
    }),
  )
  const faults: string[] = []
  if (name !== 'permessage-deflate') faults.push('another extension')
  if (parameters.size !== texts.length) faults.push('a parameter twice')
  for (const [key, value] of parameters) {
    const isRight = key.endsWith('_max_window_bits')
      ? /^([89]|1[0-5])$/.test(String(value))
      : /^(server|client)_no_context_takeover$/.test(key) && value === true
    if (!isRight) faults.push(`${key} is no such parameter`)
  }
  // §7.1.1.1
  if (options.serverNoContextTakeover === true && !parameters.has('server_no_context_takeover'))
    faults.push('the server keeps its window')
  // §7.1.2.1: a limit that was offered is answered, with no more.
  const most = options.serverMaxWindowBits
  if (most !== undefined && !(Number(parameters.get('server_max_window_bits')) <= most))
    faults.push(`more than ${most} bits for the server`)
  // §7.1.2.2: `ws` offers it always, with a value or without.
  const bits = parameters.get('client_max_window_bits')
  if (bits !== undefined && Number(bits) > (options.clientMaxWindowBits ?? 15))
    faults.push('more bits than the client has offered')
  return faults
}
