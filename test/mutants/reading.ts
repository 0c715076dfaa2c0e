/** Slips in reading messages: UTF-8, inflating, and the memory for it. */
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
  ['wire/message-reader.test.ts', 'wire/message-reader-memory.test.ts'],
  [
    {
      replace: 'isMessageEnd ? Buffer.concat([this.#waiting, payload, flushTail]) : payload',
      by: 'payload',
      why: 'the last bytes of compressed messages are missing (RFC 7692 §7.2.2)',
    },
    {
      replace: 'isMessageEnd ? Buffer.concat([this.#waiting, payload, flushTail]) : payload',
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
      replace: 'this.#inflatedBytes > messageBytes',
      by: 'this.#inflatedBytes >= messageBytes',
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
      replace: 'this.isCut = !isFrameEnd &&',
      by: 'this.isCut =',
      why: 'short messages are held back until the next, and passed with it',
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

export const readingMutants = [...ofUtf8, ...ofReader]
