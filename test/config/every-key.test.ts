/**
 * Every key that the schema has: a misspelt neighbour is told with what was meant, a value of the wrong
 * kind is told where it stands, and one out of bounds is told with the bounds.
 */
import { describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { jsonSchema, type JsonSchema } from '../../src/config/json-schema.ts'
import { formatPath, type Path } from '../../src/config/issue.ts'
import { builtIn } from '../../src/registry.ts'
import { problemsOf } from './checking.ts'

interface Key {
  readonly path: Path
  readonly schema: JsonSchema
}

/** Where any name may stand, one that is fine there. */
const sampleNames: Readonly<Record<string, string>> = {
  header: 'x-a',
  query: 'v',
  upstreams: 'chat',
}

/** Every key with a place in a file where it can stand: the first of a list, a name of a mapping. */
function keysOf(schema: JsonSchema, path: Path): Key[] {
  const { properties = {}, items, additionalProperties: others, anyOf = [] } = schema
  const name = sampleNames[String(path.at(-1))] ?? 'x-a'
  return [
    ...Object.entries(properties).flatMap(([key, inner]) => [
      { path: [...path, key], schema: inner },
      ...keysOf(inner, [...path, key]),
    ]),
    ...(items === undefined ? [] : keysOf(items, [...path, 0])),
    ...(typeof others === 'object' ? keysOf(others, [...path, name]) : []),
    ...anyOf.flatMap((form) => keysOf(form, path)),
  ]
}

/** A key may stand in several forms of what holds it. */
const keys = new Map(keysOf(jsonSchema(builtIn), []).map((key) => [formatPath(key.path), key]))

/** A sound file, with this value at this place. */
function withValue(path: Path, value: unknown): string {
  const sound = {
    listeners: [{ port: 1 }],
    upstreams: { chat: { endpoints: ['ws://a'] } },
    routes: [{ upstream: 'chat' }],
  }
  return JSON.stringify(put(sound, path, value))
}

function put(holder: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value
  if (typeof key === 'number')
    return [put(Array.isArray(holder) ? holder[0] : undefined, rest, value)]
  const mapping = typeof holder === 'object' && !Array.isArray(holder) ? { ...holder } : {}
  const inner: unknown = Object.entries(mapping).find(([name]) => name === key)?.[1]
  return { ...mapping, [key]: put(inner, rest, value) }
}

/** What is told at a place or below it. */
function toldAt(path: Path, value: unknown): string[] {
  const place = formatPath(path)
  return problemsOf(withValue(path, value))
    .filter(
      (each) => each.path.startsWith(place) && /^([.[]|$)/.test(each.path.slice(place.length)),
    )
    .map(({ message, suggestion }) => `${message}; ${suggestion}`)
}

const oddValues = [true, [[]], { nonsense: {} }, 'a\nb', 0.5]

/** A value that an editor would mark here, if there is one. */
function oddValueFor(schema: JsonSchema): unknown {
  // zod takes `required` alone for anything; what a mapping must have is tested elsewhere.
  const plain = schema.properties === undefined ? schema : { ...schema, anyOf: undefined }
  const type = z.fromJSONSchema(plain as z.core.JSONSchema.JSONSchema)
  return oddValues.find((value) => !type.safeParse(value).success)
}

/** The nearest values outside of a range, as a person would write them. */
function outside([from, to]: readonly [string | number, string | number]): (string | number)[] {
  if (typeof from === 'number' || typeof to === 'number') return [Number(from) - 1, Number(to) + 1]
  const smaller: Readonly<Record<string, string>> = {
    '10ms': '9ms',
    '1KB': '1023B',
    '4KB': '4095B',
    '1B': '0B',
    '1MB': '1023KB',
    '1/s': '0/s',
    '100ms': '99ms',
    '1s': '999ms',
    '1KB/s': '1023B/s',
  }
  const below = smaller[from] ?? []
  return [below, to.replace(/^\d+/, (number) => String(Number(number) + 1))].flat()
}

describe('the key', () => {
  test.each([...keys])(
    '%s is told when it is misspelt, of another kind, or out of bounds',
    (name, key) => {
      const { path, schema } = key
      const last = String(path.at(-1))
      const misspelt = toldAt([...path.slice(0, -1), `${last}x`], 1)
      expect(misspelt).toEqual([`unknown key; did you mean "${last}"?`])

      const odd = oddValueFor(schema)
      if (odd !== undefined) expect(toldAt(path, odd), name).not.toEqual([])

      const range = schema['x-range']
      for (const value of range === undefined ? [] : outside(range)) {
        const bounds = expect.stringContaining(`from ${range?.[0]} to ${range?.[1]}`)
        expect(toldAt(path, value)).toEqual([bounds])
      }
    },
  )

  test('there are some two hundred, and nearly all have a kind or bounds', () => {
    expect(keys.size).toBeGreaterThan(170)
    const all = [...keys.values()]
    expect(all.filter(({ schema }) => oddValueFor(schema) !== undefined).length).toBeGreaterThan(
      165,
    )
    expect(all.filter(({ schema }) => schema['x-range'] !== undefined).length).toBeGreaterThan(50)
  })
})
