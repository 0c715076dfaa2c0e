/** Slips in writing frames, and in their masks. */
import { mutantsOf } from './mutant.ts'

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

export const encodingMutants = [...ofEncoder, ...ofMask]
