/**
 * One thing that is wrong with a configuration, told by its path; and the schema's findings as such.
 * Invariant: of a key with several forms (a URL, a list, a mapping), only the form that was meant
 * complains.
 */
import type { z } from 'zod'
import { nearest } from './nearest.ts'
import { isEmpty, isMissing } from './schema/keys.ts'
import { meant, show, withMissingSpace } from './reading.ts'

export type Path = readonly (string | number)[]

export interface Issue {
  readonly path: Path
  /** Follows the path; where `related` is set, that place is named at the end of the sentence. */
  readonly message: string
  readonly suggestion?: string | undefined
  readonly related?: Path
  /** The key is at fault rather than its value. */
  readonly isAboutKey?: boolean
  /** It is a name that nothing has, which a plugin might have brought. */
  readonly isUnknown?: boolean
}

/** Something that is listed or named in the configuration, and where, so that an issue points there. */
export interface Item<T> {
  readonly path: Path
  readonly value: T
}

/** Offsets in the text, the end not included. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** An issue whose place in the text is known. */
export type Finding = Issue & { readonly span: Span }

type Found = z.core.$ZodIssue

interface Details {
  readonly suggestion?: string
  readonly isOtherKind?: boolean
  readonly isAboutKey?: boolean
  readonly isUnknown?: boolean
  /** On an unknown key: the keys that exist in its place. */
  readonly known?: readonly string[]
  /** Also on an unknown key: those that exist elsewhere, each with what is said of it. */
  readonly elsewhere?: Readonly<Record<string, string>>
}

/** Of a parse with `reportInput: true`. */
export function issuesOf(error: z.ZodError): Issue[] {
  return error.issues.flatMap((found) => flatten(found, []))
}

function flatten(found: Found, prefix: Path): Issue[] {
  const path = [
    ...prefix,
    ...found.path.map((key) => (typeof key === 'number' ? key : String(key))),
  ]
  if (found.code === 'invalid_union') {
    const meantForm = found.errors.find((form) => form.length > 0 && !form.some(isOtherForm))
    if (meantForm !== undefined) return meantForm.flatMap((each) => flatten(each, path))
    const broadest = found.errors.at(-1)?.find(isOtherForm)
    return [otherKind(path, broadest?.message ?? found.message, found.input)]
  }
  if (found.code === 'invalid_key') return found.issues.flatMap((each) => flatten(each, path))
  if (found.code === 'invalid_type') return [otherKind(path, found.message, found.input)]
  const { suggestion, isAboutKey, isUnknown, known, elsewhere } = detailsOf(found)
  if (known !== undefined) return [unknownKey(path, known, elsewhere)]
  const { message } = found
  return [
    {
      path,
      message,
      suggestion,
      ...(isAboutKey === true && { isAboutKey }),
      ...(isUnknown === true && { isUnknown }),
    },
  ]
}

function isOtherForm(found: Found): boolean {
  if (found.path.length > 0) return false
  return found.code === 'invalid_type' || detailsOf(found).isOtherKind === true
}

function otherKind(path: Path, message: string, input: unknown): Issue {
  if (input === undefined) return { path, message: `${isMissing.problem}; it ${message}` }
  if (input === null) return { path, message: isEmpty.problem }
  const spaced = withMissingSpace(input)
  const suggestion = spaced && `a space is missing: ${spaced}`
  return { path, message: `${message}, not ${show(input)}`, suggestion }
}

function unknownKey(
  path: Path,
  known: readonly string[],
  elsewhere: Details['elsewhere'] = {},
): Issue {
  const key = String(path.at(-1))
  const told = Object.hasOwn(elsewhere, key) ? elsewhere[key] : undefined
  if (told !== undefined) return { path, message: told, isAboutKey: true }
  const near = nearest(key, known)
  const spaced = withMissingSpace(key)
  const listed = `known here: ${known.join(', ')}`
  const suggestion = spaced
    ? `a space is missing: ${spaced}`
    : near === undefined
      ? listed
      : meant(near)
  return { path, message: 'unknown key', suggestion, isAboutKey: true, isUnknown: true }
}

function detailsOf(found: Found): Details {
  return found.code === 'custom' ? (found.params ?? {}) : {}
}

/** `['routes', 2, 'upstream']` → `routes[2].upstream`. */
export function formatPath(path: Path): string {
  let text = ''
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`
    else if (/^[A-Za-z0-9_-]+$/.test(key)) text += text === '' ? key : `.${key}`
    else text += `[${show(key)}]`
  }
  return text
}
