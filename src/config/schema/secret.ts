/**
 * `secret`: what the gateway signs with.
 * Invariant: no problem quotes it.
 */
import { show, type Reading } from '../reading.ts'
import { value } from './keys.ts'

const minCharacters = 16 // 64 bits, if it is hexadecimal and was made by a machine
const maxCharacters = 1_024

export const secretSchema = value(
  {
    doc: 'What stickiness is signed with; the same on every gateway, and made anew at each start by default.',
    json: { type: 'string' },
  },
  readSecret,
)

function readSecret(input: unknown): Reading<string> {
  if (typeof input !== 'string') {
    const isNumber = typeof input === 'number'
    return {
      problem: `must be text, not ${isNumber ? 'a number' : show(input)}`,
      suggestion: isNumber ? 'put it in quotes' : undefined,
    }
  }
  if (input.length >= minCharacters && input.length <= maxCharacters) return { value: input }
  const suggestion = 'openssl rand -hex 32 makes one'
  const bounds = `${minCharacters} to ${maxCharacters} characters`
  return { problem: `must have ${bounds}, not ${input.length}`, suggestion }
}
