/**
 * Asks the admin port of a running gateway.
 *
 * With `node:http` and not `fetch`, which would go through the proxy of the environment, token and all.
 */
import { request } from 'node:http'
import { formatAdmin, type AdminPlace } from './admin-place.ts'

const timeoutMs = 10_000

/** @returns the answer's value; undefined when there is none, and why has been said. */
export async function askAdmin<Answer>(
  place: AdminPlace,
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
): Promise<Answer | undefined> {
  try {
    const { status, body } = await send(place, method, path)
    const value: unknown = parse(body)
    if (status < 300 && value !== undefined) return value as Answer
    console.error(`✖ ${refusalOf(status, value, place)}`)
  } catch (error) {
    console.error(`✖ ${faultOf(error, place)}`)
  }
  return undefined
}

interface Reply {
  readonly status: number
  readonly body: string
}

function send(place: AdminPlace, method: string, path: string): Promise<Reply> {
  const { address, port, unix, token } = place
  const target = unix === undefined ? { host: address, port } : { socketPath: unix }
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` }
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const signal = AbortSignal.timeout(timeoutMs)
  const asked = request({ ...target, method, path, headers, signal }, (response) => {
    let body = ''
    response.setEncoding('utf8')
    response.on('data', (text: string) => (body += text))
    response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    response.on('error', reject)
  })
  asked.on('error', reject)
  asked.end()
  return promise
}

/** @returns undefined for what is not JSON. */
function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

function refusalOf(status: number, value: unknown, place: AdminPlace): string {
  const hasTitle = typeof value === 'object' && value !== null && 'title' in value
  if (!hasTitle) return `${formatAdmin(place)} answers with ${status}, and not as Sluice does`
  const hint =
    status === 401 ? '. The token is read from SLUICE_TOKEN, or from the configuration' : ''
  return `${String(value.title)}${hint}`
}

function faultOf(error: unknown, place: AdminPlace): string {
  const where = formatAdmin(place)
  if (error instanceof Error && error.name === 'AbortError')
    return `${where} has not answered for ${timeoutMs / 1000} seconds`
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  if (code === 'ECONNREFUSED' || code === 'ENOENT')
    return `nothing listens at ${where}: is the gateway running, and with this configuration?`
  if (code === 'EACCES') return `${where} belongs to another user: run this as the gateway's user`
  return `${where} cannot be asked: ${code}`
}
