/** The page belongs to the tests that run it, and to the configuration it speaks of. */
import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { schemasFor } from '../../src/config/schema.ts'
import { builtIn } from '../../src/registry.ts'
import { examples, page } from './page.ts'

test('every pair of configurations on the page is run by a test', () => {
  const tests = readdirSync(import.meta.dir)
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(import.meta.dir, file), 'utf8'))
    .join('')
  const unused = examples.filter(({ title }) => !tests.includes(title))
  expect(examples.length).toBeGreaterThanOrEqual(10)
  expect(unused.map(({ title }) => title)).toEqual([])
})

test('every key on the page is one of the configuration', () => {
  const known = keysOf(z.toJSONSchema(schemasFor(builtIn).config, { io: 'input' }))
  const said = [
    ...page.matchAll(/`((?:listeners\[\]|upstreams\.\*|routes\[\]|log|admin|leave)\.[^`]+)`/g),
  ]
  const keys = new Set(said.map(([, key = '']) => key))
  expect(keys.size).toBeGreaterThan(40)
  expect([...keys].filter((key) => !known.has(key))).toEqual([])
})

/** The part of a JSON Schema that is read here. */
interface Schema {
  readonly properties?: Readonly<Record<string, Schema | boolean>> | undefined
  readonly items?: unknown
  readonly additionalProperties?: unknown
  readonly anyOf?: readonly unknown[] | undefined
}

/** `listeners[].port`; a key that takes one or a list of them is written as one. */
function keysOf(schema: unknown, path = '', isListed = false): Set<string> {
  const keys = new Set([path])
  if (typeof schema !== 'object' || schema === null) return keys
  const { properties = {}, items, additionalProperties, anyOf = [] }: Schema = schema
  const add = (child: unknown, at: string, isAlternative = false) => {
    for (const key of keysOf(child, at, isAlternative)) keys.add(key)
  }
  for (const [name, child] of Object.entries(properties))
    add(child, path === '' ? name : `${path}.${name}`)
  if (items !== undefined) add(items, isListed ? path : `${path}[]`)
  if (additionalProperties !== undefined) add(additionalProperties, `${path}.*`)
  for (const child of anyOf) add(child, path, true)
  return keys
}
