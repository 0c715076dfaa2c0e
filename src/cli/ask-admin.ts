/**
 * Asks the admin port of a running gateway.
 *
 * With `node:http` and not `fetch`, which would go through the proxy of the environment, token and all.
 */
import { request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { linesType } from '../admin/answer.ts'
import { formatAdmin, type AdminPlace } from './admin-place.ts'

/** As long as most answers may take. */
const usualTimeoutMs = 10_000

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

export interface Reply {
  readonly status: number
  /** undefined for what is not JSON. */
  readonly value: unknown
}

/** @returns the answer's value; undefined when there is none, and why has been said. */
export async function askAdmin<Answer>(
  place: AdminPlace,
  method: Method,
  path: string,
): Promise<Answer | undefined> {
  const reply = await requestAdmin(place, method, path)
  if (reply === undefined) return undefined
  if (reply.status < 300 && reply.value !== undefined) return reply.value as Answer
  sayRefusal(reply, place)
  return undefined
}

/** @returns whatever was answered; undefined when nothing was, and why has been said. */
export async function requestAdmin(
  place: AdminPlace,
  method: Method,
  path: string,
  timeoutMs = usualTimeoutMs,
): Promise<Reply | undefined> {
  try {
    const response = await send(place, method, path, AbortSignal.timeout(timeoutMs))
    return await replyOf(response)
  } catch (error) {
    console.error(`✖ ${faultOf(error, place, timeoutMs)}`)
    return undefined
  }
}

/**
 * For an answer that comes in lines, of which the first comes soon.
 * @returns undefined when it does not, and why has been said.
 */
export async function openAdmin(
  place: AdminPlace,
  method: Method,
  path: string,
): Promise<IncomingMessage | undefined> {
  const opening = new AbortController()
  const timer = setTimeout(() => opening.abort(), usualTimeoutMs)
  try {
    const response = await send(place, method, path, opening.signal)
    if (response.headers['content-type'] === linesType) return response
    sayRefusal(await replyOf(response), place)
  } catch (error) {
    console.error(`✖ ${faultOf(error, place, usualTimeoutMs)}`)
  } finally {
    clearTimeout(timer)
  }
  return undefined
}

/** @returns the answer once its head is there. */
function send(
  place: AdminPlace,
  method: Method,
  path: string,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { address, port, unix, token } = place
  const target = unix === undefined ? { host: address, port } : { socketPath: unix }
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` }
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const asked = request({ ...target, method, path, headers, signal }, resolve)
  asked.on('error', reject)
  asked.end()
  return promise
}

async function replyOf(response: IncomingMessage): Promise<Reply> {
  return { status: response.statusCode ?? 0, value: parse(await text(response)) }
}

/** @returns undefined for what is not JSON. */
function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

export function sayRefusal({ status, value }: Reply, place: AdminPlace): void {
  console.error(`✖ ${refusalOf(status, value, place)}`)
}

function refusalOf(status: number, value: unknown, place: AdminPlace): string {
  const hasTitle = typeof value === 'object' && value !== null && 'title' in value
  if (!hasTitle) return `${formatAdmin(place)} answers with ${status}, and not as Sluice does`
  const hint =
    status === 401 ? '. The token is read from SLUICE_TOKEN, or from the configuration' : ''
  return `${String(value.title)}${hint}`
}

function faultOf(error: unknown, place: AdminPlace, timeoutMs: number): string {
  const where = formatAdmin(place)
  if (error instanceof Error && error.name === 'AbortError')
    return `${where} has not answered for ${timeoutMs / 1000} seconds`
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  if (code === 'ECONNREFUSED' || code === 'ENOENT')
    return `nothing listens at ${where}: is the gateway running, and with this configuration?`
  if (code === 'EACCES') return `${where} belongs to another user: run this as the gateway's user`
  return `${where} cannot be asked: ${code}`
}
