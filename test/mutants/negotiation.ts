/** Slips in agreeing on permessage-deflate: each makes two ends compress differently. */
import { mutantsOf } from './mutant.ts'

const ofAgreement = mutantsOf(
  'wire/deflate-agreement.ts',
  [
    'wire/deflate-agreement.test.ts',
    'wire/deflate-agreement-client.test.ts',
    'wire/deflate-agreement-server.test.ts',
  ],
  [
    {
      replace: '/^(?:[89]|1[0-5])$/',
      by: '/^(?:[89]|1[0-6])$/',
      why: 'a window of 16 bits is agreed on, which there is not',
    },
    {
      replace: '/^(?:[89]|1[0-5])$/',
      by: '/^0?(?:[89]|1[0-5])$/',
      why: 'a leading zero passes',
    },
    {
      replace: "if (typeof offered === 'string') continue",
      by: "if (typeof offered === 'string') return undefined",
      why: 'an offer that is no good hides the one behind it (RFC 7692 §5)',
    },
    {
      replace: 'serverWindowBits >= leastDeflateBits',
      by: 'serverWindowBits > leastDeflateBits',
      why: 'a client with a window of 512 bytes gets no compression',
    },
    {
      replace: 'const leastDeflateBits = 9',
      by: 'const leastDeflateBits = 8',
      why: 'a client that reads a window of 256 bytes is sent one of 512',
    },
    {
      replace: "isLimited ? windowBits : 'any'",
      by: 'isLimited ? windowBits : undefined',
      why: 'a server that wants a smaller window of its clients cannot have it',
    },
    {
      replace: 'serverWindowBits: isLimited ? windowBits : undefined',
      by: 'serverWindowBits: undefined',
      why: 'servers compress within more than the gateway keeps',
    },
    {
      replace: "if (clientWindowBits === 'any') return 'client_max_window_bits has no value'",
      by: '',
      why: 'an answer without the value is taken (RFC 7692 §7.1.2.2)',
    },
    {
      replace: 'serverWindowBits > terms.windowBits',
      by: 'serverWindowBits >= terms.windowBits',
      why: 'servers that answer what was offered are refused',
    },
    {
      replace: '!terms.serverTakeover && !chosen.noServerTakeover',
      by: '!terms.serverTakeover && chosen.serverWindowBits === 0',
      why: 'a server keeps a window that the gateway does not',
    },
    {
      replace: 'Math.min(clientWindowBits, terms.windowBits)',
      by: 'terms.windowBits',
      why: 'the gateway compresses within more than the server keeps',
    },
    {
      replace: 'terms.clientTakeover && !chosen.noClientTakeover',
      by: 'terms.clientTakeover',
      why: 'the gateway refers back to messages that the server has forgotten',
    },
    {
      replace: 'serverTakeover: !chosen.noServerTakeover',
      by: 'serverTakeover: terms.serverTakeover && !chosen.noClientTakeover',
      why: 'the window of one direction is that of the other',
    },
    {
      replace: 'clientOffer === undefined ? largestWindowBits :',
      by: 'clientOffer === undefined ? terms.windowBits :',
      why: 'a client that cannot be limited compresses within more than is kept (RFC 7692 §7.1.2.2)',
    },
    {
      replace: "lesser(serverOffer ?? 'any', terms.windowBits)",
      by: 'terms.windowBits',
      why: 'a client is sent more than the window that it asked for',
    },
    {
      replace: 'terms.clientTakeover && !offered.noClientTakeover',
      by: 'terms.clientTakeover',
      why: 'a window is kept for clients that have said they need none',
    },
    {
      replace: 'terms.serverTakeover && !offered.noServerTakeover',
      by: 'terms.serverTakeover',
      why: 'messages refer back to what the client has said it does not keep',
    },
    {
      replace: 'noClientTakeover: !agreement.clientTakeover',
      by: 'noClientTakeover: offered.noClientTakeover',
      why: 'clients are not told that their window is not kept',
    },
    {
      replace: 'noServerTakeover: !agreement.serverTakeover',
      by: 'noServerTakeover: false',
      why: 'an answer lacks the parameter that was offered (RFC 7692 §7.1.1.1)',
    },
    {
      replace: 'serverOffer !== undefined || serverWindowBits < largestWindowBits',
      by: 'serverWindowBits < largestWindowBits',
      why: 'server_max_window_bits=15 is not answered (RFC 7692 §7.1.2.1)',
    },
    {
      replace: 'clientWindowBits < largestWindowBits ? clientWindowBits : undefined',
      by: 'clientOffer',
      why: 'an answer has a parameter without its value',
    },
    {
      replace: 'Math.min(offered, windowBits)',
      by: 'Math.max(offered, windowBits)',
      why: 'the larger of two windows is agreed on',
    },
    {
      replace: 'if (hasDoubledParameter)',
      by: 'if (hasDoubledParameter && parameters.size === 0)',
      why: 'of a parameter that comes twice the last one counts (RFC 7692 §7.1)',
    },
    {
      replace: "name === 'client_no_context_takeover' && value === true",
      by: "name === 'client_no_context_takeover'",
      why: 'a value passes where none may be',
    },
    {
      replace: "if (parameters.noServerTakeover) texts.push('server",
      by: "if (parameters.noServerTakeover) texts.push('client",
      why: 'who keeps no window is told the wrong way round',
    },
  ],
)

const ofHeader = mutantsOf(
  'wire/extension-header.ts',
  ['wire/extension-header.test.ts'],
  [
    {
      replace: 'if (!isToken(name)) return undefined\n    const',
      by: 'const',
      why: 'an empty member is an extension without a name',
    },
    {
      replace: 'if (!isToken(name)) return undefined\n  if',
      by: 'if',
      why: 'a parameter without a name passes',
    },
    {
      replace: 'if (parameter === undefined) return undefined',
      by: 'if (parameter === undefined) continue',
      why: 'a malformed parameter is skipped here, and read elsewhere',
    },
    {
      replace: 'parameters.has(parameter.name)',
      by: 'parameters.get(parameter.name) === parameter.value',
      why: 'a parameter with two values passes',
    },
    {
      replace: 'value !== undefined && isToken(value)',
      by: 'value !== undefined',
      why: 'an empty value or one with spaces passes',
    },
    {
      replace: " || !text.endsWith('\"')",
      by: '',
      why: 'a quote that does not end loses its last character',
    },
    {
      replace: "replace(/\\\\(.)/g, '$1')",
      by: "replace(/\\\\(.)/, '$1')",
      why: 'only the first of several escapes is undone',
    },
    {
      replace: 'start = index + 1',
      by: 'start = index',
      why: 'every second extension is malformed',
    },
  ],
)

export const negotiationMutants = [...ofAgreement, ...ofHeader]
