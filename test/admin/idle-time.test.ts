/** When the runtime is told to count the idle time of an admin connection; it counts in steps of four seconds. */
import { expect, test } from 'bun:test'
import { idleBetween, idleSeconds } from '../../src/admin/idle-time.ts'

/** What was told, in order. */
async function toldBy(response: Response): Promise<(number | string)[]> {
  const told: (number | string)[] = []
  const answer = idleBetween(() => {
    told.push('asked')
    return response
  })
  const server = { timeout: (_: Request, seconds: number) => void told.push(seconds) }
  expect(await answer(new Request('http://localhost/'), server)).toBe(response)
  return told
}

test('no idle time is counted until there is an answer', async () => {
  expect(await toldBy(new Response('ok'))).toEqual([0, 'asked', idleSeconds])
})

test('none is counted while an answer goes on, which is the last of its connection', async () => {
  const headers = { Connection: 'close' }
  expect(await toldBy(new Response('going on', { headers }))).toEqual([0, 'asked'])
})
