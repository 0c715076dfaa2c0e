/**
 * Headers that frame a message, belong to one connection, or are the gateway's own word: no route sets or
 * removes them, and a configuration that says so is refused.
 */
import { spelled } from './http-fields.ts'

const own =
  /^(connection|content-length|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade|sec-websocket-.*|sluice-.*)$/

/** @param name in any case and spelling. `Host` is none of them: it has keys of its own. */
export function isOwnHeader(name: string): boolean {
  return own.test(spelled(name))
}
