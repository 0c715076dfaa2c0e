/**
 * A problem as it is told to a person: where it is, what is wrong, what was probably meant.
 * Invariant: a problem is complete by itself, its line included, so printing it needs no file.
 */
import { LineCounter } from 'yaml'
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

/** A file's text, in which offsets are told as lines and columns. */
export interface Source {
  readonly file: string
  readonly text: string
  readonly lines: LineCounter
}

export function sourceOf(file: string, text: string): Source {
  const lines = new LineCounter()
  lines.addNewLine(0)
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1))
    lines.addNewLine(end + 1)
  return { file, text, lines }
}

export function problemOf(finding: Finding, source: Source, tree: Tree | undefined): Problem {
  const { path, related, message, suggestion, span } = finding
  const first = related && (tree?.find(related, 'key') ?? tree?.find(related, 'value'))
  const at = first === undefined ? '' : ` (line ${source.lines.linePos(first.start).line})`
  return {
    file: source.file,
    path: formatPath(path),
    message: related === undefined ? message : `${message} ${formatPath(related)}${at}`,
    suggestion,
    place: placeOf(span, source),
  }
}

/** A span that runs on is cut at the end of its first line. */
function placeOf({ start, end }: Span, { text, lines }: Source): Place {
  const { line, col } = lines.linePos(start)
  const lineStart = start - col + 1
  const lineEnd = text.indexOf('\n', lineStart)
  const content = text.slice(lineStart, lineEnd === -1 ? text.length : lineEnd).replace(/\r$/, '')
  const marked = content.slice(start - lineStart, end - lineStart).trimEnd()
  return { line, column: col, length: Math.max(1, marked.length), text: content }
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
