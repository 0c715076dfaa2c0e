/**
 * What the schema knows of a key, for those who walk along it: the forms its value may have, and its default.
 * Invariant: nothing is read here but the schema.
 */
import { z } from 'zod'

/** The alternatives a value may have, behind what is wrapped around them. */
export function formsOf(schema: unknown): unknown[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(formsOf)
  if (schema instanceof z.ZodPipe) return formsOf(schema.in)
  const isWrapped = schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional
  return isWrapped ? formsOf(schema.unwrap()) : [schema]
}

/** The keys that a mapping here may have, each with its schema; undefined where none is known. */
export function keysIn(schema: unknown): Readonly<Record<string, unknown>> | undefined {
  return formsOf(schema).find((form) => form instanceof z.ZodObject)?.shape
}

/** What is behind any name that a mapping here may have. */
export function namedIn(schema: unknown): unknown {
  return formsOf(schema).find((form) => form instanceof z.ZodRecord)?.valueType
}

/** What is in a list here. */
export function listedIn(schema: unknown): unknown {
  return formsOf(schema).find((form) => form instanceof z.ZodArray)?.element
}

/** As a file would say it; undefined where the key has none. */
export function defaultOf(schema: unknown): unknown {
  return schema instanceof z.ZodPrefault ? schema.def.defaultValue : undefined
}

/** What a value comes to; undefined where it is none. */
export function meaningOf(schema: unknown, written: unknown): unknown {
  return schema instanceof z.ZodType ? schema.safeParse(written).data : undefined
}
