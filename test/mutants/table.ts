/** Every mutant there is. */
import { bodyMutants } from './bodies.ts'
import { headerMutants } from './frame-headers.ts'
import { frameMutants } from './frames.ts'
import { handshakeMutants } from './handshakes.ts'
import { headMutants } from './heads.ts'
import { messageMutants } from './messages.ts'
import type { Mutant } from './mutant.ts'
import { negotiationMutants } from './negotiation.ts'
import { readerMutants } from './reader.ts'
import { scannerMutants } from './scanner.ts'

export const mutants: readonly Mutant[] = [
  ...headMutants,
  ...bodyMutants,
  ...handshakeMutants,
  ...readerMutants,
  ...headerMutants,
  ...scannerMutants,
  ...frameMutants,
  ...messageMutants,
  ...negotiationMutants,
]
