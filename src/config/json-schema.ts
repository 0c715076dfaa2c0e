/**
 * The configuration as a JSON Schema, for editors.
 * Invariant: what it refuses is refused by `sluice check` too; `check` refuses more, such as names that
 * do not exist, and tells it better.
 */
import { z } from 'zod'
import type { Registry } from '../core/registry.ts'
import { schemasFor } from './schema.ts'

/** The part of a JSON Schema that the schema of the configuration is made of. */
export interface JsonSchema {
  readonly title?: string
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly anyOf?: readonly JsonSchema[]
  readonly items?: JsonSchema
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: JsonSchema | boolean
  readonly required?: readonly string[]
  readonly not?: JsonSchema
  /** The bounds of a value as a person writes them. */
  readonly 'x-range'?: readonly [string | number, string | number]
}

export function jsonSchema(registry: Registry): JsonSchema {
  const schema = z.toJSONSchema(schemasFor(registry).config, {
    io: 'input',
    target: 'draft-7', // what the YAML language server reads
  })
  return { title: 'Sluice', ...forEditors(schema as JsonSchema) }
}

/** Bounds are told with the sentence; and of an unknown key an editor names the key. */
function forEditors(schema: JsonSchema): JsonSchema {
  const { description, properties, items, anyOf, additionalProperties: others } = schema
  const range = schema['x-range']
  return {
    ...schema,
    ...(description && range && { description: `${description} From ${range[0]} to ${range[1]}.` }),
    ...(properties && { properties: mapped(properties) }),
    ...(items && { items: forEditors(items) }),
    ...(anyOf && { anyOf: anyOf.map(forEditors) }),
    ...(typeof others === 'object' && {
      additionalProperties: others.not === undefined && forEditors(others),
    }),
  }
}

function mapped(properties: Readonly<Record<string, JsonSchema>>): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(properties).map(([key, each]) => [key, forEditors(each)]),
  )
}
