/**
 * A worker's end of what its supervisor asks: each question is answered once, with a value or with what is wrong.
 *
 * Invariant: what is asked before `start` is over waits for it, in order, so that whoever asks need not know how
 * far a worker is.
 */
import type { Answers, Question, Reply } from './messages.ts'

/** @returns what takes a question. */
export function answerWith(
  answers: Answers,
  send: (reply: Reply) => void,
): (question: Question) => void {
  let started: Promise<unknown> = Promise.resolve()

  async function answer({ id, kind, asked }: Question): Promise<void> {
    try {
      // Each kind with what belongs to it, which the type of a union does not say.
      const respond = answers[kind] as (asked: unknown) => unknown
      send({ id, answered: await respond(asked) })
    } catch (error) {
      send({ id, problem: error instanceof Error ? error.message : String(error) })
    }
  }

  return (question) => {
    if (question.kind === 'start') started = answer(question)
    // What ends the worker waits for nothing.
    else if (question.kind === 'destroy') void answer(question)
    else void started.then(() => answer(question))
  }
}
