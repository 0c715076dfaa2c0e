/** Every mutant there is. */
import { bodyMutants } from './bodies.ts'
import { handshakeMutants } from './handshakes.ts'
import { headMutants } from './heads.ts'
import type { Mutant } from './mutant.ts'
import { readerMutants } from './reader.ts'
import { scannerMutants } from './scanner.ts'

export const mutants: readonly Mutant[] = [
  ...headMutants,
  ...bodyMutants,
  ...handshakeMutants,
  ...readerMutants,
  ...scannerMutants,
]
