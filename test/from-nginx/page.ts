/**
 * The configurations of docs/coming-from-nginx.md: under a heading, one for nginx and the same for
 * Sluice. The tests run what the page shows, so that the page cannot promise what is not so.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Example {
  readonly title: string
  /** What stands inside `http { }`. */
  readonly nginx: string
  readonly sluice: string
  /** What is typed at the gateway, line by line, without comments. */
  readonly commands: readonly string[]
}

export const page = readFileSync(join(import.meta.dir, '../../docs/coming-from-nginx.md'), 'utf8')

export const examples: readonly Example[] = page.split(/^##+ /m).flatMap((section) => {
  const [title = ''] = section.split('\n', 1)
  const nginx = block(section, 'nginx')
  const sluice = block(section, 'yaml')
  return nginx === undefined || sluice === undefined
    ? []
    : [{ title, nginx, sluice, commands: commandsOf(section) }]
})

export function example(title: string): Example {
  const found = examples.find((each) => each.title === title)
  if (found === undefined) throw new Error(`The page has no pair of examples under "${title}"`)
  return found
}

function commandsOf(section: string): string[] {
  const lines = block(section, 'sh')?.trimEnd().split('\n') ?? []
  return lines.map((line) => line.replace(/ *#.*/, ''))
}

function block(section: string, language: string): string | undefined {
  return new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'ms').exec(section)?.[1]
}
