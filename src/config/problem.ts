// A problem as it is told to a person: where it is, what is wrong, what was probably meant.
// Invariant: a problem is complete by itself, its line included, so printing it needs no file.

import { formatPath, type Finding, type Issue, type Span } from './issue.ts'
import type { Tree } from './tree.ts'

export interface Problem {
  /** The file, or what else holds the value: `command line`. */
  readonly file: string
  /** Such as `routes[2].upstream`; empty where it is the file as a whole. */
  readonly path: string
  /** A clause without full stop: `unknown upstream "chatt"`. */
  readonly message: string
  /** Such as `did you mean "chat"?`. */
  readonly suggestion: string | undefined
  /** undefined where the value is in no file. */
  readonly place: Place | undefined
}

export interface Place {
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 units, as editors count. */
  readonly column: number
  /** How much of the line is at fault, at least 1. */
  readonly length: number
  /** The line itself, without its end. */
  readonly text: string
}

export function problemOf(
  finding: Finding,
  {
    text,
    file,
    tree,
  }: { readonly text: string; readonly file: string; readonly tree: Tree | undefined },
): Problem {
  const { path, related, message, suggestion, span } = finding
  const relatedSpan = related && (tree?.find(related, 'key') ?? tree?.find(related, 'value'))
  return {
    file,
    path: formatPath(path),
    message:
      related === undefined
        ? message
        : `${message} ${formatPath(related)}${lineOf(relatedSpan, text)}`,
    suggestion,
    place: placeOf(text, span),
  }
}

function lineOf(span: Span | undefined, text: string): string {
  return span === undefined ? '' : ` (line ${placeOf(text, span).line})`
}

/** The first line of a span; a span that runs on is cut at the end of that line. */
function placeOf(text: string, { start, end }: Span): Place {
  const before = text.slice(0, start)
  const lineStart = before.lastIndexOf('\n') + 1
  const line = /^[^\r\n]*/.exec(text.slice(lineStart))?.[0] ?? ''
  const marked = line.slice(start - lineStart, end - lineStart).trimEnd()
  return {
    line: before.split('\n').length,
    column: start - lineStart + 1,
    length: Math.max(1, marked.length),
    text: line,
  }
}

/** Where an issue is seen: its value, else its key, else what should have held it. */
export function spanOfIssue({ path, isAboutKey }: Issue, tree: Tree): Span {
  const key = tree.find(path, 'key')
  const value = tree.find(path, 'value')
  const isEmpty = value === undefined || value.end === value.start
  if (key !== undefined && (isAboutKey === true || isEmpty)) return key
  if (value !== undefined) return value
  for (let length = path.length - 1; length > 0; length--) {
    const holder = path.slice(0, length)
    const span = tree.find(holder, 'key') ?? tree.find(holder, 'value')
    if (span !== undefined) return span
  }
  return { start: 0, end: 0 } // a key of the file itself is missing
}
