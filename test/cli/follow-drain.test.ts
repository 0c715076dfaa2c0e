/**
 * How the drain of an endpoint is followed, look by look, and shown on terminals and in logs.
 */
import { describe, expect, test } from 'bun:test'
import { followDrain, type Followed } from '../../src/cli/follow-drain.ts'
import { ProgressLine } from '../../src/cli/progress-line.ts'
import type { UpstreamInfo } from '../../src/proxy/upstream-info.ts'
import { drainingUpstream, removedUpstream, url } from '../support/draining.ts'

/** What is seen one after the other, the last again and again; `undefined`: the gateway is gone. */
async function follow(
  looks: readonly (UpstreamInfo | undefined)[],
  mostPauses = looks.length + 2,
): Promise<Followed & { shown: readonly string[] }> {
  const shown: string[] = []
  let [looked, paused] = [0, 0]
  const followed = await followDrain(url, {
    look: async () => looks[Math.min(looked++, looks.length - 1)],
    pause: async () => ++paused < mostPauses,
    show: (progress) => shown.push(progress),
    patience: 2,
  })
  return { ...followed, shown }
}

describe('a drain that is followed', () => {
  test('shows how many were moved until none is left', async () => {
    const looks = [
      drainingUpstream({ sessions: 340 }), // nothing was moved yet
      drainingUpstream({ sessions: 220, moved: 120 }),
      drainingUpstream({ sessions: 0, moved: 338 }),
    ]
    expect(await follow(looks)).toEqual({
      isDone: true,
      sentence: `${url} has no sessions any more`,
      shown: ['0 of 340 moved', '120 of 340 moved'],
    })
  })

  test('remembers how many were moved while that is not told', async () => {
    const looks = [
      drainingUpstream({ sessions: 2, moved: 1_198 }),
      drainingUpstream({ sessions: 1 }),
      drainingUpstream({ sessions: 0 }),
    ]
    expect((await follow(looks)).shown).toEqual(['1,198 of 1,200 moved', '1,198 of 1,199 moved'])
  })

  test('goes on when the endpoint is removed meanwhile', async () => {
    const looks = [
      drainingUpstream({ sessions: 3, moved: 1 }),
      removedUpstream({ sessions: 2, moved: 2 }),
      removedUpstream({ sessions: 0 }),
    ]
    expect(await follow(looks)).toMatchObject({
      isDone: true,
      shown: ['1 of 4 moved', '2 of 4 moved'],
    })
  })

  test('ends when those that are left cannot be moved, and says what becomes of them', async () => {
    const looks = [
      drainingUpstream({ sessions: 21, moved: 320, unmovable: 20 }),
      drainingUpstream({ sessions: 20, moved: 321, unmovable: 20 }),
    ]
    expect(await follow(looks)).toEqual({
      isDone: false,
      sentence: `the 20 sessions that ${url} has left cannot be moved and stay until they end; 321 moved`,
      shown: ['320 of 341 moved, 20 cannot be', '321 of 341 moved, 20 cannot be'],
    })
    const one = drainingUpstream({ sessions: 1, moved: 0, unmovable: 1 })
    expect((await follow([one])).sentence).toBe(
      `the session that ${url} has left cannot be moved and stays until it ends; 0 moved`,
    )
  })

  test('is not over when all that are left cannot be moved for a moment', async () => {
    const looks = [
      drainingUpstream({ sessions: 2, moved: 8, unmovable: 2 }),
      drainingUpstream({ sessions: 2, moved: 8, unmovable: 1 }),
      drainingUpstream({ sessions: 1, moved: 9, unmovable: 1 }),
      drainingUpstream({ sessions: 0, moved: 10 }),
    ]
    expect((await follow(looks)).isDone).toBe(true)
  })

  test('says so while there is nowhere to go', async () => {
    const looks = [drainingUpstream({ sessions: 5, others: [] }), drainingUpstream({ sessions: 0 })]
    expect((await follow(looks)).shown).toEqual([
      '0 of 5 moved; no other endpoint of chat is healthy',
    ])
  })

  test('ends when somebody lets the endpoint take sessions again', async () => {
    const looks = [
      drainingUpstream({ sessions: 5, moved: 2 }),
      drainingUpstream({ sessions: 5, isToldToDrain: false }),
    ]
    expect(await follow(looks)).toMatchObject({
      isDone: false,
      sentence: `${url} was told to take sessions again`,
    })
  })

  test('is followed no more where the gateway is gone, or who follows does not want to', async () => {
    const under = drainingUpstream({ sessions: 5, moved: 2 })
    expect(await follow([under, undefined])).toMatchObject({ isDone: false, sentence: undefined })
    expect(await follow([under], 3)).toMatchObject({
      isDone: false,
      sentence: 'followed no more; the gateway goes on, and sluice upstreams shows how far it is',
      shown: Array.from({ length: 3 }, () => '2 of 7 moved'),
    })
  })
})

describe('a line of progress', () => {
  function write(output: { isTTY?: boolean; columns?: number }, ...progress: readonly string[]) {
    let written = ''
    const line = new ProgressLine({ ...output, write: (text: string) => (written += text) })
    for (const text of progress) line.show(text)
    line.clear()
    return written
  }

  test('is written over on a terminal, and leaves nothing behind', () => {
    expect(write({ isTTY: true, columns: 80 }, '1 of 2', '2 of 2')).toBe(
      '\r\x1b[K1 of 2\r\x1b[K2 of 2\r\x1b[K',
    )
    expect(write({ isTTY: true })).toBe('')
  })

  test('that is longer than the terminal is wide is cut, as it could not be written over', () => {
    expect(write({ isTTY: true, columns: 5 }, '1 of 2')).toBe('\r\x1b[K1 of\r\x1b[K')
  })

  test('is a line of its own elsewhere, whenever it has changed', () => {
    expect(write({}, '1 of 2', '1 of 2', '2 of 2')).toBe('1 of 2\n2 of 2\n')
  })
})
