/**
 * Runs tests against sources with a slip in them, in a copy of the checkout.
 *
 * The checkout itself is never changed. A mutant is caught by a test that fails or does not end; one that
 * does not even load proves nothing and is a mistake in the table.
 */
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mutate, type Mutation } from '../support/source-mutation.ts'
import { temporaryFolder } from '../support/temporary.ts'

export const root = join(import.meta.dir, '../..')

export type Verdict =
  | { readonly kind: 'survived' }
  /** @property test the first one that failed. */
  | { readonly kind: 'caught'; readonly test: string }
  | { readonly kind: 'hung' }

/** @returns what is wrong with the place of a mutant: it must be in its file once. */
export function placeFault(mutation: Mutation): string | undefined {
  try {
    mutate(readFileSync(join(root, 'src', mutation.file), 'utf8'), mutation, 'code')
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** A copy of the checkout, for one trial after the other. */
export class Trial {
  readonly #folder = temporaryFolder('mutant')

  constructor() {
    for (const name of ['src', 'test', 'package.json', 'tsconfig.json', 'bunfig.toml'])
      cpSync(join(root, name), join(this.#folder, name), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(this.#folder, 'node_modules'))
  }

  /**
   * @param tests below `test/`.
   * @param mutation none for the sources as they are.
   * @throws Error where the place is not in the file once, or the tests cannot be loaded.
   */
  async run(tests: readonly string[], timeoutMs: number, mutation?: Mutation): Promise<Verdict> {
    if (mutation === undefined) return await this.#test(tests, timeoutMs)
    const path = join(this.#folder, 'src', mutation.file)
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, mutate(text, mutation, 'code'))
    try {
      return await this.#test(tests, timeoutMs)
    } finally {
      writeFileSync(path, text)
    }
  }

  async #test(tests: readonly string[], timeoutMs: number): Promise<Verdict> {
    const paths = tests.map((test) => `./test/${test}`)
    const child = Bun.spawn([process.execPath, 'test', '--bail', ...paths], {
      cwd: this.#folder,
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'pipe',
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    })
    const output = await new Response(child.stderr).text()
    if ((await child.exited) === 0) return { kind: 'survived' }
    if (child.signalCode === 'SIGKILL') return { kind: 'hung' }
    const test = /^\(fail\) (.*?)(?: \[[0-9.]+m?s\])?$/m.exec(output)?.[1]
    if (test === undefined) throw new Error(`No test failed, but they did not run:\n${output}`)
    return { kind: 'caught', test }
  }
}
