// When pings are sent, and what is made of the answers.

import { afterEach, beforeEach, describe, expect, jest, test } from 'bun:test'
import { PingWatch } from '../../src/cli/ping-watch.ts'

beforeEach(() => {
  jest.useFakeTimers()
})
afterEach(() => {
  jest.useRealTimers()
})

const answerMs = 10_000

function startWatch(intervalMs?: number) {
  const said: string[] = []
  const watch = new PingWatch({
    intervalMs,
    answerMs,
    send: (payload) => said.push(`ping ${payload.toString()}`),
    onAnswer: () => said.push('answered'),
    onSilence: () => said.push('silence'),
  })
  return { watch, said }
}

const payload = (text: string) => Buffer.from(text)

describe('pings', () => {
  test('go out at the interval, and none while one is unanswered', () => {
    const { watch, said } = startWatch(3_000)
    jest.advanceTimersByTime(8_999)
    expect(said).toEqual(['ping 1'])
    watch.onSign()
    watch.onPong(payload('1'))
    jest.advanceTimersByTime(1)
    expect(said).toEqual(['ping 1', 'answered', 'ping 2'])
  })

  test('go out when told to, and by themselves only at an interval', () => {
    const { watch, said } = startWatch()
    jest.advanceTimersByTime(60_000)
    watch.ping(payload('now'))
    watch.onPong(payload('now'))
    jest.advanceTimersByTime(60_000)
    expect(said).toEqual(['ping now', 'answered'])
  })

  test('that are unanswered are told when nothing else came for as long either', () => {
    const { watch, said } = startWatch()
    watch.ping(payload('a'))
    jest.advanceTimersByTime(answerMs - 1)
    watch.onSign()
    jest.advanceTimersByTime(answerMs - 1)
    expect(said).toEqual(['ping a'])
    jest.advanceTimersByTime(1)
    expect(said).toEqual(['ping a', 'silence'])
  })

  test('are answered by the pong to a later one, which is all a peer need send', () => {
    const { watch, said } = startWatch()
    watch.ping(payload('a'))
    watch.ping(payload('b'))
    watch.onPong(payload('b'))
    watch.onPong(payload('a'))
    jest.advanceTimersByTime(answerMs)
    expect(said).toEqual(['ping a', 'ping b', 'answered'])
  })

  test('are not answered by a pong that nobody asked for', () => {
    const { watch, said } = startWatch()
    watch.onPong(payload('a'))
    watch.ping(payload('a'))
    watch.onPong(payload('b'))
    jest.advanceTimersByTime(answerMs)
    expect(said).toEqual(['ping a', 'silence'])
  })

  test('stop, and what they had to wait for with them', () => {
    const { watch, said } = startWatch(1_000)
    jest.advanceTimersByTime(1_000)
    watch.stop()
    jest.advanceTimersByTime(60_000)
    expect(said).toEqual(['ping 1'])
  })
})
