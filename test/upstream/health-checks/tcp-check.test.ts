// The health check that only connects.

import { expect, test } from 'bun:test'
import { tcpCheck } from '../../../src/upstream/health-checks/tcp-check.ts'
import { startHealthServer } from '../../support/health-server.ts'

test('a server that accepts and says nothing is well, and so is one that greets', async () => {
  const check = tcpCheck.create({}, undefined)
  using server = await startHealthServer((connection) => connection.send('220 mail ESMTP\n'))
  using silent = await startHealthServer(() => {})
  expect(await check.check(server.target, new AbortController().signal)).toBeUndefined()
  expect(await check.check(silent.target, new AbortController().signal)).toBeUndefined()
  await server.gone(1)
  await silent.gone(1)
})
