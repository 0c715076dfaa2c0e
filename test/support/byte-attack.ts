/**
 * The attack that most are: bytes on one client connection, written down as they go out. It succeeds
 * when certain bytes arrive on the other side that must not.
 */
import { barrierHost, type Attack, type Outcome, type Scene } from './attack.ts'
import type { TcpConnection } from './tcp.ts'
import { answersIn, requestsIn } from './transcript.ts'

export interface ByteAttack extends Omit<Attack, 'run'> {
  /** What is sent, one character a byte; each but the first waits for an answer to what was before. */
  readonly sends: readonly string[]
  /** What proves that the attacker got what he wants, among the bytes that a side got. */
  readonly gains: { readonly upstream: RegExp } | { readonly client: RegExp }
  /** How the attacker connects, where it is not as an honest client does. */
  readonly dial?: (scene: Scene) => Promise<TcpConnection>
}

/** How long an attack that has been answered may still take to succeed, where nothing stops it. */
const patienceMs = 1_000

export function byteAttack({ sends, gains, dial, ...attack }: ByteAttack): Attack {
  return { ...attack, run: (scene) => run(scene, { ...attack, sends, gains, dial }) }
}

interface Script extends Pick<ByteAttack, 'sends' | 'gains' | 'repelled'> {
  readonly dial: ByteAttack['dial'] | undefined
}

async function run(scene: Scene, { sends, gains, repelled, dial }: Script): Promise<Outcome> {
  using client = await (dial === undefined ? scene.open() : dial(scene))
  let farewell: string | undefined
  void client.farewell.then((how) => (farewell = how))
  const isGained = () =>
    'client' in gains
      ? gains.client.test(client.received)
      : scene.upstream.received.some((text) => gains.upstream.test(text))
  const isSettled = (answers: number) => () =>
    farewell !== undefined || isGained() || finalAnswers(client) >= answers

  for (const [index, bytes] of sends.entries()) {
    await until(isSettled(index))
    client.send(Buffer.from(bytes, 'latin1'))
  }
  const waitsForEnd = repelled.includes('ended') || repelled.includes('reset')
  const answers = repelled.filter((line) => /^[2-5]\d\d/.test(line)).length
  await until(waitsForEnd ? isSettled(Infinity) : isSettled(Math.max(answers, sends.length)))
  if (!isGained()) await passBarrier(scene)
  await until(isGained, farewell === undefined && waitsForEnd ? patienceMs : 0)
  const reached = scene.upstream.received.flatMap(requestsIn).map((line) => `upstream: ${line}`)
  const left = farewell === undefined ? [] : [farewell]
  return { seen: [...answersIn(client.received), ...left, ...reached], isGained: isGained() }
}

function finalAnswers(client: TcpConnection): number {
  return answersIn(client.received).filter((line) => /^([2-5]\d\d|101)/.test(line)).length
}

/** Returns when the gateway has done everything that reached it before. */
export async function passBarrier({ open }: Pick<Scene, 'open'>): Promise<void> {
  using client = await open()
  client.send(`GET / HTTP/1.1\nHost: ${barrierHost}\n\n`)
  await client.message()
}

/** Looks again and again. @returns whether it came true. */
export async function until(isTrue: () => boolean, withinMs = 5_000): Promise<boolean> {
  const endsAtMs = performance.now() + withinMs
  while (!isTrue()) {
    if (performance.now() >= endsAtMs) return false
    await Bun.sleep(2)
  }
  return true
}

/** A request's head. */
export function head(startLine: string, ...fields: readonly string[]): string {
  const host = fields.some((field) => /^host:/i.test(field)) ? [] : ['Host: site.test']
  return [startLine, ...host, ...fields, '', ''].join('\r\n')
}

/** A handshake. @param fields instead of those of these names, or besides; `Name` alone leaves it out. */
export function handshake(path: string, ...fields: readonly string[]): string {
  const names = new Set(fields.map((field) => field.split(':', 1)[0]?.toLowerCase()))
  const usual = [
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
  ].filter((field) => !names.has(field.split(':', 1)[0]?.toLowerCase()))
  return head(`GET ${path} HTTP/1.1`, ...usual, ...fields.filter((field) => field.includes(':')))
}
