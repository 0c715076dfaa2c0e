/**
 * What is answered to who lets the program, started anew, take over: how that gets on, a step a line, for as
 * long as this process is there.
 *
 * Invariant: the upgrade goes on whether or not somebody reads. What is kept for who does not is bounded by
 * `leave.window`: a step a second, some 40 bytes each.
 */
import type { Operations, UpgradeStep } from '../core/operations.ts'
import { badQuery, lines, problem } from './answer.ts'
import { parameterFault } from './parameters.ts'

/** 409 where it cannot begin. */
export function upgrade(operations: Operations, query: URLSearchParams): Response {
  const fault = parameterFault(query, [])
  if (fault !== undefined) return badQuery(fault)
  const steps = operations.upgrade()
  if (typeof steps === 'string') return problem({ status: 409, title: steps })
  return lines(linesOf(steps))
}

function linesOf(steps: AsyncIterable<UpgradeStep>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let isGone = false

  /** Takes every step as it comes, as steps may be made by being taken. */
  async function tell(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    try {
      for await (const step of steps)
        if (!isGone) controller.enqueue(encoder.encode(`${JSON.stringify(step)}\n`))
    } finally {
      if (!isGone) controller.close()
    }
  }

  return new ReadableStream<Uint8Array>({
    start: (controller) => void tell(controller),
    cancel() {
      isGone = true
    },
  })
}
