/**
 * The examples of a page of the documentation, run as they stand there but for names and places that
 * this machine does not have.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const docs = join(import.meta.dir, '../../docs')

/** The code blocks of a section, in order. @param title of the section, without its hashes. */
export function examplesOf(page: string, title: string, language: string): readonly string[] {
  const sections = readFileSync(join(docs, page), 'utf8').split(/^#+ /m)
  const section = sections.find((text) => text.startsWith(`${title}\n`))
  if (section === undefined) throw new Error(`${page} has no section "${title}"`)
  const blocks = section.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))
  return [...blocks].map(([, text = '']) => text)
}

/** The only one of its language in that section. */
export function exampleOf(page: string, title: string, language: string): string {
  const [example, ...others] = examplesOf(page, title, language)
  if (example === undefined || others.length > 0)
    throw new Error(`${page} has not one example in ${language} under "${title}"`)
  return example
}

/** Puts other text in some places. Each of them must be there, so that the page cannot change unnoticed. */
export function adapt(example: string, changes: Readonly<Record<string, string>>): string {
  return Object.entries(changes).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`The example has no "${from}":\n${text}`)
    return text.replaceAll(from, to)
  }, example)
}
