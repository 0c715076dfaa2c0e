/**
 * What can be added to a gateway: a balancer, a health check. One file exports one `Extension`, one line
 * of `registry.ts` names it, and the configuration has `name` or `{ name: options }`.
 *
 * Options are told as plain data, so that an extension needs no library of the gateway's: from the rules the
 * configuration is read, editors are told and documentation is printed.
 */
import type { RequestContext } from './request-context.ts'

/** Text with places that are filled from a request. */
export interface Expression {
  /** As written. */
  readonly source: string
  /** @returns empty where the request has nothing for it. */
  render(context: RequestContext): string
}

interface Documented {
  /** One sentence. */
  readonly doc: string
}

/** One option. What has no `fallback` must be given, unless it `isOptional`. Bounds and fallbacks as a user writes them. */
export type OptionRule = Documented & { readonly isOptional?: boolean } & (
    | {
        /** Milliseconds. */
        readonly kind: 'duration'
        readonly min: string
        readonly max: string
        readonly fallback?: string
      }
    | {
        /** Bytes. */
        readonly kind: 'size'
        readonly min: string
        readonly max: string
        readonly fallback?: string
      }
    | {
        readonly kind: 'count'
        readonly min: number
        readonly max: number
        readonly fallback?: number
      }
    | {
        /** `125%` → 1.25 */
        readonly kind: 'percent'
        readonly min: string
        readonly max: string
        readonly fallback?: string
      }
    | { readonly kind: 'flag'; readonly fallback?: boolean }
    | { readonly kind: 'choice'; readonly words: readonly string[]; readonly fallback?: string }
    | {
        /** The target of a request: `/healthz`, with a query if it has one. */
        readonly kind: 'path'
        readonly fallback?: string
      }
    | {
        /** An `Expression`. */
        readonly kind: 'expression'
      }
  )

export interface Extension<Product, Host = undefined> {
  /** What it is called in the configuration: lower case, words joined by hyphens. */
  readonly type: string
  /** One sentence of documentation. */
  readonly doc: string
  /** By their keys as written. */
  readonly options: Readonly<Record<string, OptionRule>>
  /** The option that a value alone stands for: `hash: $request.path.room`. */
  readonly short?: string
  /**
   * @param options checked and complete: a value for every key of `options`, undefined where an optional one
   * was not given. @param host what the gateway lends.
   */
  create(options: Readonly<Record<string, unknown>>, host: Host): Product
}

/** An extension with its options: what a configuration holds. */
export interface Configured<Product, Host = undefined> {
  readonly type: string
  readonly options: Readonly<Record<string, unknown>>
  create(host: Host): Product
}
