/**
 * Text with places that are filled from a request: `/rooms/{request.path.room}`, or a single name,
 * `$request.header.x-room`. `${…}` is the same as `{…}`; `{{` and `}}` are braces, `$$` at the start a `$`.
 *
 * What is rendered fits where it goes, whatever a client sent: no header gets a line break, and no path
 * a segment, a query or an end that the text as written does not have.
 */
import type { RequestContext } from '../core/request-context.ts'
import { encodeWritten, headerText, placeInUrl } from './encoding.ts'
import { readSelection, type Selection, type SuggestName } from './selection.ts'

export interface Template {
  /** As written. */
  readonly source: string
  /** Names of the route's path parameters that it uses, `*` among them. */
  readonly parameters: readonly string[]
  /** Whether it has no places. */
  readonly isConstant: boolean
  /** @returns the text, fit for a header's value; a place for which the request has nothing is empty. */
  render(context: RequestContext): string
  /**
   * @returns the text, fit for a path with query or for a URL: what was sent in the path or the query
   * stays as it is, but a part of the path is one value in a query; everything else is percent-encoded.
   * undefined where a value has a slash, plain or
   * encoded, in a place of the path that is for one segment.
   */
  renderUrl(context: RequestContext): string | undefined
}

export type TemplateReading =
  | { readonly value: Template; readonly problem?: undefined }
  | {
      /** Follows the key's path, so it starts in lower case and has no full stop. */
      readonly problem: string
      readonly suggestion?: string | undefined
    }

const maxCharacters = 4_096 // longer than any header or URL a person writes

/** @param suggest finds the known name nearest to a mistyped one. */
export function readTemplate(
  text: string,
  suggest: SuggestName = () => undefined,
): TemplateReading {
  if (text.length > maxCharacters)
    return { problem: `must have at most ${maxCharacters} characters` }
  const foreign = /[^\x20-\x7e]/.exec(text)?.[0]
  if (foreign !== undefined) {
    return {
      problem: `has the character ${JSON.stringify(foreign)}; only printable ASCII can be sent as it is`,
      suggestion: 'in a path or URL write it percent-encoded',
    }
  }
  if (/^\$[A-Za-z]/.test(text)) return whole(text, suggest)
  const pieces: Piece[] = []
  const problem = cut(text.startsWith('$$') ? text.slice(1) : text, pieces, suggest)
  return problem ?? { value: new PiecedTemplate(text, pieces) }
}

function whole(text: string, suggest: SuggestName): TemplateReading {
  const reading = readSelection(text.slice(1), suggest)
  if (reading.problem === undefined) return { value: new PiecedTemplate(text, [reading.value]) }
  const isText = /[^\w.$*-]/.test(text)
  const suggestion = isText
    ? 'inside of other text a name stands in braces; a "$" at the start is written "$$"'
    : reading.suggestion
  return { problem: reading.problem, suggestion }
}

type Piece = string | Selection

/** Takes the text apart into `pieces`. @returns what is wrong with it. */
function cut(
  text: string,
  pieces: Piece[],
  suggest: SuggestName,
): { problem: string; suggestion?: string | undefined } | undefined {
  let literal = ''
  let from = 0
  for (const brace of text.matchAll(/\{\{|\}\}|\$?\{([^{}]*)(\}?)|\}/g)) {
    literal += text.slice(from, brace.index)
    const [found, name, end] = brace
    from = brace.index + found.length
    if (found === '{{' || found === '}}') {
      literal += found.slice(1)
      continue
    }
    if (found === '}') return { problem: 'has a "}" without a "{"', suggestion: doubled('}') }
    if (end === '') return { problem: 'has a "{" that is not closed', suggestion: doubled('{') }
    const reading = readSelection(name ?? '', suggest)
    if (reading.problem !== undefined) return reading
    if (literal !== '') pieces.push(literal)
    pieces.push(reading.value)
    literal = ''
  }
  literal += text.slice(from)
  if (literal !== '') pieces.push(literal)
  return undefined
}

function doubled(brace: string): string {
  return `a ${JSON.stringify(brace)} that is meant as it is is written ${JSON.stringify(brace + brace)}`
}

/** A piece as a URL gets it. @returns undefined if it would be read as more than one segment. */
type UrlPiece = string | { readonly selection: Selection; readonly isInQuery: boolean }

class PiecedTemplate implements Template {
  readonly source: string
  readonly parameters: readonly string[]
  readonly isConstant: boolean
  readonly #pieces: readonly Piece[]
  readonly #urlPieces: readonly UrlPiece[]

  constructor(source: string, pieces: readonly Piece[]) {
    this.source = source
    this.#pieces = pieces
    const selections = pieces.filter((piece) => typeof piece !== 'string')
    this.parameters = selections.flatMap(({ parameter }) => parameter ?? [])
    this.isConstant = selections.length === 0
    let isInQuery = false
    this.#urlPieces = pieces.map((piece) => {
      if (typeof piece !== 'string') return { selection: piece, isInQuery }
      isInQuery ||= piece.includes('?')
      return encodeWritten(piece)
    })
  }

  render(context: RequestContext): string {
    let text = ''
    for (const piece of this.#pieces)
      text += typeof piece === 'string' ? piece : headerText(piece.read(context))
    return text
  }

  renderUrl(context: RequestContext): string | undefined {
    let text = ''
    for (const piece of this.#urlPieces) {
      if (typeof piece === 'string') {
        text += piece
        continue
      }
      const { selection, isInQuery } = piece
      const value = placeInUrl(selection.read(context), selection.form, isInQuery)
      if (value === undefined) return undefined
      text += value
    }
    return text
  }
}
