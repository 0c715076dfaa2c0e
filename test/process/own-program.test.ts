/** Which program is started anew: the one that is there then, as it was called. */
import { expect, test } from 'bun:test'
import { linkSync, mkdtempSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { compiledFile } from '../support/compiled-file.ts'
import { serveFile } from '../support/served-file.ts'

test('a link that leads to another version by now is followed anew', async () => {
  // On the file system of the compiled file, which is too large to be copied for this.
  const folder = mkdtempSync(join(dirname(compiledFile()), 'versions-'))
  using _ = { [Symbol.dispose]: () => rmSync(folder, { recursive: true }) }
  const [current, next] = [join(folder, 'sluice'), join(folder, 'next')]
  for (const name of ['old', 'new']) linkSync(compiledFile(), join(folder, name))
  symlinkSync('old', current)
  const yaml = 'listeners: ["127.0.0.1:0"]\nroutes: [{ respond: { body: hello } }]\n'
  await using served = await serveFile(yaml, { command: current })
  const programOf = (pid: number) => readlinkSync(`/proc/${pid}/exe`)
  expect(programOf(served.pid)).toBe(join(folder, 'old'))
  symlinkSync('new', next)
  renameSync(next, current)
  expect(programOf(await served.upgrade())).toBe(join(folder, 'new'))
  expect(await (await fetch(`http://127.0.0.1:${served.port}/`)).text()).toBe('hello')
}, 20_000)
