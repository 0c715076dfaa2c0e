/**
 * Connects, TLS included, and closes at once: for what speaks neither HTTP nor WebSocket.
 */
import type { HealthCheckExtension } from '../../core/health-check.ts'
import { onConnection } from './check-connection.ts'

export const tcpCheck: HealthCheckExtension = {
  type: 'tcp',
  doc: 'Opens a connection and closes it: the endpoint is well if it accepts.',
  options: {},
  create: () => ({
    check: (target, signal) =>
      onConnection(target, signal, async (stream) => {
        stream.end(0)
        return undefined
      }),
  }),
}
