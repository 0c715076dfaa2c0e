/** The process that is taken over from, as the one sees it that takes over: here, a program that tells what it sees. */
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { successorVariable } from '../../../src/process/upgrade/messages.ts'
import { Journal } from '../../support/journal.ts'

const path = join(import.meta.dir, '../../../src/process/upgrade/predecessor.ts')
const program = `
  const { findPredecessor } = await import(${JSON.stringify(path)})
  const predecessor = await findPredecessor(process.env)
  const tell = () => console.log(predecessor.isShared('127.0.0.1:80'), predecessor.isShared('127.0.0.1:81'))
  tell()
  await predecessor.serve()
  tell()
  process.exit()
`
const estate = { pid: 1, secret: 's', sockets: [], shared: ['127.0.0.1:80'] }

test.each(['says that it accepts nobody any more', 'is gone'])(
  'its places are shared until it %s',
  async (end) => {
    const heard = new Journal<string>()
    await using child = Bun.spawn([process.execPath, '-e', program], {
      env: { ...process.env, [successorVariable]: '1' },
      stdout: 'pipe',
      serialization: 'json',
      ipc: ({ say }: { say: string }) => heard.add(say),
    })
    await heard.find((say) => say === 'ask')
    child.send({ say: 'estate', estate })
    await heard.find((say) => say === 'ready')
    if (end === 'is gone') child.disconnect()
    else child.send({ say: 'yours' })
    expect(await child.stdout.text()).toBe('true false\nfalse false\n')
  },
)
