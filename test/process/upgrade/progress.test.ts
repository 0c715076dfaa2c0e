import { expect, test } from 'bun:test'
import { UpgradeProgress } from '../../../src/process/upgrade/progress.ts'

test('of the sessions that are left only the latest number is kept for who does not read', async () => {
  const progress = new UpgradeProgress()
  progress.tell({ step: 'started', pid: 7 })
  for (let sessions = 10_000; sessions > 0; sessions--) progress.tell({ step: 'leaving', sessions })
  progress.tell({ step: 'left' })
  progress.end()
  expect(await Array.fromAsync(progress)).toEqual([
    { step: 'started', pid: 7 },
    { step: 'leaving', sessions: 1 },
    { step: 'left' },
  ])
})

test('who reads hears each step as it comes', async () => {
  const progress = new UpgradeProgress()
  const steps = progress[Symbol.asyncIterator]()
  for (const sessions of [3, 2, 1]) {
    const next = steps.next()
    progress.tell({ step: 'leaving', sessions })
    expect((await next).value).toEqual({ step: 'leaving', sessions })
  }
  const last = steps.next()
  progress.end()
  expect((await last).done).toBeTrue()
})
