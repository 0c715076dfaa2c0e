/**
 * `admin`: where the gateway answers about itself.
 * Invariant: whoever can reach it from another machine must know a token.
 */
import { z } from 'zod'
import { show, type Reading } from '../reading.ts'
import { value } from './keys.ts'
import { address, port, readPlace, unix } from './place.ts'
import { section } from './shapes.ts'

const loopback = '127.0.0.1'
const minTokenCharacters = 16 // 80 bits and more, if it is random
const maxTokenCharacters = 1_024

const mapping = section(
  {
    address: address('The IP address to listen on.').prefault(loopback),
    port: port.optional(),
    unix: unix.optional(),
    token: value(
      {
        doc: 'What requests that change something must show as Authorization: Bearer; without it only the Unix socket may change.',
        json: { type: 'string' },
      },
      readToken,
    ).optional(),
  },
  { error: 'must be a port, "address:port" or a mapping' },
).meta({ anyOf: [{ required: ['port'] }, { required: ['unix'] }] })

export const adminSchema = z
  .union([
    value(
      {
        doc: 'A port of 127.0.0.1, "address:port" or "unix:/path".',
        json: { anyOf: [{ type: 'integer', minimum: 0, maximum: 65_535 }, { type: 'string' }] },
      },
      readPlace,
    ).transform((place) => mapping.parse(place)),
    mapping,
  ])
  .superRefine(({ address, unix, token }, context) => {
    if (unix !== undefined || token !== undefined || isLoopback(address)) return
    const message = `can be reached from other machines at ${address}, so it needs a token`
    const params = { suggestion: 'add token: ${env:SLUICE_TOKEN}' }
    context.addIssue({ code: 'custom', message, params })
  })

function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || address.startsWith('127.')
}

/** No problem of a token quotes it. */
function readToken(input: unknown): Reading<string> {
  if (typeof input !== 'string') {
    const isNumber = typeof input === 'number'
    return {
      problem: `must be text, not ${isNumber ? 'a number' : show(input)}`,
      suggestion: isNumber ? 'put it in quotes' : undefined,
    }
  }
  if (!/^[\x21-\x7e]*$/.test(input))
    return { problem: 'must be ASCII characters without spaces: it is sent in a header' }
  if (input.length >= minTokenCharacters && input.length <= maxTokenCharacters)
    return { value: input }
  const bounds = `${minTokenCharacters} to ${maxTokenCharacters} characters`
  const suggestion = 'openssl rand -hex 32 makes one'
  return { problem: `must have ${bounds}, not ${input.length}`, suggestion }
}
