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
  const offerFaults = offered === undefined ? [] : parameterFaults(offered, isOffered)
  const faults = offerFaults.map((fault) => `${fault}: ${offered}`)
  // A server may refuse the whole handshake for an offer that it cannot accept, as `ws` does.
  if (declined !== undefined && refused === '400') {
    const isRight = server !== false && mayDecline(server, offered ?? '')
    return isRight ? faults : [...faults, `the server declines ${offered}`]
  }
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

/** @returns what is wrong with them by themselves (§7.1), `ws` offering one set of parameters only. */
function parameterFaults(
  header: string,
  isValue: (name: string, value: string | true) => boolean,
): string[] {
  const [name, ...texts] = header.split(';').map((part) => part.trim())
  const parameters = parametersOf(header)
  const faults: string[] = []
  if (name !== 'permessage-deflate') faults.push('another extension')
  if (parameters.size !== texts.length) faults.push('a parameter twice')
  for (const [key, value] of parameters)
    if (!isValue(key, value)) faults.push(`${key} is no such parameter`)
  return faults
}

function parametersOf(header: string): Parameters {
  const [, ...texts] = header.split(';').map((part) => part.trim())
  return new Map(
    texts.map((text) => {
      const [key = '', value] = text.split('=')
      return [key, value ?? true]
    }),
  )
}

function isAnswered(name: string, value: string | true): boolean {
  return name.endsWith('_max_window_bits')
    ? /^(server|client)_max/.test(name) && value !== true && /^([89]|1[0-5])$/.test(value)
    : /^(server|client)_no_context_takeover$/.test(name) && value === true
}

/** §7.1.2.2: only there it may be without a value. */
function isOffered(name: string, value: string | true): boolean {
  return (name === 'client_max_window_bits' && value === true) || isAnswered(name, value)
}

/** Whether it is told to take more than what is offered, of one window or the other. */
function mayDecline(options: DeflateOptions, offer: string): boolean {
  const parameters = parametersOf(offer)
  const serverBits = parameters.get('server_max_window_bits') ?? 15
  const clientBits = parameters.get('client_max_window_bits') ?? 0
  const isTooLittle = (bits: number | undefined, offered: string | number | true) =>
    bits !== undefined && offered !== true && Number(offered) < bits
  return (
    isTooLittle(options.serverMaxWindowBits, serverBits) ||
    isTooLittle(options.clientMaxWindowBits, clientBits)
  )
}

/** Of an answer to the offer that `ws` makes of these options. */
function answerFaults(options: DeflateOptions, answer: string): string[] {
  const parameters = parametersOf(answer)
  const faults = parameterFaults(answer, isAnswered)
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
