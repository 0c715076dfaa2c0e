/**
 * The opening handshake of `sluice connect`: what it asks of a server, and what it makes of the answer.
 */
import { HttpConnection } from '../upstream/http-connection.ts'
import {
  offerOf,
  readAnswer,
  type DeflateAgreement,
  type DeflateTerms,
} from '../wire/deflate-agreement.ts'
import { parseExtensions } from '../wire/extension-header.ts'
import { encodeHead } from '../wire/http-fields.ts'
import type { ResponseHead } from '../wire/http-response.ts'
import { switchFault } from '../wire/websocket-handshake.ts'
import { dial, type Server, type Trust } from './dial.ts'

export interface HandshakeOptions {
  readonly trust: Trust
  readonly subprotocols: readonly string[]
  /** They replace those of the same name. */
  readonly headers: readonly Header[]
  readonly offersCompression: boolean
  /** For the dial, and for the answer. */
  readonly timeoutMs: number
}

export interface Header {
  readonly name: string
  readonly value: string
}

export interface Handshake {
  readonly connection: HttpConnection
  readonly answer: ResponseHead
  /** undefined: messages are not compressed. */
  readonly agreement: DeflateAgreement | undefined
}

/** There is one connection: it may have the best that there is. */
const terms: DeflateTerms = { windowBits: 15, clientTakeover: true, serverTakeover: true }

/** @returns the answer, a 101 or not. @throws Error if the server cannot be reached or its 101 is not valid. */
export async function shakeHands(server: Server, options: HandshakeOptions): Promise<Handshake> {
  const { trust, subprotocols, offersCompression, timeoutMs } = options
  const connection = new HttpConnection(await dial(server, trust, timeoutMs))
  const key = crypto.getRandomValues(Buffer.alloc(16)).toString('base64')
  const head = encodeHead(`GET ${server.target} HTTP/1.1`, fieldsOf(server, key, options))
  connection.send(head, 'GET', {})
  connection.expectAnswer(timeoutMs)
  const answer = await connection.answer()
  if (answer.status !== 101) return { connection, answer, agreement: undefined }
  const extensions = offersCompression ? ['permessage-deflate'] : []
  const fault = switchFault(answer, { key, subprotocols, extensions })
  if (fault !== undefined) throw new Error(fault)
  return { connection, answer, agreement: agreementIn(answer) }
}

function fieldsOf(server: Server, key: string, options: HandshakeOptions): Header[] {
  const { subprotocols, headers, offersCompression } = options
  const fields = [
    { name: 'Host', value: server.authority },
    { name: 'Upgrade', value: 'websocket' },
    { name: 'Connection', value: 'Upgrade' },
    { name: 'Sec-WebSocket-Key', value: key },
    { name: 'Sec-WebSocket-Version', value: '13' },
  ]
  if (subprotocols.length > 0)
    fields.push({ name: 'Sec-WebSocket-Protocol', value: subprotocols.join(', ') })
  if (offersCompression) fields.push({ name: 'Sec-WebSocket-Extensions', value: offerOf(terms) })
  const named = new Set(headers.map(({ name }) => name.toLowerCase()))
  return [...fields.filter(({ name }) => !named.has(name.toLowerCase())), ...headers]
}

/** @throws Error if the server has chosen what was not offered. */
function agreementIn({ fields }: ResponseHead): DeflateAgreement | undefined {
  const [extension] = parseExtensions(fields.get('sec-websocket-extensions') ?? '') ?? []
  if (extension === undefined) return undefined
  const agreement = readAnswer(extension, terms)
  if (typeof agreement === 'string') throw new Error(agreement)
  return agreement
}
