/**
 * The suggestion for a mistyped name.
 */
import { expect, test } from 'bun:test'
import { nearest } from '../../src/config/nearest.ts'

const names = ['chat', 'orders', 'orders-eu', 'public']

test.each([
  ['chatt', 'chat', 'a letter too many'],
  ['cha', 'chat', 'a letter missing'],
  ['chit', 'chat', 'a wrong letter'],
  ['caht', 'chat', 'two letters swapped'],
  ['Chat', 'chat', 'another case'],
  ['odrers-ue', 'orders-eu', 'two slips in a long name'],
])('%p is near %p: %s', (typed, meant) => {
  expect(nearest(typed, names)).toBe(meant)
})

test('the nearest of several wins', () => {
  expect(nearest('orderss', names)).toBe('orders')
  expect(nearest('orders-e', names)).toBe('orders-eu')
})

test.each(['x', 'login', 'ch', 'chatrooms', ''])('nothing is near %p', (typed) => {
  expect(nearest(typed, names)).toBeUndefined()
})

test('a one-letter name is not suggested for another', () => {
  expect(nearest('b', ['a'])).toBeUndefined()
})
