/**
 * The parts of the documentation that are printed from the code: the tables of errors and of
 * configuration keys. `scripts/bun scripts/print-docs.ts` writes them; a test compares them.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { configSchema } from '../src/config/schema.ts'
import { errorTable, errorRow, type ErrorCode } from '../src/core/errors.ts'

const docs = join(import.meta.dir, '../docs')

/** File → its text with the printed part up to date. */
export function printedDocs(): Map<string, string> {
  const parts = { 'errors.md': errorsTable(), 'configuration.md': configurationTables() }
  return new Map(
    Object.entries(parts).map(([file, part]) => {
      const path = join(docs, file)
      const [before = '', , after = ''] = readFileSync(path, 'utf8').split(
        /<!-- printed -->\n|<!-- end -->\n/,
      )
      return [path, `${before}<!-- printed -->\n\n${part}\n<!-- end -->\n${after}`]
    }),
  )
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

/** The part of a JSON Schema that is read here. */
interface Schema {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly default?: unknown
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema
}

function configurationTables(): string {
  const root = z.toJSONSchema(configSchema, { io: 'input' }) as Schema
  return Object.entries(root.properties ?? {})
    .map(([name, schema]) => {
      const rows = keysOf(schema, '').map(({ key, schema: each }) => [
        `\`${key}\``,
        defaultOf(each),
        each.description ?? '',
      ])
      return `## ${name}\n\n${schema.description ?? ''}\n\n${table(['key', 'default', 'meaning'], rows)}`
    })
    .join('\n')
}

/** The leaves below a schema. Short forms are told in the text; here stands the whole form. */
function keysOf(schema: Schema, path: string): { key: string; schema: Schema }[] {
  const whole = objectOf(schema)
  if (whole?.properties === undefined) return [{ key: path, schema }]
  return Object.entries(whole.properties).flatMap(([name, each]) => {
    const key = path === '' ? name : `${path}.${name}`
    return keysOf(each, key).map((leaf) => ({
      key: leaf.key,
      schema: { description: each.description ?? '', ...leaf.schema },
    }))
  })
}

/** The object a value consists of, behind alternatives, lists and names; the outermost there is. */
function objectOf(schema: Schema): Schema | undefined {
  let level: readonly Schema[] = [schema]
  while (level.length > 0) {
    const found = level.find((each) => each.properties !== undefined)
    if (found !== undefined) return found
    level = level.flatMap((each) =>
      [...(each.anyOf ?? []), each.items, each.additionalProperties].filter(
        (inner) => inner !== undefined,
      ),
    )
  }
  return undefined
}

function defaultOf(schema: Schema): string {
  if (schema.default === undefined) return ''
  return `\`${typeof schema.default === 'string' ? schema.default : JSON.stringify(schema.default)}\``
}

if (import.meta.main) {
  for (const [path, text] of printedDocs()) writeFileSync(path, text)
}
