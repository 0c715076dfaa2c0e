/**
 * What holds keys: a section, one of which one key is chosen, one that may be off, a list of at least one
 * item, one item or a list of them.
 * Invariant: no key of a section is ever passed over in silence; an unknown one is told with those
 * that exist in its place.
 */
import { z } from 'zod'
import { meant, show, type Reading } from '../reading.ts'
import { value } from './keys.ts'

interface SectionOptions {
  readonly error?: string
  /** Keys that exist elsewhere, each with what is said of it here. */
  readonly elsewhere?: Readonly<Record<string, string>>
}

/** Keys of which none may be unknown. */
export function section<const S extends z.ZodRawShape>(
  shape: S,
  { error = 'must be a mapping', elsewhere = {} }: SectionOptions = {},
) {
  return z.object(shape, { error }).catchall(unknownKey(Object.keys(shape), elsewhere))
}

function unknownKey(known: readonly string[], elsewhere: Readonly<Record<string, string>>) {
  return z
    .unknown()
    .superRefine((_, context) => {
      context.addIssue({ code: 'custom', message: 'unknown key', params: { known, elsewhere } })
    })
    .meta({ not: {} })
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

/** A list, which one item alone may stand for. The item must tell values of another kind as such. */
export function oneOrMore<I extends z.ZodType>(item: I, error: string) {
  return z.union([item.transform((only) => [only]), z.array(item, { error })])
}

/** `off`, which is undefined, or a section. */
export function orOff<S extends z.ZodType>(whole: S) {
  return z.union([off, whole])
}

const off = value({ doc: 'Turns it off.', json: { const: 'off' } }, (input): Reading<undefined> => {
  if (input === 'off') return { value: undefined }
  const problem = `must be off or a mapping, not ${show(input)}`
  if (input === false) return { problem, suggestion: meant('off') }
  return { problem, isOtherKind: true }
})

/** Of keys that exclude each other the one that is given; tells unless it is exactly one. */
export function chosen<const K extends string>(
  section: Readonly<Partial<Record<K, unknown>>>,
  keys: readonly K[],
  context: z.RefinementCtx,
): K | undefined {
  const [first, ...more] = keys.filter((key) => section[key] !== undefined)
  if (first === undefined) {
    const message = `needs one of ${keys.join(', ')}`
    context.addIssue({ code: 'custom', message })
  }
  for (const key of more) {
    const message = `is given beside ${first}; choose one of them`
    context.addIssue({ code: 'custom', path: [key], message, params: { isAboutKey: true } })
  }
  return more.length === 0 ? first : undefined
}
