/**
 * TLS towards a server, on a connection that is open. The server's certificate is verified by Bun, its
 * name included, before anything is written.
 */
import type { TLSOptions } from 'bun'
import { ignoreStream } from '../core/byte-stream.ts'
import type { TcpStream, TlsHandshake } from './tcp-stream.ts'

export interface SecureOptions {
  /** With `serverName`: what is asked for and verified. */
  readonly tls: TLSOptions
  /** Whether a certificate that is not valid ends the connection. */
  readonly isVerified: boolean
  /** The caller stops waiting when this is aborted; the stream is then destroyed. Not aborted yet. */
  readonly signal: AbortSignal
}

/** Why there is no secure connection; `code` is the one that Node's TLS gives. */
export class SecureError extends Error {
  override readonly name = 'SecureError'
  readonly code: string
  /** Whether all went well but for the server's certificate. */
  readonly isCertificate: boolean

  constructor(message: string, code: string, isCertificate: boolean) {
    super(message)
    this.code = code
    this.isCertificate = isCertificate
  }
}

/** @throws SecureError, or the reason of the signal; the stream is then destroyed. */
export async function secureClient(stream: TcpStream, options: SecureOptions): Promise<void> {
  try {
    await shakeHands(stream, options)
  } catch (error) {
    stream.handler = ignoreStream
    stream.destroy()
    throw error
  }
  stream.handler = ignoreStream
}

function shakeHands(stream: TcpStream, { tls, isVerified, signal }: SecureOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort)
    const settle = (failure: Error | undefined) => {
      signal.removeEventListener('abort', onAbort)
      if (failure === undefined) resolve()
      else reject(failure)
    }
    stream.handler = {
      ...ignoreStream,
      streamOnClose: () => settle(closedEarly()),
    }
    stream.secure({
      hello: undefined,
      options: { ...tls, rejectUnauthorized: isVerified },
      onHandshake: (handshake) => settle(failureOf(handshake, isVerified)),
    })
  })
}

/** Codes of a handshake that failed, whatever the certificate. */
const brokenCodes = new Set(['EPROTO', 'ECONNRESET'])

function failureOf({ isDone, error }: TlsHandshake, isVerified: boolean): SecureError | undefined {
  if (isDone) return undefined
  const { message = 'unknown', code = 'EPROTO' } = error ?? {}
  const isBroken = brokenCodes.has(code)
  if (!isBroken && !isVerified) return undefined
  return new SecureError(message, code, !isBroken)
}

function closedEarly(): SecureError {
  return new SecureError('closed during the TLS handshake', 'ECONNRESET', false)
}
