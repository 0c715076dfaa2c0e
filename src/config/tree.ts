/**
 * The value that a YAML document stands for, with the place of every key and value in its text.
 * Invariant: the walk is bounded in depth, nodes and aliases, so a short file cannot unfold into an
 * endless one; and what is told here as wrong becomes `unreadable`, which nobody takes for a value.
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Alias,
  type Document,
  type Scalar,
  type YAMLMap,
} from 'yaml'
import type { Finding, Issue, Path, Span } from './issue.ts'
import { meant } from './reading.ts'
import { substitute, type Sources } from './substitute.ts'

/** What a file says, before anything is known of it. */
export interface Said {
  readonly value: unknown
  /** Where a value came from `${env:…}` or `${file:…}`, in whole or in part. */
  readonly references: readonly Path[]
  /** What was read for `${file:…}`; absolute. */
  readonly files: readonly string[]
}

export interface Tree extends Said {
  readonly issues: readonly Finding[]
  /** Whether the walk came to its end, past no bound. */
  readonly isComplete: boolean
  /** Of the value at a path, or of the key that leads to it; undefined where there is none. */
  readonly find: (path: Path, part: 'key' | 'value') => Span | undefined
}

const unreadable = Symbol('unreadable')

const maxDepth = 32 // the deepest key of the schema is at 5; a JSON body may go deeper
const maxNodes = 100_000 // some 5,000 routes; what aliases repeat counts anew
const maxAliases = 100 // each is looked for in the whole document

interface Mark {
  readonly path: Path
  readonly part: 'key' | 'value'
  readonly node: unknown
}

class Walk {
  readonly issues: Finding[] = []
  readonly marks: Mark[] = []
  readonly references: Path[] = []
  readonly files = new Set<string>()
  readonly document: Document
  readonly sources: Sources
  nodes = 0
  aliases = 0
  isStopped = false

  constructor(document: Document, sources: Sources) {
    this.document = document
    const readFile = (path: string) => {
      this.files.add(path)
      return sources.readFile(path)
    }
    this.sources = { ...sources, readFile }
  }

  refuse(node: unknown, issue: Issue): typeof unreadable {
    this.issues.push({ ...issue, span: spanOf(node) })
    return unreadable
  }

  /** Past a bound: said once, and nothing more is read. */
  stop(node: unknown, issue: Issue): typeof unreadable {
    this.isStopped = true
    return this.refuse(node, issue)
  }
}

export function readTree(document: Document, sources: Sources): Tree {
  const walk = new Walk(document, sources)
  const value = read(document.contents, [], walk)
  let found: Map<string, Span> | undefined
  const spans = () => (found ??= spansOf(walk.marks))
  return {
    value,
    issues: walk.issues,
    references: walk.references,
    files: [...walk.files],
    isComplete: !walk.isStopped,
    find: (path, part) => spans().get(spanKey(path, part)),
  }
}

function read(node: unknown, path: Path, walk: Walk): unknown {
  if (walk.isStopped) return unreadable
  walk.marks.push({ path, part: 'value', node })
  if (++walk.nodes > maxNodes) {
    return walk.stop(node, { path, message: `the file unfolds to more than ${maxNodes} values` })
  }
  if (path.length > maxDepth) {
    return walk.stop(node, { path, message: `is nested more than ${maxDepth} levels deep` })
  }
  if (isAlias(node)) return readAlias(node, path, walk)
  if (isMap(node)) return readMapping(node, path, walk)
  if (isSeq(node)) return node.items.map((item, index) => read(item, [...path, index], walk))
  return isScalar(node) ? readScalar(node, path, walk) : null
}

function readAlias(node: Alias, path: Path, walk: Walk): unknown {
  if (++walk.aliases > maxAliases) {
    return walk.stop(node, {
      path,
      message: `the file has more than ${maxAliases} aliases (*name)`,
    })
  }
  const target = node.resolve(walk.document)
  if (target !== undefined) return read(target, path, walk)
  const message = `"*" at the start makes this an alias, and nothing is named &${node.source}`
  return walk.refuse(node, { path, message, suggestion: `put it in quotes: "*${node.source}"` })
}

function readMapping(node: YAMLMap, path: Path, walk: Walk): unknown {
  const value: Record<string, unknown> = Object.create(null) // `constructor` is a key like any other
  for (const { key, value: child } of node.items as { key: unknown; value: unknown }[]) {
    if (!isScalar(key) || key.value === null) {
      const suggestion = 'put text with braces, brackets or a colon in quotes'
      return walk.refuse(key ?? child, {
        path,
        message: 'has a key that is not a word',
        suggestion,
      })
    }
    const name = typeof key.value === 'string' ? key.value : (key.source ?? '')
    const related = [...path, name]
    if (name === '__proto__') {
      return walk.refuse(key, { path, message: '__proto__ cannot be a key' })
    }
    if (Object.hasOwn(value, name)) {
      walk.refuse(key, {
        path: related,
        message: 'the key is given twice, first at',
        related,
        isAboutKey: true,
      })
      continue
    }
    walk.marks.push({ path: related, part: 'key', node: key })
    value[name] = read(child, related, walk)
  }
  return value
}

function readScalar(node: Scalar, path: Path, walk: Walk): unknown {
  const { value, source } = node
  if (typeof value === 'string') {
    const reading = substitute(value, walk.sources)
    if (value.includes('${')) walk.references.push(path)
    if (reading.problem === undefined) return reading.value
    return walk.refuse(node, { path, message: reading.problem, suggestion: reading.suggestion })
  }
  if (typeof value !== 'number' || source === undefined) return value
  if (/^-?(0|[1-9]\d*)(\.\d+)?$/.test(source) && String(value) === source) return value
  return walk.refuse(node, { path, ...oddNumber(source, value) })
}

/** A number that a person may have meant as text, and that would come out as another text. */
function oddNumber(source: string, value: number): Pick<Issue, 'message' | 'suggestion'> {
  const quoted = `for text put it in quotes: "${source}"`
  // 08080 is 8080 in YAML 1.2, octal in 1.1 and text to a person who means a code.
  if (/^0\d+$/.test(source))
    return {
      message: `the number ${source} starts with a needless 0`,
      suggestion: meant(String(value)),
    }
  // A version 1.10 would be 1.1, and 20 digits would lose the last ones.
  if (/^-?\d+(\.\d+)?$/.test(source))
    return { message: `the number ${source} is ${value} to YAML`, suggestion: quoted }
  return { message: `the number ${source} is not in plain decimal digits`, suggestion: quoted }
}

function spanOf(node: unknown): Span {
  const isPlaced = typeof node === 'object' && node !== null && 'range' in node
  const [start, end] = isPlaced && Array.isArray(node.range) ? (node.range as number[]) : []
  return { start: start ?? 0, end: end ?? start ?? 0 }
}

/** Asked for only where something is wrong, and as long to make as all the rest. */
function spansOf(marks: readonly Mark[]): Map<string, Span> {
  return new Map(marks.map(({ path, part, node }) => [spanKey(path, part), spanOf(node)]))
}

function spanKey(path: Path, part: 'key' | 'value'): string {
  return JSON.stringify([part, ...path])
}
