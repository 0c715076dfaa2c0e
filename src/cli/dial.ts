/**
 * Opens a connection to the WebSocket server that `sluice connect` is given by its address, TLS included:
 * with the same parts, and the same words for what is wrong, as the gateway dials endpoints with.
 */
import { connectTcp } from '../net/connect.ts'
import { resolveHost } from '../net/resolve.ts'
import { secureClient, SecureError } from '../net/secure-client.ts'
import type { TcpStream } from '../net/tcp-stream.ts'
import { certificateFault, UpstreamTls } from '../upstream/upstream-tls.ts'
import { messageOf } from './read-config.ts'

/** A server's address, taken apart. */
export interface Server {
  readonly isTls: boolean
  /** A name or an IP address, without brackets. */
  readonly host: string
  readonly port: number
  /** The path of a Unix socket instead of host and port. */
  readonly unix: string | undefined
  /** What goes into `Host`. */
  readonly authority: string
  /** Path and query. */
  readonly target: string
}

export interface Trust {
  /** The file of the authorities that are believed; undefined: those of the system. */
  readonly ca: string | undefined
  /** The files of the certificate that is shown and its key; both or none. */
  readonly cert: string | undefined
  readonly key: string | undefined
  /** Whether a server without a valid certificate is refused. */
  readonly isVerified: boolean
}

/** `wss://host/chat?v=2`, `ws+unix:/run/chat.sock:/chat`. @returns undefined for what is no such address. */
export function readServer(address: string): Server | undefined {
  const [, unix, target = '/'] =
    /^(?:ws|http)\+unix:(?:\/\/(?=\/))?([^:?#]+)(?::(\/[^#\s]*)?)?$/.exec(address) ?? []
  if (unix !== undefined)
    return { isTls: false, host: 'localhost', port: 80, unix, authority: 'localhost', target }
  const url = URL.parse(address)
  if (url === null || !/^(?:ws|http)s?:$/.test(url.protocol) || url.hostname === '')
    return undefined
  const isTls = url.protocol === 'wss:' || url.protocol === 'https:'
  return {
    isTls,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || (isTls ? 443 : 80)),
    unix: undefined,
    authority: url.host,
    target: url.pathname + url.search,
  }
}

/** @throws Error with a sentence. */
export async function dial(server: Server, trust: Trust, timeoutMs: number): Promise<TcpStream> {
  const tls = server.isTls ? tlsOf(trust) : undefined
  try {
    return await dialAny(server, tls, AbortSignal.timeout(timeoutMs))
  } catch (error) {
    throw new Error(sentenceOf(error, timeoutMs), { cause: error })
  }
}

/** The addresses of a name in turn. */
async function dialAny(
  { host, port, unix }: Server,
  tls: UpstreamTls | undefined,
  signal: AbortSignal,
): Promise<TcpStream> {
  let failure: unknown = new Error('the name has no address')
  for (const address of unix === undefined ? await resolveHost(host) : ['']) {
    try {
      const stream = await connectTcp({ address, port, unix, signal })
      if (tls !== undefined) await secure(stream, host, tls, signal)
      return stream
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

function sentenceOf(failure: unknown, timeoutMs: number): string {
  if (!(failure instanceof Error)) return String(failure)
  if (failure.name === 'TimeoutError') return `no answer for ${timeoutMs / 1000} seconds`
  const code = 'code' in failure ? failure.code : undefined
  if (code === 'ECONNREFUSED' || code === 'ENOENT') return 'nothing listens there'
  if (code === 'ENOTFOUND') return 'the name has no address'
  return failure.message
}

/** @throws Error with a sentence if a file cannot be used. */
function tlsOf({ ca, cert, key, isVerified }: Trust): UpstreamTls {
  const options = { ca, cert, key, serverName: undefined, isVerified }
  try {
    // One connection is all there is: it is not started, for files that change later do not matter.
    return new UpstreamTls(options, () => {})
  } catch (error) {
    const given = [ca && '--ca', cert && '--cert', key && '--key'].filter(Boolean)
    const files = given.length > 1 ? 'files' : 'file'
    throw new Error(`the ${files} of ${given.join(' and ')}: ${messageOf(error)}`, { cause: error })
  }
}

/** @throws Error with a sentence. */
async function secure(
  stream: TcpStream,
  host: string,
  tls: UpstreamTls,
  signal: AbortSignal,
): Promise<void> {
  try {
    await secureClient(stream, { tls: tls.optionsFor(host), isVerified: tls.isVerified, signal })
  } catch (error) {
    if (!(error instanceof SecureError)) throw error
    if (!error.isCertificate) throw new Error(`TLS failed: ${error.message}`, { cause: error })
    const fault = certificateFault(error, host, 'with --ca FILE')
    throw new Error(`${fault}. --insecure connects all the same`, { cause: error })
  }
}
