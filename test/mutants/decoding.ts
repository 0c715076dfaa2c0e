/** Slips in reading frames on framed sessions. */
import { mutantsOf } from './mutant.ts'

export const decoderMutants = mutantsOf(
  'wire/frame-decoder.ts',
  ['wire/frame-decoder.test.ts', 'wire/frame-decoder-pieces.test.ts'],
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
      replace: 'isCompressed && length <= wholeBytes ? length',
      by: 'isCompressed ? length',
      why: 'a compressed frame of any length is gathered in memory',
    },
    {
      replace: 'available < headerBytes + wantedBytes',
      by: 'available < wantedBytes',
      why: 'a compressed frame is inflated without its end',
    },
    {
      replace: ': Math.min(1, length)',
      by: ': 0',
      why: 'a long frame passes without its header where a segment ends behind that',
    },
    {
      replace: ': Math.min(1, length)',
      by: ': 1',
      why: 'an empty message waits for the next frame',
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
      by: 'Math.min(this.#left, this.#input.length)',
      why: 'more is read of a frame than has come',
    },
    {
      replace: 'this.isFrameStart = isFromStart',
      by: 'this.isFrameStart = this.isFrameEnd',
      why: 'the end of a frame passes with the header of another',
    },
    {
      replace: 'this.isFrameStart = true',
      by: '',
      why: 'a ping behind a long frame passes without its header',
    },
    {
      replace: 'if (unread > 0 && chunk.length === 0) return',
      by: 'if (chunk.length > 0 && unread > 0) return',
      why: 'what arrives while there is more to read is lost',
    },
    {
      replace: 'this.frameStart = start\n',
      by: '\n',
      why: 'a frame passes with the one before it',
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
      replace: 'mask(this.chunk, this.payloadStart, this.payloadEnd, key)',
      by: 'mask(this.chunk, this.payloadStart, this.chunk.length, key)',
      why: 'the frames behind this one are unmasked with its key',
    },
    {
      replace: 'return bytes + Math.ceil(bytes / 8) + 1024',
      by: 'return bytes',
      why: 'a message that does not compress is refused a little below the bound',
    },
  ],
)
