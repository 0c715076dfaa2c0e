/**
 * The table of mutants keeps up with the code, and what is said of a mutant is so. All of them are tried by
 * `npm run mutants`.
 */
import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Mutation } from '../support/source-mutation.ts'
import { failureOf } from '../support/tcp.ts'
import { mutants } from './table.ts'
import { placeFault, root, Trial } from './trial.ts'

const timeoutMs = 30_000

test('each mutant changes a place that its file has once, so that none goes untried', () => {
  expect(mutants.flatMap((mutant) => placeFault(mutant) ?? [])).toEqual([])
  const changed = mutants.map(({ file, replace, by }) => `${file} ${replace} ${by}`)
  expect(mutants.filter(({ replace, by }) => replace === by)).toEqual([])
  expect(changed.length).toBeGreaterThan(70)
  expect(new Set(changed).size).toBe(changed.length)
})

test('each mutant has tests that there are', () => {
  const files = new Set(mutants.flatMap((mutant) => mutant.tests))
  expect([...files].filter((file) => !existsSync(join(root, 'test', file)))).toEqual([])
  expect(mutants.filter((mutant) => mutant.tests.length === 0)).toEqual([])
})

describe('a trial', () => {
  const file = 'wire/opcode.ts'
  const tests = ['wire/opcode.test.ts']
  const trial = new Trial()
  const outcome = (mutation?: Mutation, limitMs = timeoutMs) => trial.run(tests, limitMs, mutation)

  test(
    'tells a mutant that a test catches from one that survives, and leaves no trace of either',
    async () => {
      expect(await outcome()).toEqual({ kind: 'survived' })
      const caught = await outcome({ file, replace: 'pong: 0xa', by: 'pong: 0xb' })
      expect(caught).toMatchObject({ kind: 'caught', test: expect.stringContaining('opcodes') })
      const same = { file, replace: 'pong: 0xa', by: 'pong: 0x0a' }
      expect(await outcome(same)).toEqual({ kind: 'survived' })
    },
    4 * timeoutMs,
  )

  test('takes a test that does not end for one that fails', async () => {
    const hanging = {
      file,
      replace: 'export const maxControlBytes',
      by: 'for (;;);\nexport const maxControlBytes',
    }
    expect(await outcome(hanging, 1_000)).toEqual({ kind: 'hung' })
  })

  test(
    'is a mistake where the mutant does not load, or its place is not there',
    async () => {
      const unreadable = { file, replace: 'export const Opcode', by: 'const Opcode' }
      expect(await failureOf(outcome(unreadable))).toStartWith(
        'Error: No test failed, but they did not run',
      )
      const moved = { file, replace: 'text: 0x7', by: 'text: 0x1' }
      expect(await failureOf(outcome(moved))).toStartWith(
        'Error: The code has moved: src/wire/opcode.ts has 0 times',
      )
    },
    timeoutMs,
  )
})

test.concurrent.each(['wire/http-body.ts', 'wire/frame-scanner.ts', 'listener/request-reader.ts'])(
  'the first mutant of %s is caught',
  async (file) => {
    const mutant = mutants.find((each) => each.file === file)
    const verdict = await new Trial().run(mutant?.tests ?? [], timeoutMs, mutant)
    expect(verdict.kind).toBe('caught')
  },
  timeoutMs,
)
