/**
 * What holds keys: a section, a list of at least one item, one item or a list of them.
 * Invariant: no key of a section is ever passed over in silence; an unknown one is told with those
 * that exist in its place.
 */
import { z } from 'zod'

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
