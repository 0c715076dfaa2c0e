/** Slips in writing messages, in DEFLATE itself, and in what sessions share of it. */
import { mutantsOf } from './mutant.ts'

const ofWriter = mutantsOf(
  'wire/message-writer.ts',
  ['wire/message-writer.test.ts', 'wire/message-writer-places.test.ts'],
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
      replace: '!this.#isOwn || this.#end + needed',
      by: 'this.#end + needed',
      why: 'frames that wait where they were read are overwritten',
    },
    {
      replace: ' || this.#gathered !== chunk ||',
      by: ' ||',
      why: 'another chunk is sent than was read',
    },
    {
      replace: ' || this.#end !== start) {',
      by: ') {',
      why: 'what was taken out between two frames passes: pongs of the gateway itself',
    },
    {
      replace: 'const start = isFrameStart ? frameStart : payloadStart',
      by: 'const start = frameStart',
      why: 'the rest of a frame passes with what was before it',
    },
    {
      replace: 'const start = isFrameStart ? frameStart : payloadStart',
      by: 'const start = payloadStart',
      why: 'frames pass without their headers',
    },
    {
      replace: 'if (isFrameStart) {\n        this.#key',
      by: 'if (payloadStart >= 0) {\n        this.#key',
      why: 'the rest of a frame is masked with a key that the upstream does not know',
    },
    {
      replace: 'writeKey(chunk, payloadStart - 4, this.#key)',
      by: 'writeKey(chunk, frameStart + 2, this.#key)',
      why: 'the key of messages longer than 125 bytes is in place of their length',
    },
    {
      replace: 'mask(chunk, payloadStart, payloadEnd, this.#key)',
      by: 'mask(chunk, start, payloadEnd, this.#key)',
      why: 'the header is masked with its payload',
    },
    {
      replace: 'this.#key = advanceKey(this.#key, payloadEnd - payloadStart)',
      by: '',
      why: 'the rest of a frame is masked from the start of its key again',
    },
    {
      replace: 'this.#key = advanceKey(this.#key, payloadEnd - payloadStart)',
      by: 'this.#key = advanceKey(this.#key, payloadEnd - start)',
      why: 'the rest of a frame is masked with its key turned by the length of the header too',
    },
    {
      replace: 'this.#start = start\n',
      by: '\n',
      why: 'what was read before a frame passes with it',
    },
    {
      replace: 'if (!this.#isOwn || this.#end + bytes.length',
      by: 'if (this.#end + bytes.length',
      why: 'frames that wait where they were read are overwritten',
    },
    {
      replace: 'this.#end += bytes.length\n      return',
      by: 'this.#end += bytes.length\n',
      why: 'frames that were copied end where they did in their chunk',
    },
    {
      replace: 'this.#isOwn = false\n',
      by: '\n',
      why: 'what was read and not yet passed is overwritten by what is written',
    },
    {
      replace: 'roomier.set(this.#gathered.subarray(this.#start, this.#end))',
      by: 'roomier.set(this.#gathered.subarray(0, this.#end))',
      why: 'frames are copied with what was before them',
    },
    {
      replace: 'this.#start = 0\n    this.#end = bytes',
      by: 'this.#end = bytes',
      why: 'frames that were copied lose their beginning',
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
      replace: 'while (!this.isDone && !this.isCorrupt && produced < outputBytes) {',
      by: 'while (hasFailed && !this.isCorrupt && produced < outputBytes) {',
      why: 'what follows a block that says it is the last is lost (RFC 7692 §7.2.3.4)',
    },
    {
      replace: 'this.#offset = 0\n    this.isDone = false',
      by: 'this.isDone = false',
      why: 'the next message is inflated from where the last one ended',
    },
    {
      replace: 'produced = this.#inflate(produced)',
      by: 'produced = this.#inflate(0)',
      why: 'what follows such a block overwrites it',
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

export const compressingMutants = [...ofWriter, ...ofDeflate, ...ofCompression]
