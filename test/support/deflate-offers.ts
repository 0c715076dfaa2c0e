/** What is offered and answered of permessage-deflate, for the tests of how two ends agree. */
import type { DeflateAgreement, DeflateTerms } from '../../src/wire/deflate-agreement.ts'
import { parseExtensions, type Extension } from '../../src/wire/extension-header.ts'

export const name = 'permessage-deflate'
export const all: DeflateTerms = { windowBits: 15, clientTakeover: true, serverTakeover: true }

/** The whole of it: windows of 32 KB, kept between messages. */
export const full: DeflateAgreement = {
  clientWindowBits: 15,
  serverWindowBits: 15,
  clientTakeover: true,
  serverTakeover: true,
}

export function extensionsOf(header: string): Extension[] {
  const extensions = parseExtensions(header)
  if (extensions === undefined) throw new Error(`malformed: ${header}`)
  return extensions
}

/** What neither an offer nor an answer may say (§7.1). */
export const invalid = [
  ['an unknown parameter', '; client_max_window_bit'],
  ['a parameter in another case', '; Server_No_Context_Takeover'],
  ['a parameter twice', '; server_no_context_takeover; server_no_context_takeover'],
  ['a parameter twice with two values', '; server_max_window_bits=10; server_max_window_bits=11'],
  ['a value of server_no_context_takeover', '; server_no_context_takeover=1'],
  ['a value of client_no_context_takeover', '; client_no_context_takeover=true'],
  ['a window of 7 bits for the server', '; server_max_window_bits=7'],
  ['a window of 16 bits for the server', '; server_max_window_bits=16'],
  ['a window of 7 bits for the client', '; client_max_window_bits=7'],
  ['a window of 16 bits for the client', '; client_max_window_bits=16'],
  ['a leading zero', '; server_max_window_bits=010'],
  ['a leading zero before one digit', '; client_max_window_bits=09'],
  ['a sign', '; client_max_window_bits=+9'],
  ['a fraction', '; client_max_window_bits=9.0'],
  ['a number in hexadecimal digits', '; client_max_window_bits=0xa'],
  ['digits with something behind', '; client_max_window_bits=10a'],
  ['server_max_window_bits without value', '; server_max_window_bits'],
] as const
