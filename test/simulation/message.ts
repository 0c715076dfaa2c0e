/**
 * The messages of a simulation. Each says who it is from, its number and its length, and all else in it
 * follows from these, so that whoever gets one can tell that it is whole and as it was sent.
 */

/** `client`: of a client, and the echo of it; `server`: what a server says of its own accord. */
export interface Label {
  readonly from: 'client' | 'server'
  /** Of the client, or of the server's connection. */
  readonly sender: number
  readonly number: number
}

/** Words that repeat, so that compression finds something, and noise, which no compression makes shorter. */
const corpus = makeCorpus()

/** @param size in bytes, at least what the label takes. */
export function messageOf({ from, sender, number }: Label, size: number): Buffer {
  const head = `${from}/${sender}/${number}/${size}:`
  const message = Buffer.alloc(Math.max(size, head.length))
  message.write(head, 'latin1')
  for (let at = head.length, from = (number * 997 + sender * 101) % 4_096; at < message.length;)
    at += corpus.copy(message, at, from, from + message.length - at)
  return message
}

/** Even ones are text. */
export function opcodeOf({ number }: Label): 1 | 2 {
  return number % 2 === 0 ? 1 : 2
}

/** @returns a sentence if it is not one. */
export function readMessage(opcode: number, payload: Buffer): Label | string {
  const head = payload.toString('latin1', 0, 64)
  const match = /^(client|server)\/(\d+)\/(\d+)\/(\d+):/.exec(head)
  if (match === null) return `a message that nobody sent: ${JSON.stringify(head)}`
  const from = match[1] === 'client' ? 'client' : 'server'
  const label: Label = { from, sender: Number(match[2]), number: Number(match[3]) }
  if (!messageOf(label, Number(match[4])).equals(payload))
    return `message ${head.slice(0, match[0].length)} is not as it was sent, at ${payload.length} bytes`
  if (opcodeOf(label) !== opcode) return `message ${match[0]} has opcode ${opcode}`
  return label
}

export function nameOf({ from, sender, number }: Label): string {
  return `${from}/${sender}/${number}`
}

function makeCorpus(): Buffer {
  const words = [
    '{"type":"move",',
    '"x":',
    '"y":',
    '"room":"lobby",',
    'the quick brown fox ',
    '}\n',
  ]
  let text = ''
  for (let state = 1; text.length < 16_384;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const word = words[(state >>> 16) % (words.length + 1)]
    text += word ?? state.toString(36)
  }
  return Buffer.from(text, 'latin1')
}
