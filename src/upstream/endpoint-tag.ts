/**
 * What stands for an endpoint in cookies and session ids.
 *
 * Every gateway with the same secret calls the same endpoint the same, so nothing needs to be shared; who
 * does not know the secret learns no address from a tag, and cannot make one.
 */
import { createHmac } from 'node:crypto'

/** 48 bits: among 1,000 endpoints two have the same tag once in 500 million times. */
const tagLength = 8

/** @param url in its normal form. @returns characters that may stand in a cookie and a query as they are. */
export function endpointTag(secret: string, url: string): string {
  return createHmac('sha256', secret).update(url).digest('base64url').slice(0, tagLength)
}
