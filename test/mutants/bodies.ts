/**
 * Slips in following bodies: each would let a request be smuggled inside the body of another, or lose where
 * the body ends.
 */
import { mutantsOf } from './mutant.ts'

const ofBody = mutantsOf(
  'wire/http-body.ts',
  ['wire/http-body.test.ts', 'wire/http-body-chunks.test.ts'],
  [
    {
      replace: "fields.count('content-length') > 1 || ",
      by: '',
      why: 'two lengths pass: one reader takes the first, another the last',
    },
    {
      replace: 'if (length !== undefined)\n',
      by: "if (length === '')\n",
      why: 'a length and chunks pass together, the classic of smuggling (RFC 9112 §6.1)',
    },
    {
      replace: 'if (minor === 0) return',
      by: "if (minor === 0 && coding === '') return",
      why: 'chunks pass in HTTP/1.0, whose servers read them as the body',
    },
    {
      replace: "coding.toLowerCase() !== 'chunked'",
      by: "!coding.toLowerCase().endsWith('chunked')",
      why: 'gzip, chunked and xchunked are read as chunks here and refused or not there',
    },
    {
      replace: "coding.toLowerCase() !== 'chunked'",
      by: "coding !== 'chunked'",
      why: 'Chunked is refused, which is the same coding (RFC 9112 §7)',
    },
    {
      replace: '/^[0-9]{1,15}$/',
      by: '/^[0-9]{1,15}/',
      why: '5, 5 and 5 with anything behind it is a length',
    },
    {
      replace: '/^[0-9]{1,15}$/',
      by: '/^[0-9]{1,20}$/',
      why: 'a length past 2^53 is rounded, and the body ends at another byte',
    },
    {
      replace: 'Math.min(chunk.length, start + this.#remaining)',
      by: 'Math.min(chunk.length, this.#remaining)',
      why: 'a body that begins inside a segment ends too early, and its tail is a request',
    },
    {
      replace: 'this.#remaining -= end - start',
      by: 'this.#remaining -= end',
      why: 'a body that comes in segments is counted wrongly',
    },
    {
      replace: "if (this.#remaining === 0) this.#state = 'data-cr'",
      by: "this.#state = 'data-cr'",
      why: 'a chunk in two segments is refused',
    },
    {
      replace: 'isControl(byte) || ++this.#lineBytes > maxSizeLineBytes',
      by: '++this.#lineBytes > maxSizeLineBytes',
      why: 'a bare LF in an extension ends the line for some readers',
    },
    {
      replace: '++this.#lineBytes > maxSizeLineBytes',
      by: 'this.#lineBytes > maxSizeLineBytes',
      why: 'an extension is read for ever',
    },
    {
      replace: 'this.#lineBytes = 0',
      by: '',
      why: 'the extensions of many chunks are refused as one that is too long',
    },
    {
      replace: "if (byte !== LF) return this.#fail('a chunk size line ends without LF')",
      by: '',
      why: 'any byte ends a size line behind CR',
    },
    {
      replace: "if (byte !== CR) return this.#fail('a chunk is longer than its size')",
      by: '',
      why: 'a chunk longer than its size is read from another byte than the server does',
    },
    {
      replace: "if (byte !== LF) return this.#fail('a chunk is longer than its size')",
      by: '',
      why: 'any byte ends a chunk behind CR',
    },
    {
      replace: "this.#remaining === 0 ? 'trailer' : 'data'",
      by: "this.#digits === 1 ? 'trailer' : 'data'",
      why: 'a chunk of a few bytes is the last one',
    },
    {
      replace: 'this.#digits = 0',
      by: '',
      why: 'a body of many chunks is refused, as the digits of all sizes are counted as one',
    },
    {
      replace: '++this.#digits > 13',
      by: '++this.#digits > 14',
      why: 'a size past 2^53 is rounded, and the chunk ends at another byte',
    },
    {
      replace: 'this.#remaining * 16 + digit',
      by: '(this.#remaining << 4) | digit',
      why: 'a size past 2^31 becomes another: 100000005 is 5',
    },
    {
      replace: '} else if (this.#digits === 0) {',
      by: '} else if (this.#digits < 0) {',
      why: 'an empty size is the last chunk',
    },
    {
      replace: 'byte >= 0x30 && byte <= 0x39',
      by: 'byte >= 0x30 && byte < 0x39',
      why: 'a size with a nine is refused',
    },
    {
      replace: 'lower <= 0x66',
      by: 'lower <= 0x67',
      why: 'g is a digit, where other readers stop',
    },
  ],
)

const ofTrailer = mutantsOf(
  'wire/http-trailer.ts',
  ['wire/http-body-chunks.test.ts'],
  [
    {
      replace: '++this.#bytes > maxTrailerBytes',
      by: 'this.#bytes > maxTrailerBytes',
      why: 'a trailer is read for ever',
    },
    {
      replace: '++this.#bytes > maxTrailerBytes',
      by: '++this.#bytes >= maxTrailerBytes',
      why: 'a trailer of exactly its bound is refused',
    },
    {
      replace: 'if (byte === LF) this.isComplete = true',
      by: 'if (byte !== CR) this.isComplete = true',
      why: 'any byte ends a trailer behind CR',
    },
    {
      replace: "if (byte !== LF) this.fault = 'a trailer line ends without LF'",
      by: '',
      why: 'any byte ends a trailer line behind CR',
    },
    {
      replace: "this.#name = ''\n    } else",
      by: '} else',
      why: 'the name of a trailer is that of the line before with its own behind it',
    },
    {
      replace: 'mayTrail(this.#name.toLowerCase())',
      by: 'mayTrail(this.#name)',
      why: 'a trailer that may not be one passes in another case',
    },
    {
      replace: 'if (!isToken(this.#name))',
      by: "if (this.#name === '')",
      why: 'white space before the colon hides a trailer that may not be one',
    },
    {
      replace: '(byte < 0x20 && byte !== 0x09) || byte === 0x7f',
      by: 'byte < 0x09 || byte === 0x7f',
      why: 'a bare LF passes in a trailer, and begins a line for some readers',
    },
  ],
)

export const bodyMutants = [...ofBody, ...ofTrailer]
