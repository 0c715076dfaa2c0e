/** Frame opcodes (RFC 6455 §5.2). Control frames are those with the 8 bit. */
export const Opcode = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const

/** Payload bytes a control frame may have (RFC 6455 §5.5). */
export const maxControlBytes = 125
