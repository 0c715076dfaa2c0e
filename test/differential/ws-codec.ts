/**
 * The reader and the writer of `ws`, without its sockets: bytes in, what they say out, and the other way
 * round. They are files inside the package, since Bun has a `ws` of its own for whoever asks by name.
 */
import { createRequire } from 'node:module'
import type { DeflateAgreement } from '../../src/wire/deflate-agreement.ts'

export interface Said {
  readonly kind: 'text' | 'binary' | 'ping' | 'pong' | 'close'
  readonly payload: Buffer
}

/** Something to be sent: in several fragments, for a message. */
export interface Saying {
  readonly kind: Said['kind']
  readonly fragments: readonly Buffer[]
  /** Sent behind the first fragment, the second, …. */
  readonly between: readonly Said[]
  readonly isCompressed: boolean
}

/** What they leave, in the order in which it comes to be said: a message with its last fragment. */
export function saidOf({ kind, fragments, between }: Saying): Said[] {
  return [...between.slice(0, fragments.length - 1), { kind, payload: Buffer.concat(fragments) }]
}

interface Extension {
  accept(configurations: readonly Readonly<Record<string, readonly unknown[]>>[]): void
  cleanup(): void
}

type Extensions = Readonly<Record<string, Extension>>

interface Receiver {
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): void
  on(event: 'ping' | 'pong', listener: (data: Buffer) => void): void
  on(event: 'conclude', listener: (code: number, reason: Buffer) => void): void
  on(event: 'error', listener: (error: Error) => void): void
  write(chunk: Buffer, done: (error?: Error | null) => void): void
}

interface Sink {
  cork(): void
  uncork(): void
  write(chunk: Buffer | string, done?: () => void): void
}

interface Sender {
  send(data: Buffer, options: Readonly<Record<string, boolean>>, done: () => void): void
  ping(data: Buffer, isMasked: boolean, done: () => void): void
  pong(data: Buffer, isMasked: boolean, done: () => void): void
  close(code: number | undefined, data: Buffer, isMasked: boolean, done: () => void): void
}

const load = createRequire(import.meta.url)
const folder = '../../node_modules/ws/lib'
const PerMessageDeflate: new (options: object) => Extension = load(
  `${folder}/permessage-deflate.js`,
)
const ReceiverOfWs: new (options: object) => Receiver = load(`${folder}/receiver.js`)
const SenderOfWs: new (sink: Sink, extensions: Extensions) => Sender = load(`${folder}/sender.js`)

/** What an end is like. */
export interface EndOptions {
  readonly isServer: boolean
  /** undefined: without compression. */
  readonly agreement: DeflateAgreement | undefined
  /** Shorter messages are not compressed, by who keeps no window. */
  readonly threshold?: number
  readonly level?: number
}

function extensionsOf({ isServer, agreement, threshold = 0, level = 1 }: EndOptions): Extensions {
  if (agreement === undefined) return {}
  const deflate = new PerMessageDeflate({ isServer, threshold, zlibDeflateOptions: { level } })
  deflate.accept([
    {
      ...(!agreement.clientTakeover && { client_no_context_takeover: [true] }),
      ...(!agreement.serverTakeover && { server_no_context_takeover: [true] }),
      client_max_window_bits: [`${agreement.clientWindowBits}`],
      server_max_window_bits: [`${agreement.serverWindowBits}`],
    },
  ])
  return { 'permessage-deflate': deflate }
}

function cleanUp(extensions: Extensions): void {
  for (const extension of Object.values(extensions)) extension.cleanup()
}

/** @param options of the end that reads. @returns what the bytes say. @throws what is wrong with them. */
export async function readWithWs(chunks: readonly Buffer[], options: EndOptions): Promise<Said[]> {
  const { isServer } = options
  const extensions = extensionsOf(options)
  const said: Said[] = []
  const receiver = new ReceiverOfWs({ isServer, extensions })
  receiver.on('message', (payload, isBinary) =>
    said.push({ kind: isBinary ? 'binary' : 'text', payload }),
  )
  receiver.on('ping', (payload) => said.push({ kind: 'ping', payload }))
  receiver.on('pong', (payload) => said.push({ kind: 'pong', payload }))
  receiver.on('conclude', (code, reason) => {
    const payload = Buffer.concat([Buffer.from([code >> 8, code & 255]), reason])
    said.push({ kind: 'close', payload })
  })
  receiver.on('error', () => {}) // the write that caused it fails
  // Behind a Close it takes nothing, not even nothing.
  for (const chunk of chunks.filter(({ length }) => length > 0)) {
    await new Promise<void>((resolve, reject) => {
      receiver.write(chunk, (error) => (error ? reject(error) : resolve()))
    })
  }
  cleanUp(extensions)
  return said
}

/** @param options of the end that writes. */
export async function writeWithWs(
  sayings: readonly Saying[],
  options: EndOptions,
): Promise<Buffer> {
  const chunks: Buffer[] = []
  const extensions = extensionsOf(options)
  const sink: Sink = {
    cork() {},
    uncork() {},
    write(chunk, done) {
      chunks.push(Buffer.from(chunk))
      done?.()
    },
  }
  const sender = new SenderOfWs(sink, extensions)
  const isMasked = !options.isServer
  const mayCompress = options.agreement !== undefined
  const sent = sayings.flatMap((each) =>
    send(sender, { ...each, isCompressed: mayCompress && each.isCompressed }, isMasked),
  )
  await Promise.all(sent)
  cleanUp(extensions)
  return Buffer.concat(chunks)
}

function send(sender: Sender, saying: Saying, isMasked: boolean): Promise<void>[] {
  const { kind, fragments, between, isCompressed } = saying
  if (kind !== 'text' && kind !== 'binary')
    return [sendControl(sender, { kind, payload: Buffer.concat(fragments) }, isMasked)]
  const last = fragments.length - 1
  const options = { binary: kind === 'binary', compress: isCompressed, mask: isMasked }
  return fragments.flatMap((fragment, index) => {
    const control = index < last ? between[index] : undefined
    // It masks where the bytes lie.
    const bytes = Buffer.from(fragment)
    return [
      new Promise<void>((resolve) => {
        sender.send(bytes, { ...options, fin: index === last }, resolve)
      }),
      ...(control === undefined ? [] : [sendControl(sender, control, isMasked)]),
    ]
  })
}

function sendControl(sender: Sender, { kind, payload }: Said, isMasked: boolean): Promise<void> {
  const bytes = Buffer.from(payload)
  return new Promise((resolve) => {
    if (kind === 'ping') sender.ping(bytes, isMasked, resolve)
    else if (kind === 'pong') sender.pong(bytes, isMasked, resolve)
    else sender.close(bytes.readUInt16BE(0), bytes.subarray(2), isMasked, resolve)
  })
}
