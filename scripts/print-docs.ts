/**
 * The parts of the documentation that are printed from the code: the tables of errors and of
 * configuration keys. `scripts/bun scripts/print-docs.ts` writes them; a test compares them. What stands
 * between `<!-- printed: errors -->` and `<!-- end -->` is printed; `<!-- printed: routes limits -->` is
 * the keys of `limits` of a route.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { jsonSchema, type JsonSchema } from '../src/config/json-schema.ts'
import { errorTable, errorRow, type ErrorCode } from '../src/core/errors.ts'
import { builtIn } from '../src/registry.ts'

const docs = join(import.meta.dir, '../docs')

/** File → its text with the printed parts up to date. */
export function printedDocs(): Map<string, string> {
  const pages = readdirSync(docs, { recursive: true }).map(String)
  return new Map(
    pages
      .filter((page) => page.endsWith('.md'))
      .map((page) => [join(docs, page), readFileSync(join(docs, page), 'utf8')] as const)
      .filter(([, text]) => text.includes('<!-- printed: '))
      .map(([path, text]) => [path, printed(text)]),
  )
}

const marked = /<!-- printed: ([^\n]*) -->\n.*?<!-- end -->/gs

function printed(text: string): string {
  return text.replace(marked, (_, part: string) => {
    const content = part === 'errors' ? errorsTable() : keysTable(part)
    return `<!-- printed: ${part} -->\n\n${content}\n<!-- end -->`
  })
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('')
}

function errorsTable(): string {
  const rows = (Object.keys(errorTable) as ErrorCode[]).map((code) => {
    const { side, status, closeCode, sentence } = errorRow(code)
    return [`\`${code}\``, sentence, side, String(status ?? ''), String(closeCode ?? '')]
  })
  return table(['code', 'meaning', 'side', 'HTTP status', 'close code'], rows)
}

/** What stands in a table: a key, and what is known of it. */
interface Row {
  readonly key: string
  readonly schema: JsonSchema
}

/** @param part a key of the file, and behind it those of its keys that are printed; all without any. */
function keysTable(part: string): string {
  const [top = '', ...only] = part.split(' ')
  const schema = jsonSchema(builtIn).properties?.[top]
  if (schema === undefined) throw new TypeError(`There is no key ${top}`)
  const rows = rowsOf(schema, '').filter(
    ({ key }) => only.length === 0 || only.includes(key.split('.')[0] ?? ''),
  )
  return table(
    ['key', 'value', 'default', 'meaning'],
    rows.map(({ key, schema: each }) => [
      `\`${key === '' ? top : key}\``,
      valueOf(each),
      defaultOf(each),
      (each.description ?? '').replace(/ From \S+ to \S+\.$/, ''),
    ]),
  )
}

/** The keys below a schema, those of mappings in place of these unless there is a short form too. */
function rowsOf(schema: JsonSchema, path: string): Row[] {
  const mapping = mappingOf(schema)
  if (mapping === undefined) return [{ key: path, schema }]
  const rows = Object.entries(mapping.properties ?? {}).flatMap(([name, each]) =>
    rowsOf(each, path === '' ? name : `${path}.${name}`),
  )
  const hasShortForm = schema.anyOf !== undefined && path !== ''
  return hasShortForm ? [{ key: path, schema }, ...rows] : rows
}

/** The mapping that a value consists of, behind alternatives, lists and names; the outermost there is. */
function mappingOf(schema: JsonSchema): JsonSchema | undefined {
  let level: readonly JsonSchema[] = [schema]
  while (level.length > 0) {
    const found = level.find((each) => each.properties !== undefined)
    if (found !== undefined) return found
    level = level.flatMap(({ anyOf = [], items, additionalProperties: others }) => [
      ...anyOf,
      ...(items === undefined ? [] : [items]),
      ...(typeof others === 'object' ? [others] : []),
    ])
  }
  return undefined
}

function valueOf(schema: JsonSchema): string {
  const forms = formsOf(schema)
  const has = (type: string) =>
    forms.some((each) => each.type === type && each.pattern === undefined)
  const range = forms.find((each) => each['x-range'] !== undefined)?.['x-range']
  const words = forms.flatMap((each) => each.enum ?? []).map(String)
  const isOff = forms.some((each) => each.const === 'off' || /\boff\b/.test(each.pattern ?? ''))
  const parts = [
    ...(range === undefined ? [] : [`${range[0]} … ${range[1]}`]),
    ...(range === undefined && has('string') ? ['text'] : []),
    ...[...new Set(words), ...(isOff ? ['off'] : [])].map((word) => `\`${word}\``),
    ...(has('boolean') ? ['`true`, `false`'] : []),
    ...(forms.some((each) => each.const === true) ? ['`true`'] : []),
    ...(has('array') ? ['list'] : []),
    ...(forms.some(isMapping) ? ['mapping'] : []),
  ]
  return parts.join(', ')
}

/** One in which something can be said. */
function isMapping({ type, properties }: JsonSchema): boolean {
  return type === 'object' && (properties === undefined || Object.keys(properties).length > 0)
}

function formsOf(schema: JsonSchema): JsonSchema[] {
  return [schema, ...(schema.anyOf ?? []).flatMap(formsOf)]
}

function defaultOf(schema: JsonSchema): string {
  const { default: value } = schema
  if (value === undefined || ['[]', '{}', '""'].includes(JSON.stringify(value))) return ''
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}

if (import.meta.main) {
  for (const [path, text] of printedDocs()) writeFileSync(path, text)
}
