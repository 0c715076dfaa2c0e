/**
 * `sluice connect`: a WebSocket client in the terminal, on the gateway's own codec. What is typed goes
 * out as messages, what arrives is printed: payloads on standard output, the rest on standard error.
 */
import type { ResponseHead } from '../wire/http-response.ts'
import { shakeHands } from './connect-handshake.ts'
import { OptionError, readConnectOptions, type ConnectFlags } from './connect-options.ts'
import { Conversation } from './conversation.ts'
import { readServer } from './dial.ts'
import { messageOf } from './read-config.ts'
import { readable } from './readable.ts'
import { tell } from './tell.ts'

/** @returns the exit code, once the connection is closed: 0 after a proper close. */
export async function connect(address: string, flags: ConnectFlags): Promise<number> {
  const server = readServer(address)
  if (server === undefined)
    return refuse(
      `${address} is not a URL like wss://localhost:8443/chat or ws+unix:/run/chat.sock`,
      2,
    )
  try {
    const { handshake, conversation } = readConnectOptions(flags, server)
    if (!handshake.trust.isVerified) console.error('! --insecure: whoever answers is believed')
    const { connection, answer, agreement } = await shakeHands(server, handshake)
    if (answer.status !== 101)
      return refuse(`${address} answered ${answer.status} ${readable(answer.reason)}`, 1)
    tell(greetingOf(answer, handshake.offersCompression))
    const talk = new Conversation(connection.stream, agreement, conversation)
    return await talk.run(connection.takeOver())
  } catch (error) {
    if (error instanceof OptionError) return refuse(error.message, 2)
    return refuse(`${address}: ${messageOf(error)}`, 1)
  }
}

/** `connected`, and what was agreed on. */
function greetingOf({ fields }: ResponseHead, offersCompression: boolean): string {
  const subprotocol = fields.get('sec-websocket-protocol') ?? ''
  const extension = fields.get('sec-websocket-extensions') ?? ''
  const connected = `connected ${subprotocol}`.trimEnd()
  if (extension !== '') return `${connected}, ${readable(extension)}`
  return offersCompression ? `${connected}, without compression` : connected
}

function refuse(text: string, exitCode: number): number {
  console.error(`✖ ${text}`)
  return exitCode
}
