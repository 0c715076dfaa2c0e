/**
 * Text with places that are filled from a request: `/rooms/{request.path.room}`.
 */
import type { RequestContext } from '../core/request-context.ts'

export interface Template {
  /** As written. */
  readonly source: string
  /** @returns the text; a place for which the request has nothing is empty. */
  render(context: RequestContext): string
}
