/**
 * What can be added to a gateway, as the configuration names it: `name`, `{ name: options }`, `{ name: value }`
 * where the extension has an option that a value alone stands for, or else `{ name: true }`.
 * Invariant: what is read here is complete, every option of the extension with a value or its default.
 */
import { z } from 'zod'
import type { Configured, Extension } from '../../core/extension.ts'
import { nearest } from '../nearest.ts'
import { meant, show, withMissingSpace, type Reading } from '../reading.ts'
import { value } from './keys.ts'
import { givenOption, isOmissible, option } from './option.ts'
import { chosen, section } from './shapes.ts'

interface Kind {
  readonly doc: string
  /** What these extensions are: `balancer`. */
  readonly noun: string
}

/** One of these extensions, by its name or with its options. */
export function extension<Product, Host>(
  all: readonly Extension<Product, Host>[],
  { doc, noun }: Kind,
) {
  const types = all.map((each) => each.type)
  const mapping = section(extensionKeys(all), {
    error: `must be the name of a ${noun} or a mapping`,
  }).transform((given, context): Configured<Product, Host> => {
    const type = chosen(given, types, context)
    return (type === undefined ? undefined : given[type]) ?? z.NEVER
  })
  return z.union([nameOf(all, { doc, noun }), mapping]).describe(doc)
}

/** The name alone, of an extension of which nothing need be said. */
function nameOf<Product, Host>(all: readonly Extension<Product, Host>[], { doc, noun }: Kind) {
  const words = all.filter(needsNothing).map((each) => each.type)
  return value({ doc, json: { enum: words } }, (input): Reading<Configured<Product, Host>> => {
    if (typeof input !== 'string')
      return { problem: `must be the name of a ${noun}, not ${show(input)}`, isOtherKind: true }
    const found = all.find((each) => each.type === input)
    if (found === undefined) return unknownName(input, all, noun)
    if (needsNothing(found)) return { value: configured(found, defaultsOf(found)) }
    return missingOptions(found)
  })
}

/** A key for each of these extensions, none of which need be given. */
export function extensionKeys<Product, Host>(all: readonly Extension<Product, Host>[]) {
  return Object.fromEntries(all.map((each) => [each.type, optionsOf(each).optional()]))
}

/** What stands behind the name of an extension. */
function optionsOf<Product, Host>(one: Extension<Product, Host>) {
  const { doc, options, short } = one
  const rule = short === undefined ? undefined : options[short]
  const mapping = section(mapped(options, option), {
    error: `must be ${formOf(one)}a mapping of its options`,
  }).transform((given) => configured(one, given))
  if (short === undefined || rule === undefined) {
    const forms = needsNothing(one) ? z.union([alone(one), mapping]) : mapping
    return forms.describe(doc)
  }
  const { [short]: _, ...others } = options
  const rest = section(mapped(others, option)).parse({})
  const brief = givenOption(rule).transform((given) => configured(one, { ...rest, [short]: given }))
  return z.union([brief, mapping]).describe(doc)
}

function formOf({ short, options }: Extension<unknown, never>): string {
  if (short !== undefined) return `its ${short} or `
  return needsNothing({ options }) ? 'true or ' : ''
}

/** `true`, where nothing need be said. */
function alone<Product, Host>(one: Extension<Product, Host>) {
  const { doc, type } = one
  return value({ doc, json: { const: true } }, (input): Reading<Configured<Product, Host>> => {
    if (input === true || input === 'true') return { value: configured(one, defaultsOf(one)) }
    const problem = `must be true or a mapping of its options, not ${show(input)}`
    if (input === false) return { problem, suggestion: `leave ${type} out` }
    return { problem, isOtherKind: true }
  })
}

function configured<Product, Host>(
  one: Extension<Product, Host>,
  options: Readonly<Record<string, unknown>>,
): Configured<Product, Host> {
  return { type: one.type, options, create: (host) => one.create(options, host) }
}

function needsNothing({ options }: Pick<Extension<unknown>, 'options'>): boolean {
  return Object.values(options).every(isOmissible)
}

function defaultsOf({ options }: Pick<Extension<unknown>, 'options'>): Record<string, unknown> {
  return section(mapped(options, option)).parse({})
}

function missingOptions({ type, options, short }: Extension<unknown, never>): Reading<never> {
  const keys = Object.entries(options).flatMap(([key, rule]) => (isOmissible(rule) ? [] : key))
  const isShort = keys.length === 1 && keys[0] === short
  const written = isShort ? '…' : `{ ${keys.map((key) => `${key}: …`).join(', ')} }`
  return {
    problem: `cannot be ${type} alone, which needs ${keys.join(' and ')}`,
    suggestion: `write { ${type}: ${written} }`,
  }
}

function unknownName(
  input: string,
  all: readonly { readonly type: string }[],
  noun: string,
): Reading<never> {
  const types = all.map((each) => each.type)
  const near = nearest(input, types)
  const spaced = withMissingSpace(input)
  const listed = `the ${noun}s are ${types.join(', ')}`
  return {
    problem: `unknown ${noun} ${show(input)}`,
    isUnknown: true,
    suggestion: spaced
      ? `a space is missing: ${spaced}`
      : near === undefined
        ? listed
        : meant(near),
  }
}

function mapped<T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U) {
  return Object.fromEntries(Object.entries(record).map(([key, each]) => [key, change(each)]))
}
