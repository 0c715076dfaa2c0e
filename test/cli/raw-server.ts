/**
 * A WebSocket server whose frames a test writes by hand.
 */
import { acceptFor } from '../../src/wire/websocket-handshake.ts'
import { listenTcp, type HttpMessage, type TcpConnection, type TcpServer } from '../support/tcp.ts'
import { switchAnswer } from '../support/websocket.ts'

/** @param headers more of its 101. */
export function listenRaw(
  serve: (connection: TcpConnection, request: HttpMessage) => Promise<void> | void,
  headers: Readonly<Record<string, string>> = {},
): Promise<TcpServer> {
  return listenTcp(async (connection) => {
    const request = await connection.message()
    const accept = acceptFor(request.headers['sec-websocket-key'] ?? '')
    connection.send(switchAnswer({ 'Sec-WebSocket-Accept': accept, ...headers }))
    await serve(connection, request)
  })
}
