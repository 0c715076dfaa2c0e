// Dials to one endpoint, as a property: the gate does what a plain model of it does.

import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { Entrance, settle } from '../support/gate-entrance.ts'

/** What a gate should do, written down as plainly as it goes. */
class Model {
  underWay = 0
  isSuspect = false
  line: number[] = []
  admitted: number[] = []
  turnedAway: number[] = []

  letIn(): void {
    while (this.line.length > 0) {
      if (this.underWay >= 64 || (this.isSuspect && this.underWay >= 1)) return
      this.underWay++
      this.admitted.push(...this.line.splice(0, 1))
    }
  }
}

type Step = (model: Model, entrance: Entrance) => void

const repeated = (step: Step) =>
  fc.integer({ min: 1, max: 70 }).map<Step>((count) => (...both) => {
    for (let done = 0; done < count; done++) step(...both)
  })

const enter: Step = (model, entrance) => {
  model.line.push(entrance.enter())
  model.letIn()
}

const enterAborted: Step = (model, entrance) => {
  model.turnedAway.push(entrance.enter(true))
}

const answered: Step = (model, { gate }) => {
  if (model.underWay === 0) return
  model.underWay--
  model.isSuspect = false
  model.letIn()
  gate.answered()
}

const over =
  (isTimeout: boolean): Step =>
  (model, { gate }) => {
    if (model.underWay === 0) return
    model.underWay--
    model.isSuspect ||= isTimeout
    model.letIn()
    if (isTimeout) gate.timedOut()
    else gate.leave()
  }

/** Anybody: who waits leaves, and to the others nothing happens. */
const abort = fc.nat().map<Step>((choice) => (model, entrance) => {
  const came = model.line.length + model.admitted.length + model.turnedAway.length
  if (came === 0) return
  const number = choice % came
  if (model.line.includes(number)) model.turnedAway.push(number)
  model.line = model.line.filter((each) => each !== number)
  entrance.abort(number)
})

test('a gate does what its model does, whatever happens in whatever order', async () => {
  const one = [answered, over(true), over(false), enter]
  const step = fc.oneof(
    fc.constantFrom(enterAborted, ...one),
    fc.constantFrom(...one).chain(repeated),
    abort,
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
      const model = new Model()
      const entrance = new Entrance()
      for (const act of steps) {
        act(model, entrance)
        await settle()
        expect(entrance.admitted).toEqual(model.admitted)
        expect(entrance.turnedAway).toEqual(model.turnedAway)
        expect(model.underWay).toBeLessThanOrEqual(64)
      }
    }),
    { numRuns: 300 },
  )
})
