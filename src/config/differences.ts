/**
 * What differs between two parts of two files, key by key, in the words of the files.
 * Invariant: what comes to the same is no difference, however it is written; what differs is told, even where
 * its values are not.
 */
import { isAlike } from './alike.ts'
import { defaultOf, keysIn, listedIn, meaningOf, namedIn } from './forms.ts'
import { isMapping, type Mapping } from './mapping.ts'
import { below, textOf, type Told } from './told-value.ts'

/** A part of one of the two files; its value is undefined where the file says nothing of it. */
export interface Side extends Told {
  readonly schema: unknown
}

/** `limits.messages 50/s → 80/s`. */
export interface Difference {
  /** `limits`; empty for a part without keys. */
  readonly key: string
  readonly words: string
}

/** @param name the keys that lead there, joined by dots; empty for the part itself. */
export function differences(before: Side, after: Side, name = ''): Difference[] {
  if (isAlike(before.value, after.value)) return []
  const [wasSection, isSection] = [sectionOf(before), sectionOf(after)]
  if (wasSection !== undefined && isSection !== undefined)
    return inMappings([before, wasSection], [after, isSection], name)
  if (isAlike(meaningOf(before.schema, before.value), meaningOf(after.schema, after.value)))
    return []
  const [wasNamed, isNamed] = [namesOf(before), namesOf(after)]
  if (wasNamed !== undefined && isNamed !== undefined)
    return inMappings([before, wasNamed], [after, isNamed], name)
  const [wasList, isList] = [listOf(before), listOf(after)]
  const words =
    wasList !== undefined && isList !== undefined
      ? inLists(wasList, isList)
      : [inValues(before, after)]
  const key = name.split('.', 1)[0] ?? ''
  return words.map((each, index) => ({ key, words: index === 0 ? `${name} ${each}`.trim() : each }))
}

/** A mapping, and what each of its keys is read by. */
interface Opened {
  readonly value: Mapping
  readonly schemaOf: (key: string) => unknown
}

function inMappings(
  [before, was]: [Side, Opened],
  [after, is]: [Side, Opened],
  name: string,
): Difference[] {
  const keys = new Set([...Object.keys(is.value), ...Object.keys(was.value)])
  return [...keys].flatMap((key) => {
    // Nearly all are, and a route has many.
    if (isAlike(was.value[key], is.value[key])) return []
    const inner = name === '' ? key : `${name}.${key}`
    return differences(child(before, was, key), child(after, is, key), inner)
  })
}

function child(side: Side, { value, schemaOf }: Opened, key: string): Side {
  const item = Object.hasOwn(value, key) ? value[key] : undefined
  return { ...below(side, key, item), schema: schemaOf(key) }
}

function sectionOf({ schema, value }: Side): Opened | undefined {
  const mapping = value ?? defaultOf(schema)
  const keys = isMapping(mapping) ? keysIn(schema) : undefined
  if (keys === undefined || !isMapping(mapping)) return undefined
  return { value: mapping, schemaOf: (key) => keys[key] }
}

function namesOf({ schema, value }: Side): Opened | undefined {
  const mapping = value ?? defaultOf(schema)
  const named = isMapping(mapping) ? namedIn(schema) : undefined
  if (named === undefined || !isMapping(mapping)) return undefined
  return { value: mapping, schemaOf: () => named }
}

interface Listed {
  /** What two items have in common that are the same one, whatever else is said of them. */
  readonly identity: string
  readonly item: Side
}

function listOf(side: Side): Listed[] | undefined {
  const { schema, value } = side
  const inner = listedIn(schema)
  const given = value ?? defaultOf(schema)
  const isOne = inner !== undefined && !Array.isArray(given) && standsForList(schema, given)
  const list: unknown = isOne ? [given] : given
  if (inner === undefined || !Array.isArray(list)) return undefined
  return list.map((each: unknown, index): Listed => {
    const place = isOne ? { ...side, value: each } : below(side, index, each)
    const item = { ...place, schema: inner }
    return { identity: identityOf(item), item }
  })
}

/** Whether one item alone says the same as a list of it. */
function standsForList(schema: unknown, item: unknown): boolean {
  if (item === undefined) return false
  return isAlike(meaningOf(schema, item), meaningOf(schema, [item]))
}

function identityOf({ schema, value }: Side): string {
  const meaning = meaningOf(schema, value)
  const isEndpoint = isMapping(meaning) && typeof meaning['url'] === 'string'
  return JSON.stringify(isEndpoint ? meaning['url'] : meaning) ?? ''
}

/** `+https://a`, `−https://b`, `ws://c weight 1 → 3`. */
function inLists(before: readonly Listed[], after: readonly Listed[]): string[] {
  const rest = Map.groupBy(before, ({ identity }) => identity)
  const added: Side[] = []
  const details: (string | undefined)[] = []
  for (const { identity, item } of after) {
    const was = rest.get(identity)?.pop()?.item
    if (was === undefined) added.push(item)
    else details.push(...inItems(was, item))
  }
  const removed = [...rest.values()].flat()
  const texts = [
    ...added.map((item) => signed('+', item)),
    ...removed.map(({ item }) => signed('−', item)),
    ...details,
  ]
  if (texts.length === 0) return ['in another order']
  const told = texts.filter((text) => text !== undefined)
  return told.length === texts.length ? told : ['changed']
}

/** Of one endpoint in both files: only they are the same without saying the same. */
function inItems(before: Side, after: Side): (string | undefined)[] {
  if (isAlike(before.value, after.value)) return []
  const { value } = after
  const url = textOf(isMapping(value) ? below(after, 'url', value['url']) : after)
  return differences(withUrl(before), withUrl(after))
    .filter(({ key }) => key !== 'url')
    .map(({ words }, index) => (index === 0 && url !== undefined ? `${url} ${words}` : words))
}

function withUrl(side: Side): Side {
  return isMapping(side.value) ? side : { ...side, value: { url: side.value } }
}

function signed(sign: string, item: Side): string | undefined {
  const text = textOf(item)
  return text && sign + text
}

function inValues(before: Side, after: Side): string {
  const [was, is] = [saidText(before), saidText(after)]
  if (was !== undefined && is !== undefined && was !== is) return `${was} → ${is}`
  if (before.value === undefined) return 'added'
  return after.value === undefined ? 'removed' : 'changed'
}

function saidText(side: Side): string | undefined {
  const value = side.value ?? defaultOf(side.schema)
  const isNothing = value === undefined || JSON.stringify(value) === '[]'
  const text = textOf({ ...side, value })
  return text && (isNothing ? 'none' : text)
}
