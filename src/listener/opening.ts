/**
 * A client connection before its first request: the PROXY header, then the TLS handshake, where the
 * listener wants them. Whoever does not manage both in time is closed without an answer.
 *
 * Only what is read here says who the client is; nothing of it changes afterwards.
 */
import type { ByteStreamHandler } from '../core/byte-stream.ts'
import type { ClientInfo } from '../core/client-info.ts'
import type { ErrorCode } from '../core/errors.ts'
import { describeCertificate } from '../net/client-certificate.ts'
import type { TcpStream, TlsHandshake } from '../net/tcp-stream.ts'
import { looksLikeTls, readClientHello } from '../wire/client-hello.ts'
import { GatheredBytes } from '../wire/gathered-bytes.ts'
import { readProxyHeader } from '../wire/proxy-protocol.ts'
import type { Refusal } from './client-request.ts'
import { encodeRefusal } from './refuse.ts'
import type { ServerCertificate, ServerCertificates } from './server-certificates.ts'

export interface OpeningOptions {
  readonly proxyProtocol: boolean
  /** undefined: the listener speaks no TLS. */
  readonly certificates: ServerCertificates | undefined
  /** From the accept to the end of the handshake. */
  readonly timeoutMs: number
  /** @param rest what came behind the PROXY header. */
  readonly onOpen: (stream: TcpStream, client: OpenedClient, rest: Buffer | undefined) => void
  readonly onRefuse: (refusal: Refusal) => void
  /** The connection is gone, or somebody else's. */
  readonly onRelease: (opening: Opening) => void
}

/** A client, and what its handshake demanded of it: requests for other hosts are held against that. */
export interface ListenerClient extends ClientInfo {
  readonly demand: string | undefined
}

/** What the opening finds out; whom its listener trusts is for that to say. */
export type OpenedClient = Omit<ListenerClient, 'isTrustedProxy' | 'isTrusted'>

export class Opening implements ByteStreamHandler {
  readonly #stream: TcpStream
  readonly #options: OpeningOptions
  readonly #timer: Timer
  /** What came and is not yet used: the beginning of a PROXY header or a ClientHello. */
  #gathered: GatheredBytes | undefined
  /** How many the next reading of the ClientHello waits for: not one a segment, however small those are. */
  #wantedBytes = 0
  #isHeaderRead: boolean
  #address: string
  #isOver = false

  constructor(stream: TcpStream, options: OpeningOptions) {
    this.#stream = stream
    this.#options = options
    this.#address = stream.remoteAddress
    this.#isHeaderRead = !options.proxyProtocol
    this.#timer = setTimeout(openingOnTimeout, options.timeoutMs, this)
    stream.handler = this
  }

  /** Nothing is under way yet that would be lost. @param isPatient it may come to its first request all the same. */
  leave(isPatient = false): void {
    if (!isPatient) this.destroy()
  }

  destroy(): void {
    this.#stream.destroy()
  }

  // What the stream says.

  streamOnData(chunk: Buffer): void {
    if (this.#isOver) return
    if (this.#gathered === undefined) this.#gathered = new GatheredBytes(chunk)
    else this.#gathered.add(chunk)
    if (!this.#isHeaderRead) this.#readHeader(this.#gathered.bytes)
    if (this.#isHeaderRead) this.#readHello(this.#gathered?.bytes)
  }

  streamOnDrain(): void {}

  /** A client that has nothing to say, as health checks have: no event is worth it. */
  streamOnEnd(): void {
    this.#stream.end(0)
  }

  streamOnClose(): void {
    this.#release()
  }

  onTimeout(): void {
    if (this.#isHeaderRead) this.#refuse('TLS_HANDSHAKE', 'it took too long')
    else this.#refuse('PROXY_PROTOCOL', 'it did not come in time')
  }

  // Reading.

  #readHeader(bytes: Buffer): void {
    const reading = readProxyHeader(bytes)
    if (reading.kind === 'incomplete') return
    if (reading.kind === 'fault') return this.#refuse('PROXY_PROTOCOL', reading.detail)
    this.#isHeaderRead = true
    this.#address = reading.source ?? this.#address
    const rest = bytes.subarray(reading.length)
    this.#gathered = rest.length === 0 ? undefined : new GatheredBytes(rest)
  }

  #readHello(bytes: Buffer | undefined): void {
    const { certificates } = this.#options
    if (certificates === undefined) return this.#open(plainSecurity, bytes)
    if (bytes === undefined || bytes.length < this.#wantedBytes) return
    if (!looksLikeTls(bytes)) return this.#refuseOther(bytes)
    const hello = readClientHello(bytes)
    if (hello.kind === 'incomplete') return void (this.#wantedBytes = hello.wantedBytes)
    if (hello.kind === 'fault') return this.#refuse('TLS_HANDSHAKE', hello.detail)
    const certificate = certificates.select(hello.serverName)
    this.#gathered = undefined
    this.#stream.secure({
      hello: bytes,
      options: certificate.tls,
      onHandshake: (handshake) => this.#judge(handshake, certificate, hello.serverName),
    })
  }

  #judge(handshake: TlsHandshake, { options, demand }: ServerCertificate, name?: string): void {
    if (this.#isOver) return
    const { isDone, error, socket } = handshake
    if (!isDone) return this.#refuse('TLS_HANDSHAKE', reasonOf(error))
    // Bun calls a handshake done also where the certificate that was shown is not accepted.
    const isAccepted = options.client !== undefined && socket.authorized
    if (options.client?.isRequired === true && !isAccepted)
      return this.#refuse('TLS_HANDSHAKE', reasonOf(error))
    // The certificate was chosen by our reading of the name; the handshake has made its own.
    if (name !== undefined && socket.getServername().toLowerCase() !== name)
      return this.#refuse('TLS_HANDSHAKE', 'the server name can be read in two ways')
    const certificate = isAccepted
      ? describeCertificate(socket.getPeerX509Certificate())
      : undefined
    this.#open({ isTls: true, serverName: name, certificate, demand }, undefined)
  }

  #open(security: Security, rest: Buffer | undefined): void {
    this.#options.onOpen(this.#stream, { address: this.#address, ...security }, rest)
    this.#release()
  }

  #refuseOther(bytes: Buffer): void {
    // A method, in all likelihood: somebody who wrote http where https is spoken.
    const isHttp = /^[A-Z]/.test(bytes.toString('latin1', 0, 1))
    if (!isHttp) return this.#refuse('TLS_HANDSHAKE', 'what came is not TLS')
    const refusal = { detail: undefined, isKeptAlive: false, isHeadRequest: false }
    this.#stream.write(encodeRefusal('PLAIN_HTTP', refusal))
    this.#refuse('PLAIN_HTTP', undefined)
  }

  /** Ends the connection behind what was written, an alert of the handshake among it. */
  #refuse(code: ErrorCode, detail: string | undefined): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#options.onRefuse({ code, detail, address: this.#address, head: undefined })
    this.#stream.end(code === 'PLAIN_HTTP' ? undefined : 0)
  }

  #release(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#options.onRelease(this)
  }
}

type Security = Omit<OpenedClient, 'address'>

export const plainSecurity: Security = {
  isTls: false,
  serverName: undefined,
  certificate: undefined,
  demand: undefined,
}

function openingOnTimeout(opening: Opening): void {
  opening.onTimeout()
}

/** From `error:100000c7:SSL routines:OPENSSL_internal:PEER_DID_NOT_RETURN_A_CERTIFICATE` and the like. */
function reasonOf(error: TlsHandshake['error']): string {
  return (error?.message.split(':').at(-1) ?? 'unknown').replaceAll('_', ' ').toLowerCase()
}
