/**
 * What the admin port answers with: JSON, and problems as RFC 9457 has them. Never cached, and no page
 * of another origin may read it.
 */
const headers = {
  'Cache-Control': 'no-store',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
}

export function json(value: unknown, status = 200): Response {
  return Response.json(value, { status, headers })
}

export function text(body: string, type: string): Response {
  return new Response(body, { headers: { ...headers, 'Content-Type': type } })
}

/** An answer in lines of JSON, which comes for as long as there is something to tell. */
export const linesType = 'application/x-ndjson'

export function lines(body: ReadableStream<Uint8Array>): Response {
  // It may be silent for as long as it likes, see admin.ts.
  const more = { 'Content-Type': linesType, Connection: 'close' }
  return new Response(body, { headers: { ...headers, ...more } })
}

export interface Problem {
  readonly status: number
  /** What is wrong, and what to do. */
  readonly title: string
  /** More of it, in several lines. */
  readonly detail?: string
  readonly headers?: Readonly<Record<string, string>>
}

export function problem({ status, title, detail, headers: more }: Problem): Response {
  return Response.json(
    { title, status, detail },
    { status, headers: { ...headers, ...more, 'Content-Type': 'application/problem+json' } },
  )
}

/** @param title what of the query is not understood. */
export function badQuery(title: string): Response {
  return problem({ status: 400, title })
}
