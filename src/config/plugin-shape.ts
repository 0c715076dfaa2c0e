/**
 * What a plugin may export: a registry, or a part of one.
 * Invariant: of what passes, schemas can be made; an extension's own code has not run.
 */
import type { OptionRule } from '../core/extension.ts'
import type { Registry } from '../core/registry.ts'
import { isMapping, type Mapping } from './mapping.ts'
import { nearest } from './nearest.ts'
import { meant, show } from './reading.ts'
import { isOmissible, option } from './schema/option.ts'

/** What is wrong with a part of it, if anything is. */
type Problem = string | undefined

/** @param registry what there is already. */
export function pluginProblem(plugin: unknown, registry: Registry): Problem {
  if (plugin === undefined)
    return 'it has no default export; write export default { balancers: […] }'
  if (!isMapping(plugin))
    return `its default export must be an object such as { balancers: […] }, not ${show(plugin)}`
  return (
    unknownKey(plugin, Object.keys(registry)) ??
    firstOf(Object.entries(plugin), ([key, extensions]) => {
      if (!Array.isArray(extensions)) return `${key} must be a list, not ${show(extensions)}`
      const types = new Set(registry[key as keyof Registry].map((each) => each.type))
      return firstOf(extensions, (each, index) =>
        under(`${key}[${index}]`, extensionProblem(each, types)),
      )
    })
  )
}

/** What else stands where the type of a health check does. */
const taken = ['off', 'interval', 'timeout', 'healthy', 'unhealthy']

/** @param types those that there are; that of this one joins them. */
function extensionProblem(extension: unknown, types: Set<string>): Problem {
  if (!isMapping(extension)) return `must be an object with type, doc, options and create`
  const { type, doc, options, short, create } = extension
  if (typeof type !== 'string' || !isName(type))
    return `type must be words in lower case joined by hyphens, not ${show(type)}`
  if (types.has(type) || taken.includes(type)) return `the type ${show(type)} exists already`
  types.add(type)
  if (!isSentence(doc)) return `doc must be a sentence, not ${show(doc)}`
  if (typeof create !== 'function') return `create must be a function, not ${show(create)}`
  if (!isMapping(options)) return `options must be an object, not ${show(options)}`
  const wrong = firstOf(Object.entries(options), ([key, rule]) =>
    under(`options.${key}`, isName(key) ? ruleProblem(rule) : 'must be named in lower case'),
  )
  return wrong ?? shortProblem(short, options as Readonly<Record<string, OptionRule>>)
}

function shortProblem(short: unknown, options: Readonly<Record<string, OptionRule>>): Problem {
  if (short === undefined) return undefined
  if (typeof short !== 'string' || !Object.hasOwn(options, short))
    return `short must be one of the options, not ${show(short)}`
  const needed = Object.entries(options).find(([key, rule]) => key !== short && !isOmissible(rule))
  if (needed === undefined) return undefined
  return `short cannot be ${short} alone: ${needed[0]} must be given too, for it has no fallback`
}

/** What a rule has by its kind, beside what every rule has. */
const partsOf: Readonly<Record<OptionRule['kind'], readonly string[]>> = {
  duration: ['min', 'max'],
  size: ['min', 'max'],
  count: ['min', 'max'],
  percent: ['min', 'max'],
  flag: [],
  choice: ['words'],
  path: [],
  expression: [],
}

function ruleProblem(rule: unknown): Problem {
  if (!isMapping(rule)) return `must be an object with kind and doc, not ${show(rule)}`
  const { kind, doc, isOptional, min, max, words, fallback } = rule
  const kinds = Object.keys(partsOf)
  if (typeof kind !== 'string' || !kinds.includes(kind))
    return `kind must be one of ${kinds.join(', ')}, not ${show(kind)}`
  const parts = partsOf[kind as OptionRule['kind']]
  const hasFallback = kind === 'expression' ? [] : ['fallback']
  const unknown = unknownKey(rule, ['kind', 'doc', 'isOptional', ...hasFallback, ...parts])
  if (unknown !== undefined) return unknown
  if (!isSentence(doc)) return `doc must be a sentence, not ${show(doc)}`
  if (isOptional !== undefined && typeof isOptional !== 'boolean')
    return `isOptional must be true or false, not ${show(isOptional)}`
  if (kind === 'count' && !(Number.isInteger(min) && Number.isInteger(max)))
    return 'min and max must be whole numbers'
  const hasWords = Array.isArray(words) && words.every((each) => typeof each === 'string')
  if (kind === 'choice' && !hasWords) return 'words must be a list of words'
  return boundsProblem(rule as unknown as OptionRule, fallback)
}

/** Whether the bounds can be read, and the default lies within them. */
function boundsProblem(rule: OptionRule, fallback: unknown): Problem {
  try {
    const reading = option(rule).safeParse(fallback)
    if (reading.success || fallback === undefined) return undefined
    return `fallback ${reading.error.issues[0]?.message ?? ''}`
  } catch (error) {
    return error instanceof TypeError ? error.message : String(error)
  }
}

function unknownKey(given: Mapping, known: readonly string[]): Problem {
  const key = Object.keys(given).find((each) => !known.includes(each))
  if (key === undefined) return undefined
  const near = nearest(key, known)
  const hint = near === undefined ? `known here: ${known.join(', ')}` : meant(near)
  return `${key} is not known; ${hint}`
}

function isName(text: string): boolean {
  return /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(text)
}

function isSentence(text: unknown): boolean {
  return typeof text === 'string' && /^\S.*\.$/.test(text)
}

function under(place: string, problem: Problem): Problem {
  return problem === undefined ? undefined : `${place}: ${problem}`
}

function firstOf<T>(all: readonly T[], problemOf: (one: T, index: number) => Problem): Problem {
  for (const [index, one] of all.entries()) {
    const problem = problemOf(one, index)
    if (problem !== undefined) return problem
  }
  return undefined
}
