/**
 * What YAML itself has against a text, in words for somebody who does not know YAML's grammar.
 * Invariant: one fault a line, since what the parser says after a fault often only follows from it.
 */
import type { Document, YAMLError } from 'yaml'
import type { Finding, Issue } from './issue.ts'
import type { Source } from './problem.ts'
import { withMissingSpace } from './reading.ts'

type Sentence = Pick<Issue, 'message' | 'suggestion'>

/** Of a document parsed with `prettyErrors: false`. Warnings count: none of them is harmless here. */
export function yamlFaults(document: Document.Parsed, { text, lines }: Source): Finding[] {
  const faults = new Map<number, Finding>()
  for (const error of [...document.errors, ...document.warnings]) {
    const fault = explain(error, text)
    const { line } = lines.linePos(fault.span.start)
    if (!faults.has(line)) faults.set(line, fault)
  }
  const { yaml } = document.directives
  if (yaml.version !== '1.2') {
    const message = `the file asks for YAML ${yaml.version}, in which off and 010 are other values`
    faults.set(0, {
      path: [],
      span: { start: 0, end: 5 },
      message,
      suggestion: 'remove the %YAML line',
    })
  }
  return [...faults.values()]
}

function explain(error: YAMLError, text: string): Finding {
  const [start, end] = error.pos
  const span = { start, end }
  const unquoted = unquotedReference(text, start) ?? bracedStart(text, start)
  if (unquoted !== undefined) return unquoted
  const rest = /^[^\n\r]*/.exec(text.slice(start))?.[0] ?? ''
  const spaced = withMissingSpace(rest)
  if (spaced !== undefined) {
    return {
      path: [],
      span,
      message: 'a key needs a space after its colon',
      suggestion: `write ${spaced}`,
    }
  }
  return { path: [], span, ...sentence(error, rest) }
}

/**
 * `{ token: ${env:X} }` or `{ path: /x/{request.path.room} }`: the brace starts a mapping, and the
 * parser stumbles there or one later.
 */
function unquotedReference(text: string, offset: number): Finding | undefined {
  const brace = text.lastIndexOf('{', offset + 1)
  const start = brace > 0 && text[brace - 1] === '$' ? brace - 1 : brace
  if (start < 0 || start < offset - 2) return undefined
  const place = /^\$\{[^}\n]*\}?|^\{(?:request|session)\.[^}\n]*\}?/.exec(text.slice(start))?.[0]
  if (place === undefined) return undefined
  // The whole text: what stands before the brace up to a space, and behind it up to what ends it.
  const before = /[^\s,[\]{}"']*$/.exec(text.slice(0, start))?.[0] ?? ''
  const after =
    /^(?:[^\s,[\]{}"']|\$?\{[^}\n]*\})*/.exec(text.slice(start + place.length))?.[0] ?? ''
  const whole = before + place + after
  const dollar = place.startsWith('$') ? '${…}' : '{…}'
  return {
    path: [],
    span: { start: start - before.length, end: start + place.length + after.length },
    message: `inside { } or [ ] a text with ${dollar} wants quotes`,
    suggestion: `write "${whole}"`,
  }
}

/** `x-room: {request.path.room}/b`: a mapping, with text behind it. */
function bracedStart(text: string, offset: number): Finding | undefined {
  const before = text.slice(0, offset)
  const brace = /\{(?:request|session)\.[^{}\n]*\}[ \t]*$/.exec(before)?.[0]
  if (brace === undefined) return undefined
  const rest = /^[^\s,]*/.exec(text.slice(offset))?.[0] ?? ''
  const start = offset - brace.length
  return {
    path: [],
    span: { start, end: offset + rest.length },
    message: 'text that starts with "{" wants quotes',
    suggestion: `write "${brace}${rest}"`,
  }
}

function sentence(error: YAMLError, rest: string): Sentence {
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return { message: 'a tab indents this line; YAML takes spaces only' }
    case 'MULTIPLE_DOCS':
      return {
        message: 'a second document starts here; a configuration is one',
        suggestion: 'remove the "---"',
      }
    case 'BAD_ALIAS':
      return {
        message: '"*" at the start makes this an alias',
        suggestion: 'put text that starts with "*" in quotes',
      }
    case 'BAD_SCALAR_START':
      return { message: `text that starts with "${rest.slice(0, 1)}" wants quotes` }
    case 'BLOCK_AS_IMPLICIT_KEY':
      return {
        message: 'a second key in one line',
        suggestion: 'put text with a colon and a space in quotes',
      }
    case 'MULTILINE_IMPLICIT_KEY':
      return {
        message: 'this text runs into the next line',
        suggestion: 'check the indentation and the colons',
      }
    case 'TAG_RESOLVE_FAILED':
      return {
        message: 'tags such as !name are not used here',
        suggestion: 'put text that starts with "!" in quotes',
      }
    case 'RESOURCE_EXHAUSTION':
      return { message: 'the file is nested too deeply' }
    default:
      return otherSentence(error.message)
  }
}

function otherSentence(message: string): Sentence {
  const isQuote = message.startsWith('Missing closing')
  if (isQuote) return { message: 'a quote is opened before here and never closed' }
  const isInFlow = /flow|between/.test(message)
  const suggestion = isInFlow
    ? 'inside { } or [ ] put text with brackets, braces or commas in quotes'
    : undefined
  return { message: `YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`, suggestion }
}
