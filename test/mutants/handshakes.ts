/** Slips in checking the opening handshake, of requests and of a server's 101. */
import { mutantsOf } from './mutant.ts'

export const handshakeMutants = mutantsOf(
  'wire/websocket-handshake.ts',
  ['wire/websocket-handshake.test.ts'],
  [
    {
      replace: '258EAFA5-E914-47DA-95CA-C5AB0DC85B11',
      by: '258EAFA5-E914-47DA-95CA-C5AB0DC85B1',
      why: 'no other implementation agrees on a handshake',
    },
    {
      replace: '{21}[AQgw]==$/',
      by: '{22}==$/',
      why: 'a key that is not sixteen bytes passes to servers that check it',
    },
    {
      replace: "head.body.kind !== 'length' || head.body.bytes > 0",
      by: "head.body.kind !== 'length'",
      why: 'the body of an upgrade is read as frames by one and as a body by another',
    },
    {
      replace: "head.body.kind !== 'length' || head.body.bytes > 0",
      by: "head.body.kind === 'length' && head.body.bytes > 0",
      why: 'the chunks of an upgrade are read as frames',
    },
    {
      replace: "head.method !== 'GET'",
      by: "head.method === 'POST'",
      why: 'a handshake with HEAD or PUT is relayed',
    },
    {
      replace: 'answer.minor !== 1',
      by: 'answer.minor === undefined',
      why: 'a 101 of HTTP/1.0 is taken',
    },
    {
      replace: ".join() !== 'websocket'",
      by: "[0] !== 'websocket'",
      why: 'a server switches to another protocol too',
    },
    {
      replace: "!answer.connection.includes('upgrade')",
      by: "answer.connection.includes('close')",
      why: 'a 101 without Connection: Upgrade is taken',
    },
    {
      replace: "fields.count('sec-websocket-accept') !== 1 ||",
      by: '',
      why: 'a 101 with two proofs is taken',
    },
    {
      replace: "fields.get('sec-websocket-accept') !== acceptFor(offer.key)",
      by: "fields.get('sec-websocket-accept')?.length !== acceptFor(offer.key).length",
      why: 'a 101 that is no handshake becomes a tunnel, through which requests are smuggled',
    },
    {
      replace: "fields.count('sec-websocket-protocol') > 1",
      by: "fields.count('sec-websocket-protocol') > 2",
      why: 'client and gateway may take different subprotocols for the chosen one',
    },
    {
      replace: '!offer.subprotocols.includes(chosen)',
      by: '!offer.subprotocols.join().includes(chosen)',
      why: 'a part of a name that was offered passes; browsers then drop the connection',
    },
    {
      replace: "fields.count('sec-websocket-extensions') > 1",
      by: "fields.count('sec-websocket-extensions') > 2",
      why: 'the second line of extensions is not looked at',
    },
    {
      replace: 'names.some((name) =>',
      by: 'names.every((name) =>',
      why: 'an extension that was not offered passes behind one that was',
    },
    {
      replace: 'new Set(names).size < names.length',
      by: 'new Set(names).size === 0 && names.length > 0',
      why: 'compression is agreed twice, and RSV1 says two things',
    },
  ],
)
