/**
 * What a path is to servers that read it otherwise than the gateway does: that take an encoded slash or a
 * backslash for a slash, or cut the parameters off its segments. Whoever serves one of these readings must
 * not be reached by a route that is for another.
 */

/** A slash in disguise, or a parameter: nearly no path has any. */
const ambiguous = /[\\;]|%(?:2f|5c|3b)/i

const withSlashes = (path: string) => path.replace(/%2f|%5c|\\/gi, '/')
const withoutParameters = (path: string) => path.replace(/(?:;|%3b)[^/]*/gi, '')

const readers: readonly ((path: string) => string)[] = [
  // URL parsers of browsers and Node.
  (path) => path.replaceAll('\\', '/'),
  // WSGI, CGI and PHP on Unix.
  (path) => path.replace(/%2f/gi, '/'),
  // The same on Windows.
  withSlashes,
  // Servlets cut parameters, before or after they decode.
  (path) => path.replace(/;[^/]*/g, ''),
  (path) => withSlashes(path.replace(/;[^/]*/g, '')),
  (path) => withoutParameters(withSlashes(path)),
]

/** @returns what the path of this target can be read as besides; most have nothing. */
export function otherReadings(target: string): readonly string[] {
  const query = target.indexOf('?')
  const path = query < 0 ? target : target.slice(0, query)
  return ambiguous.test(path) ? [...new Set(readers.map((read) => read(path)))] : none
}

const none: readonly string[] = []
