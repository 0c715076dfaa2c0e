/** Slips in following frames by their headers: every tunnel passes through this. */
import { mutantsOf } from './mutant.ts'

const ofScanner = mutantsOf(
  'wire/frame-scanner.ts',
  [
    'wire/frame-scanner.test.ts',
    'wire/frame-scanner-bounds.test.ts',
    'wire/frame-scanner-limits.test.ts',
    'wire/frame-scanner-splitting.test.ts',
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
      replace: 'this.#ownPings++',
      by: 'this.#ownPings = 1',
      why: 'the pong to the second of two pings reaches a peer that has not pinged',
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
      replace: 'shortLength < 126 ? 0 :',
      by: 'shortLength <= 126 ? 0 :',
      why: 'a payload of 126 bytes and more is read as frames: those an attacker wrote into it',
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
      replace: '(opcode === Opcode.text || opcode === Opcode.binary)\n',
      by: 'opcode <= Opcode.binary\n',
      why: 'RSV1 passes on a continuation (RFC 7692 §6.1)',
    },
    {
      replace: '(opcode === Opcode.text || opcode === Opcode.binary)\n',
      by: 'opcode !== Opcode.continuation\n',
      why: 'RSV1 passes on a control frame',
    },
    {
      replace: '(first & RSV) !== RSV1 || !mayHaveRsv1',
      by: '(first & RSV1) === 0 || !mayHaveRsv1',
      why: 'RSV2 and RSV3 pass where RSV1 does',
    },
    {
      replace: 'const RSV = 0x70',
      by: 'const RSV = 0x60',
      why: 'RSV3 passes',
    },
    {
      replace: '((second & MASK) !== 0) !== this.#rules.isMasked',
      by: '(second & MASK) === 0 && this.#rules.isMasked',
      why: 'a server may mask, and its key is read as payload',
    },
    {
      replace: "if (opcode > Opcode.pong) return 'a reserved opcode'",
      by: '',
      why: 'reserved control opcodes pass',
    },
    {
      replace: "if ((first & FIN) === 0) return 'a control frame is fragmented'",
      by: '',
      why: 'a fragmented ping passes, and its rest is a message of nobody',
    },
    {
      replace: '(second & 0x7f) > maxControlBytes',
      by: '(second & 0x7f) >= maxControlBytes',
      why: 'a ping of 125 bytes is refused',
    },
    {
      replace: '(second & 0x7f) > maxControlBytes',
      by: '(second & 0x7f) > 126',
      why: 'a control frame with an extended length is read from the wrong byte',
    },
    {
      replace: "if (opcode > Opcode.binary) return 'a reserved opcode'",
      by: '',
      why: 'reserved data opcodes pass',
    },
    {
      replace: "return this.#isFragmented ? undefined : 'a continuation without a message'",
      by: 'return undefined',
      why: 'a continuation of nothing passes',
    },
    {
      replace: "return this.#isFragmented ? 'a new message inside a fragmented one' : undefined",
      by: 'return undefined',
      why: 'a message inside another passes (RFC 6455 §5.4)',
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
      replace: 'this.#ownPings > 0 &&',
      by: '',
      why: 'pongs of a client that nobody asked for are swallowed for ever',
    },
    {
      replace: 'this.#payload(bytes, payloadStart, end).equals(this.#ownPing)',
      by: 'true',
      why: 'the pong to a ping of the other side is swallowed',
    },
    {
      replace: 'this.#ownPings--',
      by: '',
      why: 'every later pong with the same payload is swallowed',
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
      replace: 'return length < 126 ? -1 : length',
      by: 'return length <= 126 ? -1 : length',
      why: 'a payload of 126 bytes is refused',
    },
    {
      replace: 'length <= 0xffff ? -1',
      by: 'length < 0xffff ? -1',
      why: '65,535 in eight bytes passes, which is not its shortest form',
    },
    {
      replace: 'high >= 0x8000_0000 || ',
      by: '',
      why: 'a length with its top bit passes where frames have no bound',
    },
    {
      replace: 'high * 0x1_0000_0000 +',
      by: 'high * 0xffff_ffff +',
      why: 'a frame past 4 GiB ends at another byte',
    },
    {
      replace: 'bytes[start - 4 + (index & 3)]!',
      by: 'bytes[start - 4 + (index & 1)]!',
      why: 'the reason of a Close is read with half its key',
    },
  ],
)

const ofClose = mutantsOf(
  'wire/close-frame.ts',
  ['wire/frame-scanner.test.ts'],
  [
    {
      replace: "if (payload.length === 1) return 'a Close frame with half a code'",
      by: 'if (payload.length === 1) return undefined',
      why: 'half a code passes, and reading it throws',
    },
    {
      replace: 'isUtf8(payload.subarray(2))',
      by: 'isUtf8(payload.subarray(3))',
      why: 'a reason passes whose first byte is no text',
    },
  ],
)

const ofCodes = mutantsOf(
  'core/close-codes.ts',
  ['wire/frame-scanner.test.ts'],
  [
    {
      replace: 'code <= 4999',
      by: 'code <= 5000',
      why: 'a code passes that peers answer with 1002',
    },
    {
      replace: 'code >= 1007',
      by: 'code >= 1006',
      why: '1006 passes, which never goes on a wire',
    },
    {
      replace: 'code <= 1014',
      by: 'code <= 1015',
      why: '1015 passes, which never goes on a wire',
    },
  ],
)

export const scannerMutants = [...ofScanner, ...ofClose, ...ofCodes]
