/**
 * What is said of the sessions of a route: whether they are a tunnel or framed and why, and who
 * compresses their messages.
 */
import type { CompressionConfig, RouteConfig } from '../config/config.ts'
import { formatSize } from '../config/units.ts'

/** Lines, the first of which tells the kind of session. */
export function sessionTexts({ framed, compression }: RouteConfig): string[] {
  if (typeof compression === 'object') {
    return [
      'framed: the gateway compresses, so it reads messages and writes them anew',
      `with the client, if it offers permessage-deflate: ${howText(compression)}`,
      `with the endpoint: ${compression.upstream ? 'the same is offered' : 'messages without compression'}`,
    ]
  }
  const kind = framed
    ? 'framed: the route asks for it, so messages are read and written anew'
    : 'a tunnel: nothing in this route reads payloads'
  const passing =
    compression === 'off'
      ? 'nobody compresses: an offer of permessage-deflate goes no further'
      : 'compression passes: the client and the endpoint agree on permessage-deflate'
  return [kind, passing]
}

function howText(compression: CompressionConfig): string {
  const { thresholdBytes, windowBits, level } = compression
  const which =
    thresholdBytes === 0 ? 'every message' : `messages of ${formatSize(thresholdBytes)} and more`
  return `${which}, level ${level}, a window of ${formatSize(2 ** windowBits)}, ${takeoverText(compression)}`
}

function takeoverText({ clientTakeover, serverTakeover }: CompressionConfig): string {
  if (clientTakeover && serverTakeover) return 'kept between messages both ways'
  if (clientTakeover) return 'kept between messages of the client'
  return serverTakeover ? 'kept between messages to the client' : 'not kept between messages'
}
