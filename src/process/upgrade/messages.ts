/**
 * What a process and the one that takes over from it say to each other, over the channel of the one that
 * started the other. They may be of different versions: a word is added, none changes its meaning.
 */
import type { Estate } from '../instance.ts'

/** In the environment of a process that is to take over. */
export const successorVariable = 'SLUICE_SUCCESSOR'

export type FromSuccessor =
  /** For its estate. */
  | { readonly say: 'ask' }
  /** It serves. */
  | { readonly say: 'ready'; readonly version: string }
  /** It cannot, and ends. */
  | { readonly say: 'failed'; readonly problem: string }

export type FromPredecessor =
  | { readonly say: 'estate'; readonly estate: Estate }
  /** It accepts nobody any more: the other one is the service now. */
  | { readonly say: 'yours' }
