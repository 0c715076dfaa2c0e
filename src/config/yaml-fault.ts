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
  const reference = unquotedReference(text, start)
  if (reference !== undefined) return reference
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

/** `{ token: ${env:X} }`: its brace starts a mapping, and the parser stumbles there or one later. */
function unquotedReference(text: string, offset: number): Finding | undefined {
  const start = text.lastIndexOf('${', offset)
  if (start === -1 || start < offset - 2) return undefined
  const reference = /^\$\{[^}\n]*\}?/.exec(text.slice(start))?.[0] ?? ''
  return {
    path: [],
    span: { start, end: start + reference.length },
    message: 'inside { } or [ ] a text with ${…} wants quotes',
    suggestion: `write "${reference}"`,
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
