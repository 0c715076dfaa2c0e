/**
 * Asks for a page. A whole answer with a status from 200 to 399 is well; what the page says does not matter.
 */
import type { ByteStream } from '../../core/byte-stream.ts'
import type { HealthCheckExtension, HealthTarget } from '../../core/health-check.ts'
import { encodeHead } from '../../wire/http-fields.ts'
import { HttpConnection } from '../http-connection.ts'
import { onConnection } from './check-connection.ts'

/** Far more than a page of this kind has; each is read and thrown away every few seconds. */
const maxBodyBytes = 1024 * 1024

export const httpCheck: HealthCheckExtension = {
  type: 'path',
  doc: 'Asks for a page with GET: the endpoint is well if it answers with a status from 200 to 399.',
  options: {
    path: {
      kind: 'path',
      doc: 'What is asked for, behind the path of the endpoint, with a query if it needs one.',
    },
  },
  short: 'path',
  create({ path }) {
    return {
      check: (target, signal) =>
        onConnection(target, signal, (stream) => ask(stream, target, String(path))),
    }
  },
}

async function ask(stream: ByteStream, target: HealthTarget, path: string): Promise<undefined> {
  const connection = new HttpConnection(stream)
  const head = encodeHead(`GET ${target.path}${path} HTTP/1.1`, [
    { name: 'Host', value: target.authority },
    { name: 'User-Agent', value: 'sluice-health' },
    { name: 'Connection', value: 'close' },
  ])
  connection.send(head, 'GET', {})
  const { status } = await connection.answer()
  if (status < 200 || status > 399) throw new Error(`answered ${status}`)
  await bodyOf(connection)
  stream.end(0)
}

/** @returns when the body has ended. @throws Error when it breaks off, or is too long. */
function bodyOf(connection: HttpConnection): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let bytes = 0
  connection.readBody({
    bodyOnData(chunk) {
      bytes += chunk.length
      if (bytes > maxBodyBytes) reject(new Error('its answer is longer than 1MB'))
    },
    bodyOnEnd: resolve,
    bodyOnFailure: reject,
  })
  return promise
}
