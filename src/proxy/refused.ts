/**
 * What is told of a request or connection that was refused.
 */
import type { GatewayEvent } from '../core/events.ts'
import type { Refusal } from '../listener/client-request.ts'

export function describeRefusal(
  listener: string,
  { code, detail, address, head, route, request }: Refusal,
): GatewayEvent {
  const { method, host, path } = head ?? { method: undefined, host: undefined, path: undefined }
  return {
    type: 'request-refused',
    listener,
    route,
    request,
    isHandshake: head?.isUpgrade ?? false,
    code,
    detail,
    address,
    method,
    host,
    path,
  }
}
