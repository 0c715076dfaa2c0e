/**
 * The kinds of keys that the schema is made of: a section, and the values inside one.
 * Invariant: every value has one sentence of documentation, a default (or the demand to be given)
 * and a bound, here and nowhere else; what is read and what an editor is told come from one place.
 */
import { z } from 'zod'
import { show, type Reading } from '../reading.ts'
import { formatDuration, formatSize, readDuration, readSize } from '../units.ts'

interface Documented {
  /** One sentence for documentation and editors. */
  readonly doc: string
}

interface Bounded extends Documented {
  /** As the user would write it. */
  readonly fallback: string | number
}

/** A value read by a function of its own. `read` gets undefined where the key is missing. */
export function value<T>(
  key: Documented & { json?: object },
  read: (input: unknown) => Reading<T>,
) {
  return z
    .unknown()
    .meta({ ...key.json, description: key.doc })
    .transform((input, context): T => {
      const reading: Reading<T> = input === null ? isEmpty : read(input)
      if (reading.problem === undefined) return reading.value
      const { problem, suggestion, isOtherKind } = reading
      context.addIssue({ code: 'custom', message: problem, params: { suggestion, isOtherKind } })
      return z.NEVER
    })
}

export const isEmpty = { problem: 'is empty; give it a value or leave the key out' } as const
export const isMissing = { problem: 'is missing' } as const

/** Keys of which none may be unknown. */
export function section<const S extends z.ZodRawShape>(shape: S, error = 'must be a mapping') {
  const known = Object.keys(shape)
  return z.object(shape, { error }).catchall(unknownKey(known))
}

/**
 * A list of at least one item. `min(1)` of zod will not do: it also runs on a mapping that has a key
 * `length`, compares whatever that holds, and may throw.
 */
export function filledList<I extends z.ZodType>(
  item: I,
  { error, empty }: { readonly error: string; readonly empty: string },
) {
  return z
    .array(item, { error })
    .superRefine((items, context) => {
      if (items.length === 0) context.addIssue({ code: 'custom', message: empty })
    })
    .meta({ minItems: 1 })
}

function unknownKey(known: readonly string[]) {
  return z
    .unknown()
    .superRefine((_, context) => {
      context.addIssue({ code: 'custom', message: 'unknown key', params: { known } })
    })
    .meta({ not: {} })
}

/** Milliseconds, from `min` to `max`. */
export function duration(key: Bounded & { min: string; max: string }) {
  const [min, max] = [bound(readDuration(key.min)), bound(readDuration(key.max))]
  return value({ ...key, json: durationJson }, (input): Reading<number> => {
    const reading = readDuration(input)
    if (reading.problem !== undefined) return reading
    if (reading.value === undefined) {
      return { problem: `cannot be off; it must be from ${key.min} to ${key.max}` }
    }
    return within(reading.value, { min, max, format: formatDuration })
  }).prefault(key.fallback)
}

/** Milliseconds, from `min` to `max`, or undefined: `off`. */
export function durationOrOff(key: Bounded & { min: string; max: string }) {
  const [min, max] = [bound(readDuration(key.min)), bound(readDuration(key.max))]
  return value({ ...key, json: durationJson }, (input): Reading<number | undefined> => {
    const reading = readDuration(input)
    if (reading.problem !== undefined || reading.value === undefined) return reading
    return within(reading.value, { min, max, format: formatDuration })
  }).prefault(key.fallback)
}

/** Bytes, from `min` to `max`. */
export function size(key: Bounded & { min: string; max: string }) {
  const [min, max] = [bound(readSize(key.min)), bound(readSize(key.max))]
  return value({ ...key, json: { type: 'string' } }, (input): Reading<number> => {
    const reading = readSize(input)
    if (reading.problem !== undefined) return reading
    return within(reading.value, { min, max, format: formatSize })
  }).prefault(key.fallback)
}

/** A whole number from `min` to `max`. */
export function count(key: Bounded & { min: number; max: number }) {
  return value({ ...key, json: wholeJson(key) }, (input) => readWhole(input, key)).prefault(
    key.fallback,
  )
}

/** A whole number from `min` to `max`, or undefined: `off`, the default. */
export function countOrOff(key: Documented & { min: number; max: number }) {
  const json = { anyOf: [wholeJson(key), { const: 'off' }] }
  return value({ ...key, json }, (input): Reading<number | undefined> => {
    if (input === 'off') return { value: undefined }
    return readWhole(input, key, ', or off')
  }).prefault('off')
}

/** One of a few words; undefined where the key is missing. */
export function choice<const W extends string>(key: Documented & { words: readonly W[] }) {
  return value({ ...key, json: { enum: key.words } }, (input): Reading<W> => {
    const word = key.words.find((each) => each === input)
    if (word !== undefined) return { value: word }
    return { problem: `must be one of ${key.words.join(', ')}, not ${show(input)}` }
  })
}

/** Decimal digits count as a number wherever a number is wanted: `"${env:PORT}"` gives text. */
export function readWhole(
  input: unknown,
  { min, max }: { readonly min: number; readonly max: number },
  orElse = '',
): Reading<number> {
  if (input === undefined) return isMissing
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
  if (input === undefined) return isMissing
  const text = typeof input === 'number' ? String(input) : input // `name: 8080` is no riddle
  if (typeof text !== 'string') return { problem: `must be a name, not ${show(input)}` }
  if (text.length <= maxNameCharacters && /^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(text)) {
    return { value: text }
  }
  return { problem: `must be a name of 1 to ${maxNameCharacters} printable ASCII characters` }
}

const maxNameCharacters = 128 // a name is a metric label and a log field

const durationJson = { type: ['string', 'integer'], pattern: '^(0|[1-9][0-9]*(ms|s|m|h|d)|off)$' }

function wholeJson({ min, max }: { readonly min: number; readonly max: number }) {
  return { type: 'integer', minimum: min, maximum: max }
}

interface Bounds {
  readonly min: number
  readonly max: number
  readonly format: (quantity: number) => string
}

function within(quantity: number, { min, max, format }: Bounds): Reading<number> {
  if (quantity >= min && quantity <= max) return { value: quantity }
  return { problem: `must be from ${format(min)} to ${format(max)}, not ${format(quantity)}` }
}

/** A bound written in the schema; a slip there is a fault of the program, found at its first start. */
function bound(reading: Reading<number | undefined>): number {
  if (reading.problem !== undefined || reading.value === undefined) {
    throw new TypeError(`a bound in the schema ${reading.problem ?? 'is off'}`)
  }
  return reading.value
}
