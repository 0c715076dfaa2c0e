/**
 * A body without the framing of its chunks (RFC 9112 §7.1).
 *
 * Invariant: it is for bodies that a `BodyFollower` has followed to their end, and so found well-formed.
 */

/** @param body whole, from its first size line to behind its trailer. */
export function unchunked(body: Buffer): Buffer {
  const chunks: Buffer[] = []
  for (let offset = 0; offset < body.length;) {
    const start = body.indexOf('\r\n', offset) + 2
    const size = Number.parseInt(body.toString('latin1', offset, start), 16)
    if (size === 0) break
    chunks.push(body.subarray(start, start + size))
    offset = start + size + 2
  }
  return Buffer.concat(chunks)
}
