/** Slips in the rules for frame headers and Close frames, which tunnels and framed sessions share. */
import { mutantsOf } from './mutant.ts'

const ofHeader = mutantsOf(
  'wire/frame-header.ts',
  ['wire/frame-scanner.test.ts', 'wire/frame-scanner-bounds.test.ts'],
  [
    {
      replace: 'shortLength < 126 ? 0 :',
      by: 'shortLength <= 126 ? 0 :',
      why: 'a payload of 126 bytes and more is read as frames: those an attacker wrote into it',
    },
    {
      replace: '(opcode === Opcode.text || opcode === Opcode.binary)\n',
      by: 'opcode <= Opcode.binary\n',
      why: 'RSV1 passes on a continuation (RFC 7692 §6.1)',
    },
    {
      replace: '(opcode === Opcode.text || opcode === Opcode.binary)\n',
      by: 'opcode !== Opcode.continuation\n',
      why: 'RSV1 passes on a control frame',
    },
    {
      replace: '(first & RSV) !== RSV1 || !mayHaveRsv1',
      by: '(first & RSV1) === 0 || !mayHaveRsv1',
      why: 'RSV2 and RSV3 pass where RSV1 does',
    },
    {
      replace: 'const RSV = 0x70',
      by: 'const RSV = 0x60',
      why: 'RSV3 passes',
    },
    {
      replace: '((second & MASK) !== 0) !== rules.isMasked',
      by: '(second & MASK) === 0 && rules.isMasked',
      why: 'a server may mask, and its key is read as payload',
    },
    {
      replace: "if (opcode > Opcode.pong) return 'a reserved opcode'",
      by: '',
      why: 'reserved control opcodes pass',
    },
    {
      replace: "if ((first & FIN) === 0) return 'a control frame is fragmented'",
      by: '',
      why: 'a fragmented ping passes, and its rest is a message of nobody',
    },
    {
      replace: '(second & 0x7f) > maxControlBytes',
      by: '(second & 0x7f) >= maxControlBytes',
      why: 'a ping of 125 bytes is refused',
    },
    {
      replace: '(second & 0x7f) > maxControlBytes',
      by: '(second & 0x7f) > 126',
      why: 'a control frame with an extended length is read from the wrong byte',
    },
    {
      replace: "if (opcode > Opcode.binary) return 'a reserved opcode'",
      by: '',
      why: 'reserved data opcodes pass',
    },
    {
      replace: "return isFragmented ? undefined : 'a continuation without a message'",
      by: 'return undefined',
      why: 'a continuation of nothing passes',
    },
    {
      replace: "return isFragmented ? 'a new message inside a fragmented one' : undefined",
      by: 'return undefined',
      why: 'a message inside another passes (RFC 6455 §5.4)',
    },
    {
      replace: 'return length < 126 ? -1 : length',
      by: 'return length <= 126 ? -1 : length',
      why: 'a payload of 126 bytes is refused',
    },
    {
      replace: 'length <= 0xffff ? -1',
      by: 'length < 0xffff ? -1',
      why: '65,535 in eight bytes passes, which is not its shortest form',
    },
    {
      replace: 'high >= 0x8000_0000 || ',
      by: '',
      why: 'a length with its top bit passes where frames have no bound',
    },
    {
      replace: 'high * 0x1_0000_0000 +',
      by: 'high * 0xffff_ffff +',
      why: 'a frame past 4 GiB ends at another byte',
    },
  ],
)

const ofClose = mutantsOf(
  'wire/close-frame.ts',
  ['wire/frame-scanner.test.ts'],
  [
    {
      replace: "if (payload.length === 1) return 'a Close frame with half a code'",
      by: 'if (payload.length === 1) return undefined',
      why: 'half a code passes, and reading it throws',
    },
    {
      replace: 'isUtf8(payload.subarray(2))',
      by: 'isUtf8(payload.subarray(3))',
      why: 'a reason passes whose first byte is no text',
    },
  ],
)

const ofCodes = mutantsOf(
  'core/close-codes.ts',
  ['wire/frame-scanner.test.ts'],
  [
    {
      replace: 'code <= 4999',
      by: 'code <= 5000',
      why: 'a code passes that peers answer with 1002',
    },
    {
      replace: 'code >= 1007',
      by: 'code >= 1006',
      why: '1006 passes, which never goes on a wire',
    },
    {
      replace: 'code <= 1014',
      by: 'code <= 1015',
      why: '1015 passes, which never goes on a wire',
    },
  ],
)

export const headerMutants = [...ofHeader, ...ofClose, ...ofCodes]
