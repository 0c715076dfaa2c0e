// Runs bytes through a frame scanner and checks, after every piece, what it promises of any input.

import type { FrameRules, FrameViolation } from '../../src/wire/frame-header.ts'
import { FrameScanner } from '../../src/wire/frame-scanner.ts'
import { judge } from './frame-oracle.ts'
import { type Cuts, pieces } from './pieces.ts'

/** Two bytes of header, a masking key, and all but one of the 125 bytes of a control frame. */
const maxHeldBytes = 130

export const fromClient: FrameRules = {
  isMasked: true,
  mayCompress: false,
  frameBytes: 1_048_576,
  messageBytes: 1_048_576,
}
export const fromServer: FrameRules = { ...fromClient, isMasked: false }

export interface Scanned {
  readonly passed: number
  readonly messages: number
  readonly toBoundary: number
  readonly closeCode: number | undefined
  readonly violation: FrameViolation | undefined
}

/** @throws Error where the scanner breaks a promise. */
export function scan(input: Buffer, rules: FrameRules, cuts: Cuts = []): Scanned {
  const scanner = new FrameScanner(rules)
  let arrived = 0
  let passed = 0
  for (const piece of pieces(input, cuts)) {
    const wasStopped = scanner.isStopped
    arrived += piece.length
    const output = scanner.pass(piece)
    if (!input.subarray(passed, passed + output.length).equals(output))
      throw new Error(`what was passed on at ${passed} is not what came in`)
    passed += output.length
    if (passed > arrived) throw new Error('more was passed on than came in')
    if (wasStopped && output.length > 0) throw new Error('something passed after the end')
    if (scanner.bytes !== passed) throw new Error(`counted ${scanner.bytes} of ${passed} bytes`)
    if (!scanner.isStopped && arrived - passed > maxHeldBytes) throw new Error('held too much')
    if (scanner.isAtBoundary !== (scanner.bytesToBoundary === 0)) throw new Error('two boundaries')
    if (scanner.isStopped && !scanner.isAtBoundary) throw new Error('stopped inside a frame')
    const hasReason = scanner.violation !== undefined || scanner.closeCode !== undefined
    if (scanner.isStopped !== hasReason) throw new Error('stopped without a reason')
  }
  const { messages, bytesToBoundary: toBoundary, closeCode, violation } = scanner
  return { passed, messages, toBoundary, closeCode, violation }
}

/** @throws Error where the outcome is not the oracle's. */
export function scanAsOracle(input: Buffer, rules: FrameRules, cuts: Cuts = []): Scanned {
  const scanned = scan(input, rules, cuts)
  const verdict = judge(input, rules)
  const isSame =
    scanned.passed === verdict.passed &&
    scanned.messages === verdict.messages &&
    scanned.toBoundary === verdict.toBoundary &&
    scanned.closeCode === verdict.closeCode &&
    scanned.violation?.code === verdict.violation
  if (isSame) return scanned
  throw new Error(`scanner ${JSON.stringify(scanned)}, oracle ${JSON.stringify(verdict)}`)
}
