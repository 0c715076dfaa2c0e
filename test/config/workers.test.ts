/**
 * `workers`: how many processes share the ports.
 */
import { describe, expect, test } from 'bun:test'
import { availableParallelism } from 'node:os'
import { configOf, told, type World } from './checking.ts'

const withWorkers = (workers: string, listeners = '[8080]') =>
  `workers: ${workers}\nlisteners: ${listeners}\nroutes: [{ upstream: ws://localhost:9000 }]\n`

describe('workers', () => {
  test.each([
    ['1', 1],
    ['4', 4],
    ['256', 256],
    ['auto', Math.min(availableParallelism(), 256)],
    ['"${env:WORKERS}"', 3],
  ])('written %s are %p', (written, workers) => {
    expect(configOf(withWorkers(written), { env: { WORKERS: '3' } }).workers).toBe(workers)
  })

  test.each(['0', '257', '1.5', 'all', 'true'])('cannot be %s', (written) => {
    expect(told(withWorkers(written))).toEqual([
      expect.stringContaining('workers: must be a whole number from 1 to 256, or auto, not '),
    ])
  })

  const inside = '[{ unix: /run/a.sock }]'

  test.each(['2', 'auto', '"${env:WORKERS}"'])('written %s share no Unix socket', (written) => {
    expect(told(withWorkers(written, inside), { env: { WORKERS: '3' } })).toEqual([
      expect.stringMatching(/listeners\[0\]: a Unix socket cannot be shared by several processes/),
    ])
  })

  test('are no matter to a Unix socket where there is one, nor to any free port and the admin port', () => {
    const world: World = {}
    expect(told(withWorkers('1', inside), world)).toEqual([])
    expect(told(withWorkers('2', '[0]') + 'admin: unix:/run/admin.sock\n', world)).toEqual([])
  })
})
