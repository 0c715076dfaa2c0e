// However frames are cut into pieces, the reader gives out the same messages and says the same; and an
// oracle that reads and inflates all in one go agrees.

import { describe, test } from 'bun:test'
import fc from 'fast-check'
import { messageStreams } from '../support/message-arbitraries.ts'
import { fromClient, fromServer } from '../support/scanning.ts'
import { readAsOracle, type Reading } from '../support/wire-messages.ts'

const readings: [string, Reading][] = [
  ['of a client that does not compress', { rules: fromClient }],
  ['of a client that compresses', { rules: { ...fromClient, mayCompress: true } }],
  ['of a server with takeover', { rules: { ...fromServer, mayCompress: true }, isTakeover: true }],
  [
    'with narrow bounds',
    {
      rules: { ...fromServer, mayCompress: true, frameBytes: 60, messageBytes: 80 },
      isTakeover: true,
    },
  ],
]

describe.each(readings)('messages %s', (_, reading) => {
  const cutting = fc.uniqueArray(fc.nat({ max: 600 }), { maxLength: 12 })

  function cutsIn(input: Buffer, offsets: readonly number[]): number[] {
    return offsets.filter((offset) => offset > 0 && offset < input.length).toSorted((a, b) => a - b)
  }

  test('are read as the oracle does, however they are cut', () => {
    fc.assert(
      fc.property(messageStreams(reading), cutting, (input, offsets) => {
        readAsOracle(input, reading, cutsIn(input, offsets))
      }),
      { numRuns: 300 },
    )
  })

  test('of which bytes were changed are read as the oracle does', () => {
    const change = fc.tuple(fc.nat({ max: 600 }), fc.nat({ max: 255 }))
    const changes = fc.array(change, { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(messageStreams(reading), changes, cutting, (valid, changed, offsets) => {
        const input = Buffer.from(valid)
        for (const [offset, byte] of changed) if (offset < input.length) input[offset] = byte
        readAsOracle(input, reading, cutsIn(input, offsets))
      }),
      { numRuns: 300 },
    )
  })
})
