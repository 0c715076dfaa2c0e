/** Slips in what keeps messages whole where a session goes on at another server. */
import { mutantsOf } from './mutant.ts'

const ofPings = mutantsOf(
  'wire/own-pings.ts',
  ['wire/own-pings.test.ts'],
  [
    {
      replace: `}
    this.#lastCount++`,
      by: `}
    this.#lastCount = 1`,
      why: 'the pong to the second of two pings reaches a peer that has not pinged',
    },
    {
      replace: 'this.#lastCount > 0 && payload',
      by: 'payload',
      why: 'pongs of a client that nobody asked for are swallowed for ever',
    },
    {
      replace: 'payload.equals(this.#last)) {\n      this.#lastCount--',
      by: 'true) {\n      this.#lastCount--',
      why: 'the pong to a ping of the other side is swallowed',
    },
    {
      replace: 'this.#lastCount--',
      by: '',
      why: 'every later pong with the same payload is swallowed',
    },
    {
      replace: 'this.#formerCount--',
      by: '',
      why: 'every later pong with the payload of an earlier ping is swallowed',
    },
    {
      replace: 'isFormer ? this.#formerCount : 0',
      by: '0',
      why: 'the pong to an earlier ping reaches a peer that has not pinged',
    },
  ],
)

const ofEnds = mutantsOf(
  'wire/message-ends.ts',
  ['wire/message-ends.test.ts'],
  [
    {
      replace: 'next <= limit',
      by: 'next < limit',
      why: 'a message that was wholly taken is sent again',
    },
    {
      replace: 'next > frames.length) break',
      by: 'next > frames.length + 1) break',
      why: 'a message that was cut counts as whole',
    },
    {
      replace: '(first & 0x0f) < Opcode.close',
      by: 'true',
      why: 'a ping inside of a message counts as its end',
    },
    {
      replace: 'if (!isInMessage) end = next',
      by: 'end = next',
      why: 'a new server is sent the second fragment of a message first',
    },
    {
      replace: '(second & MASK) === 0 ? 0 : 4',
      by: '0',
      why: 'what a client sends is read four bytes off',
    },
    {
      replace: 'if (payload > frames.length) return Infinity',
      by: '',
      why: 'a length is read from behind the end of what is there',
    },
  ],
)

const ofHold = mutantsOf(
  'proxy/failover/hold.ts',
  ['proxy/failover/hold.test.ts'],
  [
    {
      replace: 'this.#held.length <= this.#holdBytes',
      by: 'this.#held.length < this.#holdBytes',
      why: 'a session is caught in a message of exactly the bound',
    },
    {
      replace: 'parts.push(this.#held.take(), whole)',
      by: 'parts.push(whole)',
      why: 'the start of a message is lost',
    },
    {
      replace: '      this.#isPassing = false\n',
      by: '',
      why: 'once a message was too long, the next is passed on in halves',
    },
    {
      replace: 'offset = controlEnd',
      by: '',
      why: 'a ping inside of a message passes twice',
    },
    {
      replace: 'this.#first & ~FIN',
      by: 'this.#first',
      why: 'a message ends with its first fragment',
    },
    {
      replace: 'this.#leftBytes === 0 ? this.#first : ',
      by: '',
      why: 'a message never ends',
    },
    {
      replace: 'this.#first &= FIN',
      by: '',
      why: 'each fragment begins a message of its own',
    },
    {
      replace: 'this.#leftBytes -= length',
      by: 'this.#leftBytes = 0',
      why: 'a payload is read as headers',
    },
    {
      replace: 'if (length === 0) return start',
      by: '',
      why: 'an empty frame passes where a header came without its payload',
    },
  ],
)

const ofUnsent = mutantsOf(
  'proxy/failover/unsent.ts',
  ['proxy/failover/unsent.test.ts'],
  [
    {
      replace: 'if (wholeBytes <= 0) return\n',
      by: 'return\n',
      why: 'a session stays caught in a message that has long ended',
    },
    {
      replace: 'rest = bytes.subarray(wholeBytes)',
      by: '',
      why: 'the end of a message is kept as the start of one',
    },
    {
      replace: 'this.#wholeBytes = this.#kept.length + wholeBytes',
      by: 'this.#wholeBytes = wholeBytes',
      why: 'whole messages are kept, and sent again',
    },
    {
      replace: 'wayBytes > this.#holdBytes',
      by: 'wayBytes >= this.#holdBytes',
      why: 'a session is caught in a message of exactly the bound',
    },
    {
      replace: ' && untakenBytes < wayBytes',
      by: '',
      why: 'a client whose long message waits for a server is closed',
    },
    {
      replace: "this.#overlong === 'has ended' && untakenBytes <= length",
      by: "this.#overlong === 'has ended'",
      why: 'a session goes on without the message that it was caught in',
    },
    {
      replace: 'this.#letGo(this.#wholeBytes)',
      by: 'this.#letGo(length)',
      why: 'the start of a message is lost where all of it was taken',
    },
    {
      replace: 'length > 2 * Math.max(neededBytes, this.#trimmedBytes)',
      by: 'false',
      why: 'all that is sent to a server that takes slowly is kept',
    },
    {
      replace: 'untakenBytes > this.#kept.length',
      by: 'false',
      why: 'a message that was let go of is lost, and nobody told',
    },
    {
      replace: 'takenBytes >= this.#wholeBytes',
      by: 'takenBytes > 0',
      why: 'messages that were not taken are lost',
    },
    {
      replace: 'Math.max(0, this.#wholeBytes - count)',
      by: '0',
      why: 'messages that were not taken count as one that goes on',
    },
  ],
)

const ofCompression = mutantsOf(
  'wire/passed-compression.ts',
  ['wire/passed-compression.test.ts'],
  [
    {
      replace: 'isThere ? chosen : ',
      by: '',
      why: 'a client is told a parameter twice, and fails the connection',
    },
    {
      replace: 'serverAfter > serverBefore',
      by: 'serverAfter >= serverBefore',
      why: 'no server is good enough',
    },
    {
      replace: 'clientAfter < clientBefore',
      by: 'clientAfter > clientBefore',
      why: 'a server cannot inflate what a client refers back to',
    },
    {
      replace: 'before.noServerTakeover && !after.noServerTakeover',
      by: 'false',
      why: 'a client that keeps no window cannot read the new server',
    },
    {
      replace: 'others.length > 0',
      by: 'false',
      why: 'a server that breaks the protocol is taken',
    },
  ],
)

export const switchingMutants = [...ofPings, ...ofEnds, ...ofHold, ...ofUnsent, ...ofCompression]
