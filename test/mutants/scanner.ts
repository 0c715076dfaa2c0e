/** Slips in following frames by their headers: every tunnel passes through this. */
import { mutantsOf } from './mutant.ts'

export const scannerMutants = mutantsOf(
  'wire/frame-scanner.ts',
  [
    'wire/frame-scanner.test.ts',
    'wire/frame-scanner-bounds.test.ts',
    'wire/frame-scanner-limits.test.ts',
    'wire/frame-scanner-splitting.test.ts',
    'proxy/direction-ends.test.ts',
  ],
  [
    {
      replace: 'return this.#remaining === 0',
      by: 'return this.#remaining <= 1',
      why: 'a Close of the gateway lands inside a payload',
    },
    {
      replace: 'if (this.isStopped) return nothing',
      by: '',
      why: 'frames pass behind a Close',
    },
    {
      replace: 'this.#held = undefined\n    }',
      by: '}',
      why: 'the start of a frame passes again and again',
    },
    {
      replace: 'Buffer.from(bytes.subarray(end, this.#length))',
      by: 'bytes.subarray(end, this.#length)',
      why: 'what is held back is overwritten by the next read',
    },
    {
      replace: 'Buffer.from(bytes.subarray(end, this.#length))',
      by: 'Buffer.from(bytes.subarray(end))',
      why: 'the end of a pong that was taken out comes back as the start of a frame',
    },
    {
      replace: 'this.#rest = undefined\n    return',
      by: 'return',
      why: 'messages that waited for a rate limit pass twice',
    },
    {
      replace: 'this.#length - offset < 2',
      by: 'this.#length - offset < 1',
      why: 'a segment that ends behind the first byte of a header is a violation',
    },
    {
      replace: 'this.begun >= this.mostBegun',
      by: 'this.begun > this.mostBegun',
      why: 'a rate limit lets one message more pass',
    },
    {
      replace: 'this.mostBegun && beginsMessage(bytes[offset]!)',
      by: 'this.mostBegun',
      why: 'a rate limit holds a Close, pings and the rest of a message back',
    },
    {
      replace: 'if (this.#remaining > available)',
      by: 'if (this.#remaining >= available && available > 0)',
      why: 'a message that ends with its segment is not counted in time',
    },
    {
      replace: 'this.#isFinal = false\n',
      by: '\n',
      why: 'control frames and reads are counted as messages',
    },
    {
      replace: 'const maskBytes = this.#rules.isMasked ? 4 : 0',
      by: 'const maskBytes = this.#rules.isMasked ? 0 : 4',
      why: 'frames are read four bytes off',
    },
    {
      replace: 'payloadStart > this.#length',
      by: 'payloadStart >= this.#length',
      why: 'an empty message waits for the next',
    },
    {
      replace: "if (length < 0)\n      return this.#violate(offset, 'PROTOCOL_VIOLATION'",
      by: "if (length < -1)\n      return this.#violate(offset, 'PROTOCOL_VIOLATION'",
      why: 'a length in a longer form passes, which some readers take and others refuse',
    },
    {
      replace: 'length > this.#rules.frameBytes',
      by: 'length >= this.#rules.frameBytes',
      why: 'a frame of exactly the bound is refused',
    },
    {
      replace: 'opcode === Opcode.continuation ? this.#messageBytes + length : length',
      by: 'length',
      why: 'a message in many fragments passes the bound',
    },
    {
      replace: 'opcode === Opcode.continuation ? this.#messageBytes + length : length',
      by: 'this.#messageBytes + length',
      why: 'the bound of a message counts all of a connection',
    },
    {
      replace: 'messageBytes > this.#rules.messageBytes',
      by: 'messageBytes >= this.#rules.messageBytes',
      why: 'a message of exactly the bound is refused',
    },
    {
      replace: 'if (opcode !== Opcode.continuation) this.begun++',
      by: 'this.begun++',
      why: 'fragments are counted against the rate of messages',
    },
    {
      replace: 'this.#isFragmented = !this.#isFinal',
      by: 'this.#isFragmented ||= !this.#isFinal',
      why: 'no message may follow a fragmented one',
    },
    {
      replace: 'if (end > this.#length) return offset',
      by: 'if (end > this.#length + 1) return offset',
      why: 'a control frame passes without its last byte',
    },
    {
      replace: 'length === 0 ? CloseCode.noStatus',
      by: 'length === 0 ? CloseCode.normal',
      why: 'a Close without a code is told as 1000',
    },
    {
      replace: 'this.#length -= end - offset',
      by: '',
      why: 'the last bytes of a segment pass twice where a pong was taken out',
    },
    {
      replace: 'bytes.copyWithin(offset, end, this.#length)',
      by: 'bytes.copyWithin(offset, end, this.#length - 1)',
      why: 'the last byte of a segment is another where a pong was taken out',
    },
    {
      replace: 'this.#isFragmented || this.#remaining > 0 ? -1 : 0',
      by: '0',
      why: 'the middle of a message is taken for the start of one, and sent to the next server',
    },
    {
      replace: 'this.#isFragmented || this.#remaining > 0 ? -1 : 0',
      by: 'this.#remaining > 0 ? -1 : 0',
      why: 'a message is taken to begin with its second fragment',
    },
    {
      replace: 'this.wholeBytes = end\n      this',
      by: 'this',
      why: 'whole messages are held back for ever',
    },
    {
      replace: 'this.innerControls = undefined\n    }',
      by: '}',
      why: 'a ping inside of a message that is whole is taken out of the next one',
    },
    {
      replace: 'if (this.#isFragmented) (',
      by: 'if (!this.#isFragmented) (',
      why: 'half a message counts as whole since a ping came inside of it',
    },
    {
      replace: "if (answered === 'last')",
      by: 'if (answered)',
      why: 'a server is left before it has answered all, for the pong to a ping before',
    },
    {
      replace: 'this.ownPings.expect(payload)\n    this.hasAnswered = false',
      by: 'this.ownPings.expect(payload)',
      why: 'a server is left before it has answered all, for the pong to a heartbeat',
    },
    {
      replace: 'readKey(bytes, start - 4)',
      by: 'readKey(bytes, start)',
      why: 'the reason and code of a Close are read with the wrong key',
    },
    {
      replace: 'this.messages = messages\n',
      by: '',
      why: 'messages to a peer that is gone are counted as passed',
    },
  ],
)
