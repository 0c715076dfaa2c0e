/**
 * Keys whose text has places that are filled from a request: `/rooms/{request.path.room}`.
 * Invariant: what is accepted here is a template that can be rendered; which parameters of the route's
 * path it names is checked with the route.
 */
import { readTemplate, type Template } from '../../expression/template.ts'
import { nearest } from '../nearest.ts'
import { meant, show, type Reading } from '../reading.ts'
import { value } from './keys.ts'
import { bracedName, readText } from './header.ts'

interface Rule {
  readonly doc: string
  /** What the key takes beside text, for the sentence. */
  readonly what: string
  /** @param literal the text with every place left out. @returns what is wrong with it. */
  readonly check?: (
    text: string,
    literal: string,
    template: Template,
  ) => { problem: string; suggestion?: string } | undefined
}

export function template({ doc, what, check }: Rule) {
  return value({ doc, json: { type: 'string' } }, (input): Reading<Template> => {
    if (typeof input !== 'string' && typeof input !== 'number') {
      const brace = bracedName(input)
      const suggestion = brace === undefined ? undefined : `put it in quotes: "${brace}"`
      return {
        problem: `must be ${what}, not ${show(input)}`,
        suggestion,
        isOtherKind: brace === undefined,
      }
    }
    const text = String(input)
    const reading = readTemplate(text, nearest)
    if (reading.problem !== undefined) return reading
    const wrong = check?.(text, literalOf(text), reading.value)
    return wrong ?? reading
  })
}

interface ExpressionRule {
  readonly doc: string
  readonly what?: string
  /** Words that are taken too, whatever requests say. */
  readonly also?: readonly string[]
}

/** Text that differs from request to request: what is hashed, what a split goes by. */
export function expression({
  doc,
  what = 'an expression such as $request.cookie.user',
  also = [],
}: ExpressionRule) {
  return template({
    doc,
    what,
    check(text, _, { isConstant }) {
      if (!isConstant || also.includes(text)) return undefined
      const problem = `must be ${what}, not ${show(text)}, which is the same for every request`
      const name = /^request\.\w/.test(text) ? `$${text}` : nearest(text, also)
      return name === undefined ? { problem } : { problem, suggestion: meant(name) }
    },
  })
}

export const headerTemplate = value(
  {
    doc: 'The value of one header; {request.…} in it is filled from the request.',
    json: { type: ['string', 'number'] },
  },
  (input): Reading<Template> => {
    const text = readText(input)
    if (text.problem !== undefined) return text
    if (/^\s|\s$|[\r\n\0]/.test(text.value))
      return { problem: 'must be text without line breaks or spaces at its ends' }
    return readTemplate(text.value, nearest)
  },
)

/** Whole names (`$request.path`) and those in braces are places; doubled braces are none. */
function literalOf(text: string): string {
  if (/^\$[a-z]/i.test(text)) return ''
  return text.replace(/\{\{|\}\}|\$?\{[^{}]*\}/g, (place) => (place.length === 2 ? place : ''))
}
