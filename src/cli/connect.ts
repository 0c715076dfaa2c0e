/**
 * `sluice connect`: a WebSocket client in the terminal, on the gateway's own codec. What is typed goes
 * out as text messages, what arrives is printed: payloads on standard output, the rest on standard error.
 */
import { createInterface } from 'node:readline'
import type { ByteStreamHandler, StreamClose } from '../core/byte-stream.ts'
import { CloseCode } from '../core/close-codes.ts'
import { errorRow } from '../core/errors.ts'
import { HttpConnection } from '../upstream/http-connection.ts'
import { MessageAssembler, type WholeMessage } from '../wire/message-assembler.ts'
import { encodeClose, encodeFrame } from '../wire/frame-encoder.ts'
import { encodeHead } from '../wire/http-fields.ts'
import { isToken } from '../wire/http-head.ts'
import type { ResponseHead } from '../wire/http-response.ts'
import { Opcode } from '../wire/opcode.ts'
import { switchFault } from '../wire/websocket-handshake.ts'
import { dial, readServer, type Server } from './dial.ts'
import { messageOf } from './read-config.ts'

export interface ConnectOptions {
  readonly subprotocols: readonly string[]
  /** Lines of a request head, `Name: value`. */
  readonly headers: readonly string[]
  /** The file of the authorities whose servers are believed; those of the system by default. */
  readonly ca?: string | undefined
  /** Believes any server. */
  readonly isInsecure?: boolean | undefined
}

const timeoutMs = 10_000
/** What a person can still read in a terminal, and a bound for what is kept of one message. */
const messageBytes = 16 * 1024 * 1024
const masked = { isMasked: true }
/** What is said of a connection that was over before a Close came. */
const endings: Readonly<Record<StreamClose, string>> = {
  ended: 'the server ended the connection without a Close',
  reset: 'the server reset the connection',
  stalled: 'the server took nothing more of what was sent',
  destroyed: 'the connection was cut',
}

/** @returns the exit code, once the connection is closed: 0 after a normal close. */
export async function connect(address: string, options: ConnectOptions): Promise<number> {
  const server = readServer(address)
  if (server === undefined)
    return refuse(
      `${address} is not a URL like wss://localhost:8443/chat or ws+unix:/run/chat.sock`,
      2,
    )
  const mistake = mistakeIn(options, server)
  if (mistake !== undefined) return refuse(mistake, 2)
  if (options.isInsecure === true) console.error('! --insecure: whoever answers is believed')
  try {
    const { connection, answer } = await handshake(server, options)
    const { status, reason, fields } = answer
    if (status !== 101) return refuse(`${address} answered ${status} ${reason}`, 1)
    console.error(`connected ${fields.get('sec-websocket-protocol') ?? ''}`.trimEnd())
    return await talk(connection)
  } catch (error) {
    return refuse(`${address}: ${messageOf(error)}`, 1)
  }
}

function refuse(text: string, exitCode: number): number {
  console.error(`✖ ${text}`)
  return exitCode
}

/** @returns what is wrong with what was asked for, as a sentence. */
function mistakeIn(
  { headers, ca, isInsecure = false }: ConnectOptions,
  { isTls }: Server,
): string | undefined {
  const faulty = headers.find((line) => readHeader(line) === undefined)
  if (faulty !== undefined) return `"${faulty}" is not a header like "Name: value"`
  if (ca !== undefined && isInsecure)
    return '--ca says who is believed, --insecure that everybody is: take one of them'
  if (isTls || (ca === undefined && !isInsecure)) return undefined
  return `${isInsecure ? '--insecure' : '--ca'} is for wss://, where there are certificates`
}

function readHeader(line: string): { name: string; value: string } | undefined {
  const colon = line.indexOf(':')
  const name = line.slice(0, Math.max(0, colon))
  const value = line.slice(colon + 1).trim()
  return isToken(name) && !/[\r\n\0]/.test(value) ? { name, value } : undefined
}

/** @throws Error if the server cannot be reached or its 101 is not valid. */
async function handshake(
  server: Server,
  { subprotocols, headers, ca, isInsecure = false }: ConnectOptions,
): Promise<{ connection: HttpConnection; answer: ResponseHead }> {
  const stream = await dial(server, { ca, isVerified: !isInsecure }, timeoutMs)
  const key = crypto.getRandomValues(Buffer.alloc(16)).toString('base64')
  const fields = [
    { name: 'Host', value: server.authority },
    { name: 'Upgrade', value: 'websocket' },
    { name: 'Connection', value: 'Upgrade' },
    { name: 'Sec-WebSocket-Key', value: key },
    { name: 'Sec-WebSocket-Version', value: '13' },
  ]
  if (subprotocols.length > 0)
    fields.push({ name: 'Sec-WebSocket-Protocol', value: subprotocols.join(', ') })
  const given = headers.map(readHeader).filter((field) => field !== undefined)
  const named = new Set(given.map(({ name }) => name.toLowerCase()))
  const own = fields.filter(({ name }) => !named.has(name.toLowerCase()))
  const connection = new HttpConnection(stream)
  connection.send(encodeHead(`GET ${server.target} HTTP/1.1`, [...own, ...given]), 'GET', {})
  connection.expectAnswer(timeoutMs)
  const answer = await connection.answer()
  const fault =
    answer.status === 101 ? switchFault(answer, { key, subprotocols, extensions: [] }) : undefined
  if (fault !== undefined) throw new Error(fault)
  return { connection, answer }
}

/** Lines in, lines out, until one side closes. */
function talk(connection: HttpConnection): Promise<number> {
  const closed = Promise.withResolvers<number>()
  const { stream } = connection
  const decoder = new MessageAssembler({
    isMasked: false,
    mayCompress: false,
    frameBytes: messageBytes,
    messageBytes,
  })
  const lines = createInterface({ input: process.stdin, terminal: false })
  let exitCode = 1
  /** Whether it has been said how this ended. */
  let isExplained = false

  function hear({ opcode, payload }: WholeMessage): void {
    if (opcode === Opcode.text) console.info(payload.toString())
    else if (opcode === Opcode.binary) console.info(payload.toString('hex'))
    else if (opcode === Opcode.ping) stream.write(encodeFrame(Opcode.pong, payload, masked))
    else if (opcode === Opcode.close) {
      const code = payload.length === 0 ? CloseCode.noStatus : payload.readUInt16BE(0)
      console.error(`closed ${code} ${payload.subarray(2).toString()}`.trimEnd())
      isExplained = true
      exitCode = code === CloseCode.normal || code === CloseCode.noStatus ? 0 : 1
      stream.write(encodeFrame(Opcode.close, payload.subarray(0, 2), masked))
      stream.end()
    }
  }

  const handler: ByteStreamHandler = {
    streamOnData(chunk) {
      for (const message of decoder.assemble(chunk)) hear(message)
      if (decoder.violation === undefined) return
      isExplained = true
      console.error(`✖ the server broke the protocol: ${decoder.violation.detail}`)
      stream.write(
        encodeClose(
          errorRow(decoder.violation.code).closeCode ?? CloseCode.protocolError,
          decoder.violation.detail,
          masked,
        ),
      )
      stream.end()
    },
    streamOnDrain: () => lines.resume(),
    streamOnEnd: () => stream.end(),
    streamOnClose(reason: StreamClose) {
      if (!isExplained) console.error(`✖ ${endings[reason]}`)
      lines.close()
      closed.resolve(exitCode)
    },
  }
  stream.handler = handler
  lines.on('line', (line) => {
    if (stream.write(encodeFrame(Opcode.text, Buffer.from(line), masked)) > messageBytes)
      lines.pause()
  })
  lines.on('close', () => {
    stream.write(encodeClose(CloseCode.normal, '', masked))
    setTimeout(() => {
      if (!isExplained) console.error(`✖ no Close came back for ${timeoutMs / 1000} seconds`)
      isExplained = true
      stream.end(0)
    }, timeoutMs)
  })
  const early = connection.takeOver()
  if (early !== undefined) handler.streamOnData(early)
  stream.resume()
  return closed.promise
}
