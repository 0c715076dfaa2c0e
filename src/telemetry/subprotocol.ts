/**
 * Decides whether a subprotocol may be shown in a log or a list.
 *
 * Browsers cannot send headers with a WebSocket, so some clients put a token into the list of
 * subprotocols they offer, and some servers agree to it. So only what reads like a name is shown:
 * words and versions, as all registered subprotocols are.
 */

/** The longest registered ones have about 40 characters. */
const maxLength = 48
/** A word with a version, or a version: `graphql`, `transport`, `mqttv3`, `ocpp1`, `k8s`. */
const word = /^(?:[a-z]{1,16}|[A-Z]{1,16}|[A-Z][a-z]{1,15}|[a-z]\d[a-z]|)\d{0,3}$/
const secretive = /auth|bearer|token|jwt|secret|passw|credential|api-?key/i

/** What stands where a subprotocol may not be shown. */
export const withheld = '(withheld)'

/** @returns the subprotocol itself where it cannot hold a secret. */
export function publicSubprotocol(name: string | undefined): string | undefined {
  if (name === undefined) return undefined
  const isName =
    name.length <= maxLength &&
    !secretive.test(name) &&
    name.split(/[-._+/]/).every((part) => word.test(part))
  return isName ? name : withheld
}
