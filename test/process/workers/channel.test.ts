/** What a supervisor asks a worker: each ask is answered, by whom or what it may be. */
import { describe, expect, test } from 'bun:test'
import { answerWith } from '../../../src/process/workers/worker-answers.ts'
import { WorkerChannel } from '../../../src/process/workers/channel.ts'
import type { Answers, Question, Reply } from '../../../src/process/workers/messages.ts'
import { FakeClock } from '../../support/fake-clock.ts'

function openChannel() {
  const clock = new FakeClock()
  const sent: Question[] = []
  const silences: boolean[] = []
  const channel = new WorkerChannel({
    clock,
    send: (question) => sent.push(question),
    onSilence: (isSilent) => silences.push(isSilent),
  })
  return { clock, sent, silences, channel }
}

/** What has been said is heard. */
const heard = () => new Promise<void>((resolve) => void setImmediate(resolve))
const order = { isOrder: true }

describe('an ask', () => {
  test('gets the answer that is meant for it, in whatever order answers come', async () => {
    const { channel, sent } = openChannel()
    const first = channel.ask('admin', { method: 'GET', target: '/a' })
    const second = channel.ask('admin', { method: 'GET', target: '/b' })
    for (const { id, asked } of sent.toReversed()) channel.hear({ id, answered: asked })
    expect(await first).toMatchObject({ kind: 'answered', value: { target: '/a' } })
    expect(await second).toMatchObject({ kind: 'answered', value: { target: '/b' } })
  })

  test('is told what the worker says is wrong', async () => {
    const { channel } = openChannel()
    const asked = channel.ask('report', undefined)
    channel.hear({ id: 1, problem: 'no' })
    expect(await asked).toEqual({ kind: 'refused', problem: 'no' })
  })

  test('of a worker that hangs is over at its deadline, and the next one at once', async () => {
    const { channel, clock, sent, silences } = openChannel()
    const first = channel.ask('report', undefined)
    clock.advance(2_000)
    expect(await first).toEqual({ kind: 'silent' })
    expect(await channel.ask('report', undefined)).toEqual({ kind: 'silent' })
    expect(sent).toHaveLength(1)
    expect(silences).toEqual([true])
  })

  test('that is an order is given all the same, without a wait', async () => {
    const { channel, clock, sent } = openChannel()
    void channel.ask('report', undefined)
    clock.advance(2_000)
    const abandon = channel.ask('abandon', 1, order)
    clock.advance(0)
    expect(await abandon).toEqual({ kind: 'silent' })
    expect(sent.map(({ kind }) => kind)).toEqual(['report', 'abandon'])
  })

  test('is answered again once the worker has caught up with all it was asked', async () => {
    const { channel, clock, silences } = openChannel()
    void channel.ask('report', undefined)
    clock.advance(2_000)
    void channel.ask('commit', 1, order)
    clock.advance(0)
    channel.hear({ id: 1, answered: undefined })
    expect(channel.isSilent).toBe(true)
    channel.hear({ id: 2, answered: undefined })
    expect(silences).toEqual([true, false])
    const asked = channel.ask('abandon', 1)
    channel.hear({ id: 3, answered: undefined })
    expect(await asked).toMatchObject({ kind: 'answered' })
  })

  test('fails when the worker ends, and so does every later one', async () => {
    const { channel, clock } = openChannel()
    const open = [channel.ask('report', undefined), channel.ask('commit', 1)]
    channel.end()
    expect(await Promise.all(open)).toEqual([{ kind: 'gone' }, { kind: 'gone' }])
    expect(await channel.ask('report', undefined)).toEqual({ kind: 'gone' })
    expect(clock.pending).toBe(0)
  })

  test('fails where the worker has ended and nobody has said so yet', async () => {
    const channel = new WorkerChannel({
      clock: new FakeClock(),
      send() {
        throw new Error('closed')
      },
      onSilence() {},
    })
    expect(await channel.ask('report', undefined)).toEqual({ kind: 'gone' })
  })

  test('is not made where too many have no answer, unless it is an order', async () => {
    const { channel, sent } = openChannel()
    // Orders leave the others their room.
    for (let count = 0; count < 300; count++) void channel.ask('commit', 1, order)
    for (let count = 0; count < 300; count++) void channel.ask('report', undefined)
    expect(sent).toHaveLength(300 + 256)
    expect(await channel.ask('report', undefined)).toEqual({ kind: 'silent' })
    void channel.ask('commit', 2, order)
    expect(sent.at(-1)).toMatchObject({ kind: 'commit', asked: 2 })
    // The first orders are answered, which makes no room; then a question is.
    channel.hear({ id: 1, answered: undefined })
    void channel.ask('report', undefined)
    expect(sent.at(-1)).toMatchObject({ kind: 'commit' })
    channel.hear({ id: 301, answered: undefined })
    void channel.ask('report', undefined)
    expect(sent.at(-1)).toMatchObject({ kind: 'report' })
  })
})

describe('a worker', () => {
  function answering(answers: Partial<Answers>) {
    const replies: Reply[] = []
    const take = answerWith(answers as Answers, (reply) => replies.push(reply))
    const ask = (id: number, kind: Question['kind']) => take({ id, kind, asked: undefined })
    return { replies, ask }
  }

  test('does what it is asked in order, once it has started', async () => {
    const started = Promise.withResolvers<undefined>()
    const { replies, ask } = answering({
      start: () => started.promise,
      prepare: () => [],
      commit: () => undefined,
    })
    ask(1, 'start')
    ask(2, 'prepare')
    ask(3, 'commit')
    await Promise.resolve()
    expect(replies).toEqual([])
    started.resolve(undefined)
    await heard()
    expect(replies.map(({ id }) => id)).toEqual([1, 2, 3])
  })

  test('says what is wrong, and goes on', async () => {
    const { replies, ask } = answering({
      start() {
        throw new Error('the port is taken')
      },
      commit: () => undefined,
    })
    ask(1, 'start')
    ask(2, 'commit')
    await heard()
    expect(replies).toEqual([
      { id: 1, problem: 'the port is taken' },
      { id: 2, answered: undefined },
    ])
  })
})
