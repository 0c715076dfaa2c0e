/**
 * Slips in the reading of heads: each would let through what another reader understands differently, or
 * refuse what is in order.
 */
import { mutantsOf } from './mutant.ts'

const ofHead = mutantsOf(
  'wire/http-head.ts',
  ['wire/http-head.test.ts', 'wire/http-head-bounds.test.ts'],
  [
    {
      replace: 'byte < 0x20; byte++',
      by: 'byte < 0x1f; byte++',
      why: 'the control character 0x1f passes into values',
    },
    {
      replace: 'isForbidden[0x09] = 0',
      by: 'isForbidden[0x0b] = 0',
      why: 'a vertical tab, which some servers skip as white space, hides a transfer-encoding',
    },
    {
      replace: 'isForbidden[0x7f] = 1',
      by: 'isForbidden[0x80] = 1',
      why: 'DEL passes, and values of UTF-8 are refused',
    },
    {
      replace: '0-9A-Za-z]+$/',
      by: '0-9A-Za-z]+/',
      why: 'a name may have a space before its colon, which hides it from some servers',
    },
    {
      replace: 'bytes.length >= this.#limits.headBytes',
      by: 'bytes.length > this.#limits.headBytes',
      why: 'a head that has used up its bound is waited for until its timeout',
    },
    {
      replace: 'Buffer.from(bytes) : bytes',
      by: 'bytes : bytes',
      why: 'the start of a head is overwritten by whoever reads into that memory next',
    },
    {
      replace: 'this.consumed = end - before',
      by: 'this.consumed = end',
      why: 'a body is read from the wrong byte when its head came in two pieces',
    },
    {
      replace: "'latin1', this.#start, end - 4)",
      by: "'utf8', this.#start, end - 4)",
      why: 'bytes above 0x7f do not reach the server as they were sent',
    },
    {
      replace: 'this.#collected = undefined',
      by: '',
      why: 'the next request of the connection begins with the one before',
    },
    {
      replace: 'this.#scanned = 0',
      by: '',
      why: 'the first bytes of the next request are not looked at',
    },
    {
      replace: 'this.#start = 0',
      by: '',
      why: 'the next request loses its first bytes where an empty line came before this one',
    },
    {
      replace: 'this.#lineStart = 0',
      by: '',
      why: 'a line of the next request that ends where this head did is taken for its end',
    },
    {
      replace: 'bytes[0] === CR ? 2 : 0',
      by: '0',
      why: 'an answer behind an empty line is refused as another protocol',
    },
    {
      replace: 'if (offset === 0 || bytes[offset - 1] !== CR)',
      by: 'if (offset === 0)',
      why: 'a bare LF ends a line here, and for other readers does not',
    },
    {
      replace: 'const isEmptyLine = offset - 1 === this.#lineStart',
      by: 'const isEmptyLine = offset - 2 === this.#lineStart',
      why: 'a head ends at a line of one character',
    },
    {
      replace: 'if (isEmptyLine && offset > 1)',
      by: 'if (isEmptyLine && offset >= 1)',
      why: 'a client that puts an empty line before its request is refused (RFC 9112 §2.2)',
    },
    {
      replace: 'return this.#start === offset - 1 ?',
      by: 'return this.#start === offset ?',
      why: 'two empty lines are a request',
    },
    {
      replace: 'if (isEmptyLine) this.#start = this.#lineStart',
      by: '',
      why: 'the start line is the empty one before it',
    },
    {
      replace: 'if (offset + 1 === until) {',
      by: 'if (offset + 1 === bytes.length) {',
      why: 'a bare CR at the bound is refused or not, depending on how it arrives',
    },
    {
      replace: 'this.#scanned = offset\n',
      by: 'this.#scanned = offset + 1\n',
      why: 'a bare CR passes as the last byte of a segment',
    },
    {
      replace: 'if (bytes[offset + 1] !== LF)',
      by: 'if (bytes[offset + 1] === CR)',
      why: 'a bare CR passes, which ends a line for some readers',
    },
    {
      replace: 'lines.length - 1 > maxFields',
      by: 'lines.length > maxFields',
      why: 'the bound of fields counts the start line',
    },
    {
      replace: "line.indexOf(':')",
      by: "line.lastIndexOf(':')",
      why: 'a value with a colon, as every Host with a port, makes a name',
    },
    {
      replace: 'if (!isToken(name))',
      by: "if (name === '')",
      why: 'a name with a space or brackets passes to servers that read it as another',
    },
  ],
)

const ofFields = mutantsOf(
  'wire/http-fields.ts',
  ['wire/http-fields.test.ts', 'wire/http-head.test.ts', 'wire/http-request.test.ts'],
  [
    {
      replace: 'key: name.toLowerCase()',
      by: 'key: name',
      why: 'a header in another case is not found',
    },
    {
      replace: 'tokens.push(field.value.toLowerCase())',
      by: 'tokens.push(field.value)',
      why: 'Connection: Close does not close',
    },
    {
      replace: 'trimWhiteSpace(part).toLowerCase()',
      by: 'part.toLowerCase()',
      why: 'only the first of a list is understood: Connection: keep-alive, Upgrade',
    },
    {
      replace: "key.replaceAll('_', '-')",
      by: "key.replace('_', '-')",
      why: 'a client forges X_Forwarded_For to servers of the kind of CGI',
    },
    {
      replace:
        "!connection.includes('close') && (minor === 1 || connection.includes('keep-alive'))",
      by: "(!connection.includes('close') && minor === 1) || connection.includes('keep-alive')",
      why: 'keep-alive wins over close, and a client waits for an end that does not come',
    },
    {
      replace: "Buffer.from(`${text}\\r\\n`, 'latin1')",
      by: 'Buffer.from(`${text}\\r\\n`)',
      why: 'bytes above 0x7f leave as two',
    },
    {
      replace: 'code === 0x20 || code === 0x09',
      by: 'code === 0x20 || code === 0x09 || code === 0xa0',
      why: 'a byte of a value is cut off, as String.trim does',
    },
    {
      replace: 'while (end > start && isWhiteSpace(line.charCodeAt(end - 1))) end--',
      by: '',
      why: 'chunked with a space behind it is another coding',
    },
  ],
)

export const headMutants = [...ofHead, ...ofFields]
