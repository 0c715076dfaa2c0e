/** Slips in reading and writing whole messages: UTF-8, inflating, deflating, and the memory for both. */
import { mutantsOf } from './mutant.ts'

const ofUtf8 = mutantsOf(
  'wire/utf8.ts',
  ['wire/utf8.test.ts'],
  [
    {
      replace: 'this.#left === 0 ? 0 : this.#follow(piece, 0)',
      by: '0',
      why: 'a character that a segment cuts is refused',
    },
    {
      replace: 'return isWhole || end === piece.length || this.#begin(piece, end)',
      by: 'return true',
      why: 'the start of a character is forgotten, and its end refused',
    },
    {
      replace: 'return this.#left === 0\n  }',
      by: 'return this.#left <= 1\n  }',
      why: 'a text may end inside a character',
    },
    {
      replace: 'first === 0xe0 ? 0xa0',
      by: 'first === 0xe0 ? 0x80',
      why: 'a slash in three bytes passes where it is cut',
    },
    {
      replace: 'first === 0xf0 ? 0x90',
      by: 'first === 0xf0 ? 0x80',
      why: 'a character in a longer form passes where it is cut',
    },
    {
      replace: 'first === 0xed ? 0x9f',
      by: 'first === 0xed ? 0xbf',
      why: 'a surrogate passes where it is cut',
    },
    {
      replace: 'first === 0xf4 ? 0x8f',
      by: 'first === 0xf4 ? 0xbf',
      why: 'a number past U+10FFFF passes where it is cut',
    },
    {
      replace: 'byte < this.#low || byte > this.#high',
      by: 'byte > this.#high',
      why: 'a character that is cut ends with a letter',
    },
    {
      replace: 'this.#low = 0x80\n      this.#high = 0xbf\n      this.#left--',
      by: 'this.#high = 0xbf\n      this.#left--',
      why: 'characters from U+0800 to U+0FFF and emoji are refused where they are cut',
    },
    {
      replace: 'this.#low = 0x80\n      this.#high = 0xbf\n      this.#left--',
      by: 'this.#low = 0x80\n      this.#left--',
      why: 'Korean syllables are refused where they are cut',
    },
    {
      replace: 'Math.min(3, bytes.length - start)',
      by: 'Math.min(2, bytes.length - start)',
      why: 'an emoji that is cut before its last byte is refused',
    },
    {
      replace: 'characterBytes(byte) > back ? back : 0',
      by: 'characterBytes(byte) > back ? back : back - 1',
      why: 'continuations behind a letter pass at the end of a segment',
    },
    {
      replace: 'first < 0xc2 ||',
      by: 'first < 0xc0 ||',
      why: 'a slash in two bytes passes where it is cut',
    },
    {
      replace: 'first > 0xf4)',
      by: 'first > 0xf7)',
      why: 'f5 to f7 pass as the last byte of a segment, and what follows them',
    },
    {
      replace: 'return first < 0xe0 ? 2',
      by: 'return first <= 0xe0 ? 2',
      why: 'characters from U+0800 to U+0FFF are refused where they are cut',
    },
  ],
)

const ofReader = mutantsOf(
  'wire/message-reader.ts',
  ['wire/message-reader.test.ts'],
  [
    {
      replace: 'isMessageEnd ? Buffer.concat([payload, flushTail]) : payload',
      by: 'payload',
      why: 'the last bytes of compressed messages are missing (RFC 7692 §7.2.2)',
    },
    {
      replace: 'isMessageEnd ? Buffer.concat([payload, flushTail]) : payload',
      by: 'Buffer.concat([payload, flushTail])',
      why: 'the fragments of a compressed message are inflated as messages of their own',
    },
    {
      replace: '=== undefined && isMessageEnd && !inflate.isTakeover',
      by: '=== undefined && isMessageEnd',
      why: 'messages that refer back to earlier ones cannot be inflated',
    },
    {
      replace: '=== undefined && isMessageEnd && !inflate.isTakeover',
      by: '=== undefined && !inflate.isTakeover',
      why: 'the first fragment of a compressed message is taken for all of it',
    },
    {
      replace: 'if (inflater.isDone) return this',
      by: 'if (inflater.isDone || piece.length > 0) return this',
      why: 'compressed messages are cut off at 64 KB',
    },
    {
      replace: 'const isLast = isDone && this.frames.isMessageEnd',
      by: 'const isLast = this.frames.isMessageEnd',
      why: 'a compressed message ends with its first 64 KB',
    },
    {
      replace: 'const isLast = isDone && this.frames.isMessageEnd',
      by: 'const isLast = isDone',
      why: 'each fragment of a compressed message is one of its own',
    },
    {
      replace: 'if (isLast && !this.#inflate.isTakeover) {',
      by: 'if (isLast) {',
      why: 'the window of a session is lost with its first long message, and its memory given back twice',
    },
    {
      replace: 'this.#inflate.compression.closeInflater(inflater, this.#inflate.windowBits)',
      by: 'inflater.close()',
      why: 'the budget is used up by messages in fragments, and never comes back',
    },
    {
      replace: 'piece.length === 0 && !isLast && !isCorrupt',
      by: 'piece.length === 0 && !isCorrupt',
      why: 'a compressed message whose last fragment is empty never ends',
    },
    {
      replace: 'piece.length === 0 && !isLast && !isCorrupt',
      by: 'piece.length === 0 && !isLast',
      why: 'a compressed message that cannot be inflated is waited for',
    },
    {
      replace: 'this.#inflatedBytes > this.#messageBytes',
      by: 'this.#inflatedBytes >= this.#messageBytes',
      why: 'a compressed message of exactly the bound is refused',
    },
    {
      replace: 'this.#inflatedBytes += piece.length',
      by: 'this.#inflatedBytes = piece.length',
      why: 'a bomb passes in pieces of 64 KB',
    },
    {
      replace: 'this.#inflatedBytes = 0\n      if',
      by: 'if',
      why: 'the bound of a message counts all compressed ones of a connection',
    },
    {
      replace: 'opcode === Opcode.text && !this.#isText(payload, isLast)',
      by: 'opcode === Opcode.text && !isCompressed && !this.#isText(payload, isLast)',
      why: 'text that is no UTF-8 passes compressed (RFC 6455 §8.1)',
    },
    {
      replace: 'if (this.#isFirst && isLast) return isUtf8(payload)',
      by: 'if (isLast) return isUtf8(payload)',
      why: 'a character that two fragments share is refused',
    },
    {
      replace: ' && (!isLast || this.#utf8.isComplete)',
      by: '',
      why: 'a text in fragments may end inside a character',
    },
    {
      replace: 'this.isLast = this.#isFirst = isLast',
      by: 'this.isLast = isLast\n    this.#isFirst = isFrameEnd',
      why: 'each fragment begins a message',
    },
    {
      replace: 'this.isCut = !isFrameEnd && !isCompressed',
      by: 'this.isCut = !isFrameEnd',
      why: 'the inflated pieces of a message are held back',
    },
    {
      replace: 'frameBytes <= wholeBytes',
      by: 'frameBytes >= wholeBytes',
      why: 'long frames are gathered in memory, and short ones torn into many',
    },
    {
      replace: 'if (isTakeover || this.#inflater !== undefined) compression',
      by: 'if (this.#inflater !== undefined) compression',
      why: 'sessions that never sent a compressed message keep the memory they had set aside',
    },
    {
      replace: 'if (isTakeover || this.#inflater !== undefined) compression',
      by: 'if (isTakeover) compression',
      why: 'sessions that end inside a message in fragments keep its memory',
    },
    {
      replace: 'if (this.#inflate === undefined || this.#isReleased) return',
      by: 'if (this.#inflate === undefined) return',
      why: 'memory is given back twice, and the budget is none',
    },
    {
      replace: 'this.#isInflating = false\n    return this.frames.violate',
      by: 'return this.frames.violate',
      why: 'what comes behind a violation is still read',
    },
  ],
)

const ofWriter = mutantsOf(
  'wire/message-writer.ts',
  ['wire/message-writer.test.ts'],
  [
    {
      replace: 'knownBytes < (this.#deflate?.thresholdBytes',
      by: 'knownBytes <= (this.#deflate?.thresholdBytes',
      why: 'a message of exactly the threshold is not compressed',
    },
    {
      replace: '(isFirst ? opcode : Opcode.continuation) |',
      by: 'opcode |',
      why: 'each piece of a message begins one (RFC 6455 §5.4)',
    },
    {
      replace: '(isLast ? FIN : 0)',
      by: '(isFirst || isLast ? FIN : 0)',
      why: 'a message in pieces ends with its first',
    },
    {
      replace: 'isFirst ? first | RSV1 : first',
      by: 'first | RSV1',
      why: 'RSV1 is on every fragment, which clients answer with 1002 (RFC 7692 §6.1)',
    },
    {
      replace: 'if (isLast && !this.#isKept) this.#close()',
      by: 'if (!this.#isKept) this.#close()',
      why: 'the pieces of a message refer to what the deflater has forgotten',
    },
    {
      replace: 'if (isLast && !this.#isKept) this.#close()',
      by: 'if (isLast) this.#close()',
      why: 'no window is kept where one was agreed',
    },
    {
      replace: 'if (isLast && !this.#isKept) this.#close()',
      by: '',
      why: 'a message in pieces keeps the memory of its window, and the next ones refer back to it',
    },
    {
      replace: 'if (this.#deflater === undefined && isTakeover) {',
      by: 'if (this.#deflater === undefined) {',
      why: 'messages refer back to others for clients that keep no window',
    },
    {
      replace: 'this.#isKept = this.#deflater !== undefined',
      by: 'this.#isKept = true',
      why: 'a window for one message is kept where the budget had none to keep',
    },
    {
      replace: '? emptyBlock',
      by: '? flushed',
      why: 'a message whose last piece is empty cannot be inflated',
    },
    {
      replace: ': flushed.subarray(0, flushed.length - 4)',
      by: ': flushed',
      why: 'the tail that receivers add is there twice',
    },
    {
      replace: 'if (deflated.length >= payload.length) return this.#frame(first, payload)',
      by: '',
      why: 'what does not compress is sent longer than it is',
    },
    {
      replace: 'this.#frame(first | RSV1, deflated)',
      by: 'this.#frame(first, deflated)',
      why: 'compressed messages do not say that they are',
    },
    {
      replace: 'this.#gathered = nothing\n',
      by: '\n',
      why: 'frames that wait to be written are overwritten by the next',
    },
    {
      replace: 'if (this.#end === 0 && this.#gathered.length < bytes)',
      by: 'if (this.#gathered.length < bytes)',
      why: 'frames that were gathered are lost',
    },
    {
      replace: 'this.#deflate.compression.closeDeflater(this.#deflater, this.#deflate.windowBits)',
      by: 'this.#deflater.close()',
      why: 'the memory of windows never comes back',
    },
  ],
)

const ofDeflate = mutantsOf(
  'wire/raw-deflate.ts',
  ['wire/raw-deflate.test.ts'],
  [
    {
      replace: 'if (left[0]! > 0) return pieces',
      by: 'if (left[1]! === 0) return pieces',
      why: 'messages that compress to more than 64 KB are cut off',
    },
    {
      replace: 'pieces.push(Buffer.from(piece))',
      by: 'pieces.push(piece)',
      why: 'the first 64 KB of a long message are overwritten by its rest',
    },
    {
      replace: 'open(constants.INFLATERAW, windowBits, 0)',
      by: 'open(constants.INFLATERAW, 15, 0)',
      why: 'a session takes more memory than it has from the budget',
    },
    {
      replace: 'hasFailed = false\n    let produced',
      by: 'let produced',
      why: 'one corrupt message makes those of everybody corrupt',
    },
    {
      replace: 'this.isDone = left[1] === 0 && left[0]! > 0',
      by: 'this.isDone = left[1] === 0',
      why: 'the end of a fragment waits for the next fragment',
    },
    {
      replace: 'this.#handle.reset()\n      produced = this.#inflate()',
      by: 'produced = this.#inflate()',
      why: 'what follows a block that says it is the last is lost (RFC 7692 §7.2.3.4)',
    },
    {
      replace: 'this.#offset = 0\n    this.isDone = false',
      by: 'this.isDone = false',
      why: 'the next message is inflated from where the last one ended',
    },
    {
      replace: 'if (this.isCorrupt) this.isDone = true',
      by: '',
      why: 'a corrupt message is never done with',
    },
    {
      replace: 'this.isDone = true\n    this.isCorrupt = false',
      by: 'this.isDone = true',
      why: 'one corrupt message makes those of everybody corrupt who keeps no window',
    },
  ],
)

const ofCompression = mutantsOf(
  'wire/compression.ts',
  ['wire/compression.test.ts'],
  [
    {
      replace: 'this.usedBytes + bytes <= this.limitBytes * keptShare',
      by: 'this.usedBytes + bytes <= this.limitBytes',
      why: 'windows that are kept leave no memory to inflate messages with',
    },
    {
      replace: ': this.usedBytes + bytes <= this.limitBytes\n',
      by: ': this.usedBytes <= this.limitBytes\n',
      why: 'the budget may be exceeded',
    },
    {
      replace: 'this.give(deflaterBytes(windowBits))',
      by: 'this.give(inflaterBytes(windowBits))',
      why: 'the budget shrinks with every window',
    },
    {
      replace: 'this.#inflater.reset()\n',
      by: '\n',
      why: 'a message is inflated with what was left of another session',
    },
    {
      replace: 'deflater.reset()\n',
      by: '\n',
      why: 'a message refers back to those of other sessions, which its receiver has not got',
    },
    {
      replace: 'const deflated = flushed.subarray(0, flushed.length - 4)',
      by: 'const deflated = flushed',
      why: 'the tail that receivers add is there twice',
    },
    {
      replace: 'payload: Buffer.from(payload),',
      by: 'payload,',
      why: 'a client gets the message that was in this memory before',
    },
    {
      replace: 'deflated: Buffer.from(deflated),',
      by: 'deflated,',
      why: 'a client gets the message that was compressed last',
    },
    {
      replace: ' &&\n        each.payload.equals(payload)',
      by: '',
      why: 'a client gets another message of the same length',
    },
    {
      replace: 'each.windowBits === windowBits &&',
      by: '',
      why: 'a client gets a message that refers further back than its window',
    },
    {
      replace: '% rememberedMessages',
      by: '% (rememberedMessages * rememberedBytes)',
      why: 'messages are remembered for ever',
    },
    {
      replace: 'windowBits * 16 + level',
      by: 'windowBits + level',
      why: 'a client gets a message that refers further back than its window',
    },
  ],
)

export const messageMutants = [...ofUtf8, ...ofReader, ...ofWriter, ...ofDeflate, ...ofCompression]
