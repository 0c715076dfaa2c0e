/**
 * Workers without processes: they are asked, answer with nothing unless told otherwise, and die when told to.
 */
import type { InheritedSocket } from '../../src/net/inherited-sockets.ts'
import type { WorkerEvents, WorkerProcess } from '../../src/process/workers/supervised-worker.ts'
import type { Answered, Kind, Question } from '../../src/process/workers/messages.ts'

const answers: { readonly [K in Kind]?: Answered<K> } = {
  prepare: [],
  foresee: [],
  admin: { status: 200, body: '{}' },
}

export interface FakeWorker {
  readonly pid: number
  readonly sockets: readonly InheritedSocket[]
  /** In their order. */
  readonly asked: readonly Question[]
  /** Kinds of questions that it does not answer, until `resume`. */
  hold(...kinds: readonly Question['kind'][]): void
  /** Answers what it has held. */
  resume(): void
  /** Kinds of questions that it answers with a problem, once. */
  refuse(kind: Question['kind'], problem: string): void
  die(): void
}

export class FakeWorkers {
  /** All that were started, in their order. */
  readonly all: FakeWorker[] = []
  /** Called with each before it is asked anything. */
  onSpawn: (worker: FakeWorker) => void = () => {}

  readonly spawn = (sockets: readonly InheritedSocket[], events: WorkerEvents): WorkerProcess => {
    const pid = 1_000_000 + this.all.length
    const asked: Question[] = []
    const held = new Set<Question['kind']>()
    const waiting: Question[] = []
    const refusals = new Map<Question['kind'], string>()
    let isOver = false
    function answer({ id, kind }: Question): void {
      const problem = refusals.get(kind)
      refusals.delete(kind)
      const answered = answers[kind]
      // As one that is another process: later.
      setImmediate(() => {
        if (!isOver) events.onReply(problem === undefined ? { id, answered } : { id, problem })
      })
    }
    function die(detail: string): void {
      if (isOver) return
      isOver = true
      events.onExit(detail)
    }
    const worker: FakeWorker = {
      pid,
      sockets,
      asked,
      hold: (...kinds) => kinds.forEach((kind) => held.add(kind)),
      resume() {
        held.clear()
        for (const question of waiting.splice(0)) answer(question)
      },
      refuse: (kind, problem) => void refusals.set(kind, problem),
      die: () => die('exit code 1'),
    }
    this.all.push(worker)
    this.onSpawn(worker)
    return {
      pid,
      send(question) {
        asked.push(question)
        if (question.kind === 'leave' || question.kind === 'destroy') die('exit code 0')
        else if (held.has(question.kind) || waiting.length > 0) waiting.push(question)
        else answer(question)
      },
      kill: () => die('killed by SIGKILL'),
    }
  }

  /** What each was asked last of a kind, or nothing. */
  last(kind: Question['kind']): (Question | undefined)[] {
    return this.all.map(({ asked }) => asked.findLast((each) => each.kind === kind))
  }
}
