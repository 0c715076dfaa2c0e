/**
 * A configuration file's text → a Config, or every problem in it with its place.
 * Invariant: never throws, changes nothing, and reads nothing but through `readFile` and `loadPlugin` (and how
 * many cores there are), so that a gateway that serves may be asked to.
 */
import { dirname, resolve } from 'node:path'
import { parseDocument } from 'yaml'
import type { Registry } from '../core/registry.ts'
import { checkConfig } from './check.ts'
import type { Finding, Issue } from './issue.ts'
import { withPlugins, type PluginSource } from './plugins.ts'
import { problemOf, sourceOf, spanOfIssue, type Problem } from './problem.ts'
import type { Config } from './config.ts'
import type { Sources } from './substitute.ts'
import { readTree, type Tree } from './tree.ts'
import { yamlFaults } from './yaml-fault.ts'

export interface LoadOptions
  extends Omit<Sources, 'folder'>, Pick<PluginSource, 'registry' | 'loadPlugin'> {
  /** What the file is called in problems. Paths in it start from its folder. */
  readonly file: string
}

export type Loaded =
  | {
      readonly ok: true
      readonly config: Config
      /** What it could name, plugins included. */
      readonly registry: Registry
    }
  | { readonly ok: false; readonly problems: readonly Problem[] }

const maxCharacters = 1024 * 1024 // thousands of routes; the parser takes seconds beyond
const start = { path: [], span: { start: 0, end: 0 } } // what is wrong with the file as a whole

export function loadConfig(written: string, options: LoadOptions): Loaded {
  const text = written.replace(/^\u{feff}/u, '')
  const source = sourceOf(options.file, text)
  const refuse = (findings: readonly Finding[], tree?: Tree): Loaded => {
    const inOrder = findings.toSorted((left, right) => left.span.start - right.span.start)
    return { ok: false, problems: inOrder.map((each) => problemOf(each, source, tree)) }
  }
  if (text.length > maxCharacters) {
    return refuse([{ ...start, message: 'the file is longer than 1MB' }])
  }
  const document = parseDocument(text, {
    prettyErrors: false,
    strict: true,
    uniqueKeys: false, // checked while the tree is read: the parser's own check is quadratic
  })
  const faults = yamlFaults(document, source)
  if (faults.length > 0) return refuse(faults)
  const { env, readFile } = options
  const folder = resolve(dirname(options.file))
  const tree = readTree(document, { env, readFile, folder })
  if (tree.value === null) {
    const suggestion = 'it needs at least listeners and routes'
    return refuse([{ ...start, message: 'the file is empty', suggestion }])
  }
  if (!tree.isComplete) return refuse(tree.issues, tree)
  const plugged = withPlugins(tree.value, { ...options, folder })
  const checked = checkConfig(tree, { folder, readFile, registry: plugged.registry })
  const isPlugged = plugged.issues.length === 0
  if (checked.issues === undefined && tree.issues.length === 0 && isPlugged) {
    return { ok: true, config: checked.config, registry: plugged.registry }
  }
  const untold = (checked.issues ?? [])
    .filter((issue) => !isTold(issue, tree))
    .filter((issue) => isPlugged || !mayBePlugged(issue))
  const located = [...plugged.issues, ...untold].map((issue) => ({
    ...issue,
    span: spanOfIssue(issue, tree),
  }))
  return refuse([...tree.issues, ...located], tree)
}

/** Whether the value at fault could not be read in the first place, which has been told. */
function isTold(issue: Issue, tree: Tree): boolean {
  if (issue.isAboutKey === true) return false
  return tree.issues.some(
    (told) =>
      told.isAboutKey !== true && told.path.every((key, index) => key === issue.path[index]),
  )
}

/** Whether it is a name that a plugin would bring, of which nothing can be said while one is missing. */
function mayBePlugged({ path, isUnknown }: Issue): boolean {
  return isUnknown === true && (path.includes('balancer') || path.includes('health'))
}
