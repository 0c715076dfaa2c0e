/** Every mutant there is. */
import { bodyMutants } from './bodies.ts'
import { compressingMutants } from './compressing.ts'
import { decoderMutants } from './decoding.ts'
import { encodingMutants } from './encoding.ts'
import { headerMutants } from './frame-headers.ts'
import { handshakeMutants } from './handshakes.ts'
import { headMutants } from './heads.ts'
import type { Mutant } from './mutant.ts'
import { negotiationMutants } from './negotiation.ts'
import { readerMutants } from './reader.ts'
import { readingMutants } from './reading.ts'
import { requestMutants } from './requests.ts'
import { scannerMutants } from './scanner.ts'
import { switchingMutants } from './switching.ts'

export const mutants: readonly Mutant[] = [
  ...headMutants,
  ...requestMutants,
  ...bodyMutants,
  ...handshakeMutants,
  ...readerMutants,
  ...headerMutants,
  ...scannerMutants,
  ...decoderMutants,
  ...encodingMutants,
  ...readingMutants,
  ...compressingMutants,
  ...negotiationMutants,
  ...switchingMutants,
]
