// How long a head may be, and how many fields it may have.

import { describe, expect, test } from 'bun:test'
import { everyCutting } from '../support/pieces.ts'
import { accepted, head, readHead, refusal, roomy } from '../support/reading.ts'

const request = head('GET /chat HTTP/1.1', 'Host: example.com', 'x-Empty:', 'X-List: a, b')

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

describe('the bound of a head', () => {
  const exact = { ...roomy, headBytes: request.length }
  const narrower = { ...roomy, headBytes: request.length - 1 }
  const wanted = `too-large: the head is longer than ${request.length - 1} bytes`

  test('is inclusive, however the head arrives', () => {
    for (const cuts of everyCutting(request.length)) {
      expect(accepted(readHead(request, cuts, exact)).consumed).toBe(request.length)
      expect(refusal(readHead(request, cuts, narrower))).toBe(wanted)
    }
  })

  test('leaves what comes behind the head out', () => {
    const more = Buffer.concat([request, Buffer.alloc(1000)])
    for (const cuts of everyCutting(more.length))
      expect(accepted(readHead(more, cuts, exact)).consumed).toBe(request.length)
  })

  test('counts an empty line before the head', () => {
    const input = Buffer.concat([bytes('\r\n'), request])
    expect(refusal(readHead(input, [], exact))).toStartWith('too-large')
  })

  test('is told as soon as that many bytes came without an end', () => {
    const endless = bytes('x'.repeat(64))
    const limits = { ...roomy, headBytes: 64 }
    expect(readHead(endless.subarray(1), [], limits)).toBeUndefined()
    expect(refusal(readHead(endless, [], limits))).toStartWith('too-large')
    expect(refusal(readHead(endless, [20, 63], limits))).toStartWith('too-large')
  })

  // The byte behind the bound was once looked at, but only when it came in the same chunk as the CR.
  test('is told the same where a bare CR is its last byte, however that arrives', () => {
    const input = bytes(`${'x'.repeat(63)}\rx`)
    const limits = { ...roomy, headBytes: 64 }
    const whole = refusal(readHead(input, [], limits))
    for (const cuts of everyCutting(input.length))
      expect(refusal(readHead(input, cuts, limits))).toBe(whole)
  })

  test('of fields is inclusive', () => {
    const lines = ['GET / HTTP/1.1', 'A: 1', 'B: 2', 'C: 3']
    const limits = { ...roomy, headers: 3 }
    expect(accepted(readHead(head(...lines), [], limits)).raw.fields.list).toHaveLength(3)
    expect(refusal(readHead(head(...lines, 'D: 4'), [], limits))).toBe(
      'too-large: the head has more than 3 fields',
    )
  })
})
