/**
 * The name in a `Host`. One reading for all who decide by it: where two differ, a request that is let in
 * under one name is served under another.
 */

/** Without port and trailing dot, in lower case. @param host as in the request. */
export function hostName(host: string): string {
  return host
    .replace(/:[0-9]*$/, '')
    .replace(/\.$/, '')
    .toLowerCase()
}
