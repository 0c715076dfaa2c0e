/**
 * The kinds of values that keys have: durations, sizes, counts, words, and those with a reader of
 * their own.
 * Invariant: every value has one sentence of documentation, a default (or the demand to be given)
 * and a bound, here and nowhere else; what is read and what an editor is told come from one place.
 */
import { z } from 'zod'
import { show, type Reading } from '../reading.ts'
import {
  formatDuration,
  formatPercent,
  formatRate,
  formatSize,
  readDuration,
  readPercent,
  readRate,
  readSize,
} from '../units.ts'

interface Documented {
  /** One sentence for documentation and editors. */
  readonly doc: string
}

/**
 * What an editor is told of a value. `x-range` holds its bounds as a person writes them, for the
 * documentation and for tests.
 */
export type Json = Readonly<Record<string, unknown>>

/** A value read by a function of its own; a missing one is told as missing, whatever `read` says. */
export function value<T>(key: Documented & { json?: Json }, read: (input: unknown) => Reading<T>) {
  return z
    .unknown()
    .meta({ ...orReference(key.json), description: key.doc })
    .transform((input, context): T => {
      const reading: Reading<T> = input === null ? isEmpty : read(input)
      if (reading.problem === undefined) return reading.value
      // What is refused as a whole mapping or list may be another form of the same key.
      const { problem, suggestion, isUnknown, isOtherKind = typeof input === 'object' } = reading
      const isAbsent = input === undefined
      const message = isAbsent ? isMissing.problem : problem
      context.addIssue({
        code: 'custom',
        message,
        params: isAbsent ? {} : { suggestion, isOtherKind, isUnknown },
      })
      return z.NEVER
    })
}

export const isEmpty = { problem: 'is empty; give it a value or leave the key out' } as const
export const isMissing = { problem: 'is missing' } as const

/** `${env:PORT}` may stand for whatever is not free text anyway. */
function orReference(json: Json | undefined): Json | undefined {
  if (json === undefined || isAnyText(json)) return json
  const reference = { type: 'string', pattern: '\\$\\{' }
  const { 'x-range': range, ...rest } = json
  return { anyOf: [rest, reference], ...(range !== undefined && { 'x-range': range }) }
}

function isAnyText({ type, pattern, anyOf }: Json): boolean {
  if (Array.isArray(anyOf)) return anyOf.some(isAnyText)
  const isText = type === 'string' || (Array.isArray(type) && type.includes('string'))
  return isText && pattern === undefined
}

/** Milliseconds, from `min` to `max`. */
export function duration(key: Documented & { min: string; max: string }) {
  const [min, max] = [bound(readDuration(key.min)), bound(readDuration(key.max))]
  return value({ ...key, json: durationJson(key) }, (input): Reading<number> => {
    const reading = readDuration(input)
    if (reading.problem !== undefined) return reading
    if (reading.value === undefined) {
      return { problem: `cannot be off; it must be from ${key.min} to ${key.max}` }
    }
    return within(reading.value, { min, max, format: formatDuration })
  })
}

/** Milliseconds, from `min` to `max`, or undefined: `off`. */
export function durationOrOff(key: Documented & { min: string; max: string }) {
  const [min, max] = [bound(readDuration(key.min)), bound(readDuration(key.max))]
  return value(
    { ...key, json: durationJson(key, '|off') },
    (input): Reading<number | undefined> => {
      const reading = readDuration(input)
      if (reading.problem !== undefined || reading.value === undefined) return reading
      return within(reading.value, { min, max, format: formatDuration })
    },
  )
}

/** Bytes, from `min` to `max`. */
export function size(key: Documented & { min: string; max: string }) {
  const [min, max] = [bound(readSize(key.min)), bound(readSize(key.max))]
  const json = textOrZero('^(0|[1-9][0-9]*(B|KB|MB|GB))$', [key.min, key.max])
  return value({ ...key, json }, (input): Reading<number> => {
    const reading = readSize(input)
    if (reading.problem !== undefined) return reading
    return within(reading.value, { min, max, format: formatSize })
  })
}

/** A share, from `min` to `max`: `20%` is 0.2. */
export function percent(key: Documented & { min: string; max: string }) {
  const [min, max] = [bound(readPercent(key.min)), bound(readPercent(key.max))]
  const json = textOrZero('^(0|[1-9][0-9]*)(\\.[0-9]{1,2})?%$', [key.min, key.max])
  return value({ ...key, json }, (input): Reading<number> => {
    const reading = readPercent(input, { min, max })
    if (reading.problem !== undefined) return reading
    return within(reading.value, { min, max, format: formatPercent })
  })
}

/** How many a second, from `min` to `max`. */
export function rate(key: Documented & { min: string; max: string }) {
  const [min, max] = [bound(readRate(key.min)), bound(readRate(key.max))]
  const json = { type: 'string', pattern: '^[1-9][0-9]*/s$', 'x-range': [key.min, key.max] }
  return value({ ...key, json }, (input): Reading<number> => {
    const reading = readRate(input)
    if (reading.problem !== undefined) return reading
    return within(reading.value, { min, max, format: formatRate })
  })
}

/** A whole number from `min` to `max`. */
export function count(key: Documented & { min: number; max: number }) {
  return value({ ...key, json: wholeJson(key) }, (input) => readWhole(input, key))
}

/** A whole number from `min` to `max`, or undefined: `off`, the default. */
export function countOrOff(key: Documented & { min: number; max: number }) {
  const json = { anyOf: [wholeJson(key), { const: 'off' }], 'x-range': [key.min, key.max] }
  return value({ ...key, json }, (input): Reading<number | undefined> => {
    if (input === 'off') return { value: undefined }
    return readWhole(input, key, ', or off')
  }).prefault('off')
}

/** One of a few words. */
export function choice<const W extends string>(key: Documented & { words: readonly W[] }) {
  return value({ ...key, json: { enum: key.words } }, (input): Reading<W> => {
    const word = key.words.find((each) => each === input)
    if (word !== undefined) return { value: word }
    return { problem: `must be one of ${key.words.join(', ')}, not ${show(input)}` }
  })
}

/** True or false, and nothing that only some versions of YAML take for it. */
export function flag(key: Documented) {
  return value({ ...key, json: { type: 'boolean' } }, (input): Reading<boolean> => {
    if (typeof input === 'boolean') return { value: input }
    if (input === 'true' || input === 'false') return { value: input === 'true' } // `${env:VERIFY}`
    const problem = `must be true or false, not ${show(input)}`
    const word = typeof input === 'string' ? input.toLowerCase() : input
    if (word === 'yes' || word === 'on' || word === 1) return { problem, suggestion: 'write true' }
    if (word === 'no' || word === 'off' || word === 0) return { problem, suggestion: 'write false' }
    return { problem }
  })
}

/** The path of a file. */
export function filePath(key: Documented) {
  return value({ ...key, json: { type: 'string' } }, readFilePath)
}

export function readFilePath(input: unknown): Reading<string> {
  if (typeof input !== 'string')
    return { problem: `must be the path of a file, not ${show(input)}`, isOtherKind: true }
  if (input.includes('-----BEGIN')) {
    return {
      problem: 'must be the path of a file, not what is in it',
      suggestion: 'write the path alone, without ${file:…}',
    }
  }
  const isPath = input.length <= maxPathCharacters && /^[^\p{Cc}\s](?:[^\p{Cc}]*\S)?$/u.test(input)
  if (isPath && !input.endsWith('/')) return { value: input }
  return { problem: `must be the path of a file, not ${show(input)}` }
}

const maxPathCharacters = 1_024 // Linux stops at 4,096, a person long before

/** Decimal digits count as a number wherever a number is wanted: `"${env:PORT}"` gives text. */
export function readWhole(
  input: unknown,
  { min, max }: { readonly min: number; readonly max: number },
  orElse = '',
): Reading<number> {
  const isDigits = typeof input === 'string' && /^(0|[1-9]\d{0,15})$/.test(input)
  const number = isDigits ? Number(input) : input
  if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max) {
    return { value: number }
  }
  return {
    problem: `must be a whole number from ${min} to ${max}${orElse}, not ${show(input)}`,
    isOtherKind: typeof number !== 'number',
  }
}

/** A short name: something to be called by in other keys, in logs and in metrics. */
export function readName(input: unknown): Reading<string> {
  const text = typeof input === 'number' ? String(input) : input // `name: 8080` is no riddle
  if (typeof text !== 'string') return { problem: `must be a name, not ${show(input)}` }
  if (text.length <= maxNameCharacters && /^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(text)) {
    return { value: text }
  }
  return { problem: `must be a name of 1 to ${maxNameCharacters} printable ASCII characters` }
}

const maxNameCharacters = 128 // a name is a metric label and a log field

function durationJson({ min, max }: { readonly min: string; readonly max: string }, orElse = '') {
  return textOrZero(`^(0|(0|[1-9][0-9]*)(ms|s|m|h|d)${orElse})$`, [min, max])
}

function textOrZero(pattern: string, range: readonly string[]): Json {
  return { anyOf: [{ type: 'string', pattern }, { const: 0 }], 'x-range': range }
}

export function wholeJson({ min, max }: { readonly min: number; readonly max: number }): Json {
  return { type: 'integer', minimum: min, maximum: max, 'x-range': [min, max] }
}

interface Bounds {
  readonly min: number
  readonly max: number
  readonly format: (quantity: number) => string
}

export function within(quantity: number, { min, max, format }: Bounds): Reading<number> {
  if (quantity >= min && quantity <= max) return { value: quantity }
  return { problem: `must be from ${format(min)} to ${format(max)}, not ${format(quantity)}` }
}

/** A bound written in the schema; a slip there is a fault of the program, found at its first start. */
export function bound(reading: Reading<number | undefined>): number {
  if (reading.problem !== undefined || reading.value === undefined) {
    throw new TypeError(`a bound cannot be read: ${reading.problem ?? 'it is off'}`)
  }
  return reading.value
}
