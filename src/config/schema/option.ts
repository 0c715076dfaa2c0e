/**
 * The options of extensions, which are told as plain data, as keys of the configuration.
 * Invariant: they are read, told to editors and documented as every other key is.
 */
import type { z } from 'zod'
import type { OptionRule } from '../../core/extension.ts'
import { show, type Reading } from '../reading.ts'
import { choice, count, duration, flag, percent, size, value } from './keys.ts'
import { expression } from './template.ts'

/** One option of an extension, with its default. */
export function option(rule: OptionRule): z.ZodType {
  const schema = givenOption(rule)
  const fallback = fallbackOf(rule)
  if (fallback !== undefined) return schema.prefault(fallback)
  return rule.isOptional === true ? schema.optional() : schema
}

/** One that must be given. */
export function givenOption(rule: OptionRule): z.ZodType<unknown, unknown> {
  switch (rule.kind) {
    case 'duration':
      return duration(rule)
    case 'size':
      return size(rule)
    case 'count':
      return count(rule)
    case 'percent':
      return percent(rule)
    case 'flag':
      return flag(rule)
    case 'choice':
      return choice(rule)
    case 'path':
      return value({ ...rule, json: { type: 'string' } }, readTarget)
    case 'expression':
      return expression(rule)
  }
}

/** Whether nothing need be said of it. */
export function isOmissible(rule: OptionRule): boolean {
  return rule.isOptional === true || fallbackOf(rule) !== undefined
}

function fallbackOf(rule: OptionRule): unknown {
  return 'fallback' in rule ? rule.fallback : undefined
}

const maxTargetCharacters = 2_048

/** RFC 9112 §3.2.1: a path, and a query if it has one. */
function readTarget(input: unknown): Reading<string> {
  const isTarget =
    typeof input === 'string' &&
    input.length <= maxTargetCharacters &&
    /^\/[\x21\x22\x24-\x7e]*$/.test(input)
  if (isTarget) return { value: input }
  const problem = `must be a path such as /healthz, not ${show(input)}`
  if (typeof input !== 'string') return { problem, isOtherKind: true }
  return { problem }
}
