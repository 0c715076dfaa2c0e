/** Files that change while they are in use: replaced, swapped by a symlink, half written, gone. */
import { afterEach, describe, expect, test } from 'bun:test'
import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { watchFiles } from '../../src/net/watched-files.ts'
import { Journal } from '../support/journal.ts'
import { temporaryPath } from '../support/temporary.ts'

let stop: (() => void) | undefined
afterEach(() => stop?.())

/** Watches two files that make sense when they say the same. */
function watchPair(files: readonly [string, string]) {
  const taken = new Journal<string>()
  const rejected = new Journal<string>()
  stop = watchFiles(
    {
      files,
      take([one, other]) {
        if (one !== other) return `${one} is not ${other}`
        taken.add(one ?? '')
        return undefined
      },
      onReject: (detail) => rejected.add(detail),
    },
    ['old', 'old'],
  )
  return { taken, rejected }
}

function twoFiles(): [string, string] {
  const files: [string, string] = [temporaryPath('one'), temporaryPath('other')]
  for (const file of files) writeFileSync(file, 'old')
  return files
}

const any = () => true

describe('files that are looked at', () => {
  test('may be a pipe for a while, which is told and not waited for', async () => {
    const files = twoFiles()
    const { taken, rejected } = watchPair(files)
    unlinkSync(files[0])
    Bun.spawnSync(['mkfifo', files[0]])
    expect(await rejected.find(any)).toBe(`${files[0]} is not a regular file`)
    unlinkSync(files[0])
    for (const file of files) writeFileSync(file, 'new')
    expect(await taken.find(any)).toBe('new')
  }, 10_000)

  test('are taken anew each time they have changed', async () => {
    const files = twoFiles()
    const { taken, rejected } = watchPair(files)
    for (const file of files) writeFileSync(file, 'new')
    expect(await taken.find(any)).toBe('new')
    for (const file of files) writeFileSync(file, 'newer')
    expect(await taken.find((text) => text !== 'new')).toBe('newer')
    expect([taken.items, rejected.items]).toEqual([['new', 'newer'], []])
  }, 10_000)

  test('are taken when a symlink on their way leads elsewhere, as Kubernetes swaps secrets', async () => {
    const folder = temporaryPath('secret')
    for (const version of ['old', 'new']) {
      mkdirSync(`${folder}/${version}`, { recursive: true })
      for (const name of ['one', 'other']) writeFileSync(`${folder}/${version}/${name}`, version)
    }
    symlinkSync('old', `${folder}/..data`)
    for (const name of ['one', 'other']) symlinkSync(`..data/${name}`, `${folder}/${name}`)
    const { taken } = watchPair([`${folder}/one`, `${folder}/other`])
    symlinkSync('new', `${folder}/..data_tmp`)
    renameSync(`${folder}/..data_tmp`, `${folder}/..data`)
    expect(await taken.find(any)).toBe('new')
    rmSync(folder, { recursive: true })
  }, 10_000)

  test('are called wrong once, when they stay wrong, and taken when they are right again', async () => {
    const [one, other] = twoFiles()
    const { taken, rejected } = watchPair([one, other])
    writeFileSync(one, 'new')
    expect(await rejected.find(any)).toBe('new is not old')
    writeFileSync(other, 'new')
    expect(await taken.find(any)).toBe('new')
    expect(rejected.items).toHaveLength(1)
  }, 10_000)

  test('that are missing are told, and taken when they are back', async () => {
    const [one, other] = twoFiles()
    const { taken, rejected } = watchPair([one, other])
    unlinkSync(one)
    expect(await rejected.find(any)).toContain(one)
    for (const file of [one, other]) writeFileSync(file, 'new')
    expect(await taken.find(any)).toBe('new')
    expect(rejected.items).toHaveLength(1)
  }, 10_000)
})
