// A ping and its pong on a stream without a socket, for what sockets seldom do.

import { expect, test } from 'bun:test'
import { PingExchange } from '../../../src/upstream/health-checks/ping-exchange.ts'
import { FakeStream } from '../../support/fake-stream.ts'
import { closeFrame, frame } from '../../support/frames.ts'
import { heardIn } from '../../support/heard.ts'
import { failureOf } from '../../support/tcp.ts'

const heard = (stream: FakeStream) =>
  heardIn(Buffer.from(stream.written, 'latin1')).map(({ opcode }) => opcode)

test('a stream that was over before it came here is a failure', async () => {
  const outcome = new PingExchange(new FakeStream()).run(undefined, true)
  expect(await failureOf(outcome)).toBe('Error: ended the connection before its pong')
})

test('nothing is answered behind the Close', async () => {
  const stream = new FakeStream()
  const outcome = new PingExchange(stream).run(undefined, false)
  const mark = heardIn(Buffer.from(stream.written, 'latin1'))[0]?.payload ?? Buffer.alloc(0)
  const receive = (bytes: Buffer) => stream.receive(bytes.toString('latin1'))
  receive(frame({ opcode: 9, payload: 'before' }))
  receive(frame({ opcode: 10, payload: mark }))
  while (heard(stream).length < 3) await Promise.resolve()
  receive(frame({ opcode: 9, payload: 'behind' }))
  receive(closeFrame(1000))
  expect(stream.isEnded).toBe(false)
  stream.handler.streamOnEnd()
  expect(await outcome).toBeGreaterThanOrEqual(0)
  expect(heard(stream)).toEqual([9, 10, 8])
  expect(stream.isEnded).toBe(true)
})
