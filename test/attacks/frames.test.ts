/**
 * Frames whose first two bytes no peer may send. What is in them must not reach the other side; both
 * sides are closed and told why.
 */
import { testDefences, type Defence } from '../support/attack.ts'
import { bare, byClient, byServer, masked } from '../support/session-attack.ts'

const file = 'wire/frame-header.ts'
const evil = 'EVIL'
const long = evil.padEnd(200, 'x')
const text = { opcode: 1, payload: evil }

const defences: Defence[] = [
  {
    name: 'client frames are masked, server frames are not',
    without: [
      {
        file,
        replace: 'if (((second & MASK) !== 0) !== rules.isMasked) {',
        by: 'if (second > 0xff) {',
      },
    ],
    attacks: [
      byClient('a message without mask', bare({ opcode: 2, payload: `aaaa${evil}` })),
      // Taken for masked, it is four bytes longer.
      byClient('a ping without mask', `${bare({ opcode: 9, payload: `aaaa${evil}` })}xxxx`),
      byServer('a message with mask', masked({ opcode: 2, payload: `${evil}xxxx` })),
    ],
  },
  {
    name: 'reserved bits are not set where nothing was agreed',
    without: [{ file, replace: 'if ((first & RSV) !== 0) {', by: 'if (first > 0xff) {' }],
    attacks: [
      ...[1, 2, 3, 4, 5, 6, 7].map((reserved) =>
        byClient(`a message with the reserved bits ${reserved}`, masked({ ...text, reserved })),
      ),
      byClient('a ping with a reserved bit', masked({ opcode: 9, reserved: 4, payload: evil })),
      byServer('a message with a reserved bit', bare({ ...text, reserved: 4 })),
    ],
  },
  {
    name: 'with compression one bit is used, on the first frame of a message',
    without: [
      {
        file,
        replace: 'if ((first & RSV) !== RSV1 || !mayHaveRsv1) return',
        by: 'if (first > 0xff) return',
      },
    ],
    attacks: [
      byClient('a compressed ping', masked({ opcode: 9, reserved: 4, payload: evil }), {
        isCompressed: true,
      }),
      byClient(
        'a compressed fragment inside a message',
        masked({ opcode: 1, isFinal: false }, { opcode: 0, reserved: 4, payload: evil }),
        { isCompressed: true, passed: ['text'] },
      ),
      ...[1, 2, 5, 6, 7].map((reserved) =>
        byClient(`the reserved bits ${reserved}`, masked({ ...text, reserved }), {
          isCompressed: true,
        }),
      ),
    ],
  },
  {
    name: 'what carries data is text, binary or a continuation',
    without: [{ file, replace: `if (opcode > Opcode.binary) return 'a reserved opcode'`, by: '' }],
    attacks: [
      ...[3, 4, 5, 6, 7].map((opcode) =>
        byClient(`opcode ${opcode}`, masked({ opcode, payload: evil })),
      ),
      byServer('opcode 3', bare({ opcode: 3, payload: evil })),
    ],
  },
  {
    name: 'what controls is a Close, a ping or a pong',
    without: [{ file, replace: `if (opcode > Opcode.pong) return 'a reserved opcode'`, by: '' }],
    // Taken for a Close, they have to look like one.
    attacks: [11, 12, 13, 14, 15].map((opcode) =>
      byClient(
        `opcode ${opcode}`,
        masked({ opcode, payload: Buffer.from(`\x03\xe8${evil}`, 'latin1') }),
      ),
    ),
  },
  {
    name: 'a control frame is not fragmented',
    without: [
      { file, replace: `if ((first & FIN) === 0) return 'a control frame is fragmented'`, by: '' },
    ],
    attacks: [
      byClient('half a ping', masked({ opcode: 9, isFinal: false, payload: evil })),
      byServer('half a ping', bare({ opcode: 9, isFinal: false, payload: evil })),
    ],
  },
  {
    name: 'a control frame has 125 bytes at most',
    without: [
      { file, replace: 'return (second & 0x7f) > maxControlBytes', by: 'return second > 0xff' },
    ],
    attacks: [
      byClient('a ping of 200 bytes', masked({ opcode: 9, payload: long })),
      byClient(
        'a ping whose length has eight bytes',
        masked({ opcode: 9, payload: long, lengthBytes: 8 }),
      ),
      byServer('a ping of 200 bytes', bare({ opcode: 9, payload: long })),
    ],
  },
]

testDefences(defences)
