/** Slips in reading and writing frames on framed sessions, and in their masks. */
import { mutantsOf } from './mutant.ts'

const ofDecoder = mutantsOf(
  'wire/frame-decoder.ts',
  ['wire/frame-decoder.test.ts'],
  [
    {
      replace: 'if (this.isStopped) return\n',
      by: '\n',
      why: 'whatever a client sends behind its Close is gathered in memory',
    },
    {
      replace: 'Buffer.concat([this.#input.subarray(this.#offset), chunk])',
      by: 'Buffer.concat([this.#input, chunk])',
      why: 'frames that were read are read again',
    },
    {
      replace: 'this.isHeldBack = false\n',
      by: '\n',
      why: 'what waits for its end is taken for what waits for its rate',
    },
    {
      replace: 'this.#offset = 0\n  }\n\n  #readFrame',
      by: '}\n\n  #readFrame',
      why: 'frames behind a cut one are read from the wrong byte',
    },
    {
      replace: 'if (available < 2) return false',
      by: 'if (available < 1) return false',
      why: 'a segment that ends behind the first byte of a header is a violation',
    },
    {
      replace: 'this.begun >= this.mostBegun',
      by: 'this.begun > this.mostBegun',
      why: 'a rate limit lets one message more pass',
    },
    {
      replace: 'this.mostBegun && beginsMessage(first)',
      by: 'this.mostBegun',
      why: 'a rate limit holds a Close, pings and the rest of a message back',
    },
    {
      replace: 'first, second, this.#rules, this.#isFragmented)',
      by: 'first, second, this.#rules, (first & 0x0f) === Opcode.continuation)',
      why: 'messages inside others, and continuations of nothing, are put together',
    },
    {
      replace: 'if (available < headerBytes) return false',
      by: 'if (available <= headerBytes) return false',
      why: 'an empty message or ping waits for the next frame',
    },
    {
      replace: 'if (length < 0)',
      by: 'if (length < -1)',
      why: 'a length in a longer form passes',
    },
    {
      replace: 'readKey(input, start + headerBytes - 4)',
      by: 'readKey(input, start + 2)',
      why: 'messages longer than 125 bytes are unmasked with their length',
    },
    {
      replace: 'if (available < headerBytes + length) return false\n      this.#offset',
      by: 'if (available < length) return false\n      this.#offset',
      why: 'a control frame is read without its end',
    },
    {
      replace: 'isContinuation ? this.isCompressed : (first & RSV1) !== 0\n    const bound',
      by: '(first & RSV1) !== 0\n    const bound',
      why: 'a compressed message in fragments is refused that would not be in one frame',
    },
    {
      replace: 'isCompressed && length <= wholeBytes && available',
      by: 'isCompressed && available',
      why: 'a compressed frame of any length is gathered in memory',
    },
    {
      replace: 'isCompressed && length <= wholeBytes && available < headerBytes + length',
      by: 'isCompressed && length <= wholeBytes && available < length',
      why: 'a compressed frame is inflated without its end',
    },
    {
      replace: 'length > bound(frameBytes)',
      by: 'length >= bound(frameBytes)',
      why: 'a frame of exactly the bound is refused',
    },
    {
      replace: 'before + length > bound(messageBytes)',
      by: 'before + length >= bound(messageBytes)',
      why: 'a message of exactly the bound is refused',
    },
    {
      replace: 'isContinuation ? this.messageBytes : 0',
      by: '0',
      why: 'a message in many fragments passes the bound',
    },
    {
      replace: 'isContinuation ? this.messageBytes : 0',
      by: 'this.messageBytes',
      why: 'the bound of a message counts the one before it',
    },
    {
      replace: 'this.messageBytes = 0\n      this',
      by: 'this',
      why: 'the bound of a message in fragments counts all of a connection',
    },
    {
      replace: 'this.isCompressed = (first & RSV1) !== 0\n    }',
      by: 'this.isCompressed ||= (first & RSV1) !== 0\n    }',
      why: 'what follows a compressed message is inflated too',
    },
    {
      replace: 'this.#isFragmented = !this.#isFinal',
      by: 'this.#isFragmented ||= !this.#isFinal',
      why: 'no message may follow a fragmented one',
    },
    {
      replace: 'Math.min(this.#left, this.#input.length - this.#offset)',
      by: 'this.#input.length - this.#offset',
      why: 'the next frame is read as payload of this one',
    },
    {
      replace: 'if (length === 0 && this.#left > 0) return false',
      by: 'if (length === 0) return false',
      why: 'an empty message is lost',
    },
    {
      replace: 'this.#key = advanceKey(this.#key, length)',
      by: '',
      why: 'a payload in two segments is unmasked from the start of the key again',
    },
    {
      replace: 'this.opcode = this.#messageOpcode',
      by: '',
      why: 'the rest of a message is taken for the ping that came inside it',
    },
    {
      replace: 'this.isFrameEnd && this.#isFinal',
      by: 'this.#isFinal',
      why: 'a message ends with the first segment of its last frame',
    },
    {
      replace: 'const fault = closeFault(this.payload)',
      by: 'const fault = length > 125 ? closeFault(this.payload) : undefined',
      why: 'a Close passes whatever it says',
    },
    {
      replace: 'length === 0 ? CloseCode.noStatus',
      by: 'length === 0 ? CloseCode.normal',
      why: 'a Close without a code is told as 1000',
    },
    {
      replace: 'mask(this.#input, start, this.#offset, key)',
      by: 'mask(this.#input, start, this.#input.length, key)',
      why: 'the frames behind this one are unmasked with its key',
    },
    {
      replace: 'return bytes + Math.ceil(bytes / 8) + 1024',
      by: 'return bytes',
      why: 'a message that does not compress is refused a little below the bound',
    },
  ],
)

const ofEncoder = mutantsOf(
  'wire/frame-encoder.ts',
  ['wire/frame-encoder.test.ts'],
  [
    {
      replace: '(length < 126 ? 2 :',
      by: '(length <= 126 ? 2 :',
      why: 'a payload of 126 bytes overwrites its own length',
    },
    {
      replace: 'length <= 0xffff ? 4 : 10',
      by: 'length < 0xffff ? 4 : 10',
      why: 'a payload of 65,535 bytes begins with six of memory',
    },
    {
      replace: 'if (length < 126) target',
      by: 'if (length <= 126) target',
      why: 'a payload of 126 bytes has a header that says more',
    },
    {
      replace: 'else if (length <= 0xffff) {',
      by: 'else if (length < 0xffff) {',
      why: 'a payload of 65,535 bytes has its length in a longer form (RFC 6455 §5.2)',
    },
    {
      replace: 'target[offset + 2] = length >>> 8\n    target[offset + 3] = length & 0xff',
      by: 'target[offset + 3] = length >>> 8\n    target[offset + 2] = length & 0xff',
      why: 'lengths are written in the byte order of the processor',
    },
    {
      replace: 'Math.floor(length / 0x1_0000_0000)',
      by: 'length >>> 32',
      why: 'lengths past 64 KB are past 2^48, since a shift by 32 is none',
    },
    {
      replace: 'target[offset + 1] = maskBit | 126',
      by: 'target[offset + 1] = 126',
      why: 'messages longer than 125 bytes are masked and do not say so',
    },
    {
      replace: 'mask(target, start, end, key)',
      by: 'mask(target, start, end - 1, key)',
      why: 'the last byte of a message to the upstream is another',
    },
    {
      replace: 'writeKey(target, start - 4, key)',
      by: 'writeKey(target, offset + 2, key)',
      why: 'the key of messages longer than 125 bytes is in place of their length',
    },
    {
      replace: 'isFinal = true } = options',
      by: 'isFinal = false } = options',
      why: 'the gateway sends fragmented pings and Closes',
    },
    {
      replace: 'Math.min(text.length, maxControlBytes - 2)',
      by: 'Math.min(text.length, maxControlBytes)',
      why: 'a Close with a long reason is a violation of the gateway',
    },
    {
      replace: '(text[end]! & 0xc0) === 0x80',
      by: '(text[end]! & 0xc0) === 0xc0',
      why: 'a reason is cut inside a character, which the client answers with 1007',
    },
    {
      replace: 'writeUInt16BE(code, 0)',
      by: 'writeUInt16LE(code, 0)',
      why: 'a Close has a code of its own',
    },
  ],
)

const ofMask = mutantsOf(
  'wire/mask.ts',
  ['wire/mask.test.ts'],
  [
    {
      replace: 'crypto.getRandomValues(pool)\n',
      by: '\n',
      why: 'every key is zero: payloads are on the wire as an attacker chose them (RFC 6455 §10.3)',
    },
    {
      replace: 'poolIndex === poolKeys',
      by: 'poolIndex > poolKeys',
      why: 'every thousandth key is none',
    },
    {
      replace: 'pool[poolIndex++]!',
      by: 'pool[poolIndex]!',
      why: 'all frames have the same key',
    },
    {
      replace: '(bytes[offset + 3]! << 24)',
      by: '(bytes[offset + 3]! << 16)',
      why: 'two bytes of a key are mixed',
    },
    {
      replace: 'bytes[offset + 3] = key >>> 24',
      by: 'bytes[offset + 3] = (key >>> 16) & 0xff',
      why: 'the key that is sent is not the one that was used',
    },
    {
      replace: '(count & 3) * 8',
      by: '(count & 1) * 8',
      why: 'a payload in segments is unmasked with the wrong byte of the key',
    },
    {
      replace: '(key >>> bits) | (key << (32 - bits))',
      by: '(key << bits) | (key >>> (32 - bits))',
      why: 'the key is turned in the wrong direction',
    },
    {
      replace: '(key >>> bits) |',
      by: '(key >> bits) |',
      why: 'keys with the top bit are turned wrongly: half of all messages in segments',
    },
    {
      replace: '-(bytes.byteOffset + start) & 3',
      by: '-start & 3',
      why: 'a long message throws by where in memory it lies',
    },
    {
      replace: '(end - wordsStart) >>> 2',
      by: '(end - wordsStart + 3) >>> 2',
      why: 'bytes of the next frame are masked',
    },
    {
      replace: 'turned = advanceKey(key, wordsStart - start)\n',
      by: '\n',
      why: 'long messages that do not begin at a word are garbled',
    },
    {
      replace: 'maskBytes(bytes, offset, end, turned)',
      by: 'maskBytes(bytes, offset, end, key)',
      why: 'the last bytes of a long message that does not begin at a word are garbled',
    },
    {
      replace: 'if (offset + 1 < end)',
      by: 'if (offset + 1 <= end)',
      why: 'the first byte behind a message is masked',
    },
    {
      replace: 'start + ((end - start) & ~3)',
      by: 'end & ~3',
      why: 'messages are masked past their end, or twice',
    },
  ],
)

export const frameMutants = [...ofDecoder, ...ofEncoder, ...ofMask]
