/** A file of endpoints that changes while it is in use. */
import { afterEach, expect, test } from 'bun:test'
import { renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { createDiscovery } from '../../../src/upstream/discovery/discovery.ts'
import type { EndpointOptions } from '../../../src/upstream/endpoint-options.ts'
import { DnsByHand, Told } from '../../support/discovering.ts'
import { endpointOptions } from '../../support/pool.ts'
import { temporaryFile, temporaryPath } from '../../support/temporary.ts'

let told: Told | undefined
afterEach(() => told?.stop())

/** A URL a line. */
function read(text: string): readonly EndpointOptions[] | string {
  const lines = text.split('\n').filter((line) => line !== '')
  const wrong = lines.find((line) => !URL.canParse(line))
  return wrong === undefined ? lines.map((line) => endpointOptions(line)) : `${wrong} is no URL`
}

function watch(file: string): Told {
  told = new Told(createDiscovery({ kind: 'file', file, read }, new DnsByHand()))
  return told
}

const one = 'ws://10.0.0.1:9000'
const two = 'ws://10.0.0.2:9000'

const listing =
  (...urls: readonly string[]) =>
  (list: readonly EndpointOptions[]) =>
    list.map(({ url }) => url).join() === urls.join()

test('its endpoints are told at once, sorted and none twice, and again when it changes', async () => {
  const file = temporaryFile('endpoints', `${two}\n${one}\n${two}\n`)
  const { lists } = watch(file)
  await lists.find(listing(one, two))
  writeFileSync(`${file}.new`, one)
  renameSync(`${file}.new`, file)
  await lists.find(listing(one))
}, 10_000)

test('what is wrong is told, changes nothing, and is well again when it is mended', async () => {
  const file = temporaryFile('endpoints', one)
  const { lists, failures } = watch(file)
  await lists.find(listing(one))
  writeFileSync(file, `${one}\nnonsense`)
  expect(await failures.find(() => true)).toBe('nonsense is no URL')
  expect(lists.items).toHaveLength(1)
  // As it was before: the same list once more says that all is well.
  writeFileSync(file, one)
  await lists.find((list) => listing(one)(list) && lists.items.length > 1)
}, 10_000)

test('that it is gone or empty changes nothing and is told', async () => {
  const file = temporaryFile('endpoints', one)
  const { lists, failures } = watch(file)
  await lists.find(listing(one))
  unlinkSync(file)
  expect(await failures.find(() => true)).toContain(file)
  writeFileSync(file, '')
  expect(await failures.find((detail) => detail.includes('lists no'))).toBe(
    `${file} lists no endpoint`,
  )
  expect(lists.items).toHaveLength(1)
}, 15_000)

test('one that is not there yet is told, and taken when it comes', async () => {
  const file = temporaryPath('endpoints')
  const { lists, failures } = watch(file)
  expect(await failures.find(() => true)).toContain(file)
  writeFileSync(file, one)
  await lists.find(listing(one))
}, 10_000)
