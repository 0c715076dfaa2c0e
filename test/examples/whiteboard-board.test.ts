// What the whiteboard keeps while its servers come and go.

import { expect, test } from 'bun:test'
import { Board } from '../../examples/whiteboard/board.ts'
import { limits, type Stroke } from '../../examples/whiteboard/messages.ts'

function strokeOf(id: string, segments = 1): Stroke {
  return { id, colour: 0, width: 1, points: Array.from({ length: 2 * (segments + 1) }, () => 0.5) }
}

test('a session is the same person at the next server', () => {
  const board = new Board()
  const { person, moved } = board.join('a', 1, 0)
  expect(moved).toBeUndefined()
  board.lose(1, 100)
  expect([board.windowsAt(1), board.people]).toEqual([0, [person]])
  expect(board.join('a', 2, 140)).toEqual({ person, moved: { from: 1, ms: 40 } })
  expect([board.windowsAt(1), board.windowsAt(2)]).toEqual([0, 1])
  expect(board.people).toEqual([person])
})

test('one that is moved while its server works was never without one', () => {
  const board = new Board()
  board.join('a', 1, 0)
  expect(board.join('a', 2, 50).moved).toEqual({ from: 1, ms: undefined })
})

test('the server that was left says so later, and nobody goes', () => {
  const board = new Board()
  const { person } = board.join('a', 1, 0)
  board.join('a', 2, 50)
  expect(board.leave('a', 1)).toBeUndefined()
  board.lose(1, 60)
  expect(board.forget(1_000)).toEqual([])
  expect(board.leave('a', 2)).toBe(person)
  expect(board.people).toEqual([])
})

test('who does not come back in time is forgotten', () => {
  const board = new Board()
  const { person } = board.join('a', 1, 0)
  const { person: other } = board.join('b', 2, 0)
  board.lose(1, 100)
  expect(board.forget(100)).toEqual([])
  expect(board.forget(101)).toEqual([person])
  expect(board.people).toEqual([other])
  expect(board.join('a', 2, 200).person).not.toBe(person)
})

test('two people have two names and two colours', () => {
  const board = new Board()
  const people = Array.from({ length: 7 }, (_, index) => board.join(`${index}`, 1, 0).person)
  expect(new Set(people.map(({ name }) => name)).size).toBe(7)
  expect(new Set(people.map(({ colour }) => colour)).size).toBe(7)
  expect(new Set(people.map(({ id }) => id)).size).toBe(7)
})

test('what is sent twice is there once', () => {
  const board = new Board()
  const { person } = board.join('a', 1, 0)
  expect([board.draw(strokeOf('s')), board.draw(strokeOf('s'))]).toEqual([true, false])
  expect([...board.strokes.keys()]).toEqual(['s'])
  expect(board.say(person, 'line', 'hello', 5)).toMatchObject({ text: 'hello', at: 5 })
  expect(board.say(person, 'line', 'hello', 6)).toBeUndefined()
  expect(board.chat).toHaveLength(1)
})

test('the oldest strokes and lines go when there are too many', () => {
  const board = new Board()
  const { person } = board.join('a', 1, 0)
  board.draw(strokeOf('first', 10))
  board.draw(strokeOf('second', 10))
  board.draw(strokeOf('long', limits.segments - 10))
  expect([...board.strokes.keys()]).toEqual(['second', 'long'])
  board.clear()
  board.draw(strokeOf('whole', limits.segments))
  expect([...board.strokes.keys()]).toEqual(['whole'])
  for (let id = 0; id <= limits.chatLines; id++) board.say(person, `${id}`, 'hello', 0)
  expect([board.chat.length, board.chat[0]?.id]).toEqual([limits.chatLines, '1'])
})
