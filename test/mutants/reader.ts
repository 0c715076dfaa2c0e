/** Slips in reading request after request from one connection. */
import { mutantsOf } from './mutant.ts'

export const readerMutants = mutantsOf(
  'listener/request-reader.ts',
  ['listener/request-reader.test.ts'],
  [
    {
      replace: 'Buffer.concat([this.#rest, chunk])\n    this.stream.pause()',
      by: 'Buffer.concat([this.#rest, chunk])',
      why: 'a client that pipelines fills the memory while its first request is served',
    },
    {
      replace: 'Buffer.concat([this.#rest, chunk])',
      by: 'Buffer.concat([chunk, this.#rest])',
      why: 'pipelined requests are read out of order',
    },
    {
      replace: '!isKeptAlive || !isBodyRead || this.#isLeaving',
      by: '!isKeptAlive || this.#isLeaving',
      why: 'a body that nobody has read becomes the next request',
    },
    {
      replace: '!isKeptAlive || !isBodyRead || this.#isLeaving',
      by: '!isBodyRead || this.#isLeaving',
      why: 'a connection that was told to close serves what is smuggled behind it',
    },
    {
      replace: 'this.#isBodyPaused = false\n    if (!isKeptAlive',
      by: 'if (!isKeptAlive',
      why: 'a connection whose last body waited is never read again',
    },
    {
      replace: 'chunk.length && !this.#isEnding && this.#mayRead()',
      by: 'chunk.length && this.#mayRead()',
      why: 'requests behind the last one, which said close, are served',
    },
    {
      replace: 'if (!this.#isBodyPaused) this.stream.resume()',
      by: 'this.stream.resume()',
      why: 'a body is read whose server is slow, into memory',
    },
    {
      replace: 'offset === 0 ? chunk : chunk.subarray(offset)',
      by: 'chunk',
      why: 'the request is read twice',
    },
    {
      replace: 'if (this.#rest.length > maxHeldBytes) this.stream.pause()',
      by: '',
      why: 'a body that nobody reads yet fills the memory',
    },
    {
      replace: '=== true && this.isBodyRead\n',
      by: '=== true\n',
      why: 'an upgrade with a body is told that its frames came too early',
    },
    {
      replace: "if (isEarly) this.#request?.refuse('EARLY_DATA')",
      by: '',
      why: 'what a client sends before its 101 is read as frames by one and as a request by another',
    },
    {
      replace: 'this.stream.bufferedBytes <= maxUntakenBytes',
      by: 'this.stream.bufferedBytes >= 0',
      why: 'answers that a client never takes fill the memory',
    },
    {
      replace: 'return this.#sink !== undefined && !this.isBodyRead',
      by: 'return !this.isBodyRead',
      why: 'a body without a reader is lost',
    },
    {
      replace: 'return this.#sink !== undefined && !this.isBodyRead',
      by: 'return this.#sink !== undefined',
      why: 'the next request is read as the body of this one',
    },
    {
      replace: 'return offset + this.#head.consumed',
      by: 'return this.#head.consumed',
      why: 'a pipelined request is read from the wrong byte',
    },
    {
      replace: 'chunk.subarray(offset, end)',
      by: 'chunk.subarray(offset)',
      why: 'the server gets the next request behind the body of this one',
    },
    {
      replace: "this.#request?.refuse('MALFORMED_REQUEST', body.fault)\n",
      by: '\n',
      why: 'who sends malformed chunks is kept, with what is smuggled in them',
    },
    {
      replace: 'if (this.#sink === undefined) return\n    clearTimeout(this.#timer)\n',
      by: 'clearTimeout(this.#timer)\n    if (this.#sink === undefined) return\n',
      why: 'a connection between two requests is held for ever',
    },
    {
      replace: 'this.#sink?.mayTrail?.(name) ?? true',
      by: 'true',
      why: 'a trailer that may not be one passes',
    },
    {
      replace: "'too-large': 'HEAD_TOO_LARGE'",
      by: "'too-large': 'MALFORMED_REQUEST'",
      why: 'a client with too many cookies is told that its request is malformed',
    },
  ],
)
