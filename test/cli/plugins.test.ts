/**
 * Plugins from disk, as the commands load them; and the one that docs/config/plugins.md shows.
 */
import { describe, expect, test } from 'bun:test'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadPlugin } from '../../src/process/config/load-plugin.ts'
import type { BalancerHost } from '../../src/core/balancer.ts'
import { balancerConformance } from '../conformance/balancer.ts'
import { FakeCandidate } from '../support/candidates.ts'
import { runCommand } from '../support/command.ts'
import { loadConfig } from '../support/load-config.ts'
import { contextOf } from '../support/request-context.ts'
import { temporaryFile, temporaryFolder } from '../support/temporary.ts'

const page = readFileSync(join(import.meta.dir, '../../docs/config/plugins.md'), 'utf8')

/** The first example of the page in this language. */
function exampleIn(language: string): string {
  const text = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(page)?.[1]
  if (text === undefined) throw new Error(`the page has no ${language}`)
  return text
}

/** A folder with what the page shows. @returns the path of the configuration. */
function writeExample(): string {
  const folder = temporaryFolder('plugin')
  mkdirSync(join(folder, 'steps'))
  writeFileSync(join(folder, 'steps/region.ts'), exampleIn('ts'))
  const file = join(folder, 'sluice.yaml')
  writeFileSync(file, `${exampleIn('yaml')}listeners: [8080]\n`)
  return file
}

const file = writeExample()

function exampleConfig() {
  const loaded = loadConfig(readFileSync(file, 'utf8'), { file })
  const [upstream] = loaded.ok ? loaded.config.upstreams : []
  const extension = loaded.ok && loaded.registry.balancers.find(({ type }) => type === 'region')
  if (upstream === undefined || !extension) throw new Error('the example is refused')
  return { balancer: upstream.balancer, extension }
}

describe('the balancer that the documentation shows', () => {
  const { balancer, extension } = exampleConfig()
  const [eu, us, spare] = ['eu.chat', 'us.chat', 'us.spare'].map(
    (name) => new FakeCandidate(`ws://${name}.internal:9000`),
  )
  const choose = (region: string, closed: readonly unknown[] = []) => {
    const made = balancer.create({ random: () => 0 })
    made.update([eu, us, spare].filter((each) => each !== undefined))
    return made.choose({
      request: contextOf({ headers: { 'x-region': region } }),
      isOpen: (candidate) => !closed.includes(candidate),
    })
  }

  test('keeps to the region while it has room, and leaves it when it has none', () => {
    expect(choose('us')).toBe(us)
    expect(choose('us', [us])).toBe(spare)
    expect(choose('us', [us, spare])).toBe(eu)
    expect(choose('eu')).toBe(eu)
    expect(choose('mars', [eu])).toBe(us)
  })

  // One file, and one line of the configuration: what the gateway's own balancers promise, it must too.
  const make = (host: BalancerHost) => balancer.create(host)
  balancerConformance(extension, make, 'in order')
})

describe('a plugin', () => {
  test('is read by sluice check, and named by sluice schema', async () => {
    const checked = await runCommand(['check', file])
    expect([checked.exitCode, checked.stderr]).toEqual([0, ''])
    expect((await runCommand(['schema', file])).stdout).toContain('in the region that the request')
    expect((await runCommand(['schema'])).stdout).not.toContain('in the region that the request')
  })

  test.each([
    ['an ES module in TypeScript', 'a.ts', 'const x: number = 5\nexport default { x }\n'],
    ['one in JavaScript', 'a.js', 'export default { x: 5 }\n'],
    ['CommonJS with a default', 'a.cjs', 'exports.default = { x: 5 }\n'],
  ])('may be %s', (_, name, text) => {
    expect(loadPlugin(temporaryFile(name, text))).toEqual({ x: 5 })
  })

  test('has no default export where it has none', () => {
    expect(loadPlugin(temporaryFile('a.ts', 'export const x = 5\n'))).toBeUndefined()
  })

  test.each([
    ['throws', 'throw new Error("the moon is full")', 'the moon is full'],
    ['cannot be parsed', '\nexport default {', 'line 2: Expected'],
    [
      'has several faults, of which the first is told',
      'let a = 1\nlet a = 2\nlet b = 1\nlet b = 2\n',
      'line 2: "a" has already been declared',
    ],
    ['imports what is not there', "import './none.ts'", "Cannot find module './none.ts'"],
    [
      'waits at its top level',
      'await new Promise((done) => setTimeout(done, 1))\nexport default {}',
      'it waits for something while it is loaded',
    ],
  ])('is told of when it %s', async (_, text, sentence) => {
    const plugin = temporaryFile('bad.ts', text)
    const config = temporaryFile(
      'sluice.yaml',
      `plugins: [${plugin}]\nlisteners: [8080]\nroutes: [{ respond: {} }]\n`,
    )
    const { exitCode, stderr } = await runCommand(['check', config])
    expect(exitCode).toBe(2)
    expect(stderr).toContain(`plugins[0]: cannot load "${plugin.slice(0, 60)}`)
    expect(stderr).toContain(sentence)
  })

  test('names the file in which the fault is', () => {
    const folder = temporaryFolder('plugin')
    mkdirSync(join(folder, 'parts'))
    writeFileSync(join(folder, 'parts/part.ts'), '\n\nexport default {')
    writeFileSync(join(folder, 'whole.ts'), "export { default } from './parts/part.ts'\n")
    expect(() => loadPlugin(join(folder, 'whole.ts'))).toThrow('parts/part.ts, line 3: Expected')
  })

  test('that is a folder is told as such', () => {
    const folder = temporaryFolder('plugin')
    expect(() => loadPlugin(folder)).toThrow('it is a folder; name the file in it')
  })

  test('that is not there is told as such', () => {
    expect(() => loadPlugin('/nowhere/none.ts')).toThrow('ENOENT')
  })
})
