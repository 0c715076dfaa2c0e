// Changes bytes as accidents and attackers do, and cuts them into pieces at random.

import type { Cuts } from './pieces.ts'
import type { Random } from './random.ts'

/** What a mutation grows to at most; a run of millions stays within the same memory. */
const maxBytes = 4_096

export interface Material {
  /** Valid inputs. */
  readonly corpus: readonly Buffer[]
  /** Pieces of the grammar, put in to get past the first check. */
  readonly words: readonly Buffer[]
}

/** One input of the corpus with one to four changes, most often one. */
export function mutated(random: Random, material: Material): Buffer {
  let bytes: Buffer = Buffer.from(random.pick(material.corpus))
  for (let count = 1 + random.below(random.pick([1, 1, 4])); count > 0; count--)
    bytes = change(bytes, random, material)
  return bytes.subarray(0, maxBytes)
}

function change(bytes: Buffer, random: Random, { corpus, words }: Material): Buffer {
  const at = random.below(bytes.length + 1)
  const until = Math.min(bytes.length, at + 1 + random.below(random.pick([1, 4, 40])))
  const before = bytes.subarray(0, at)
  const span = bytes.subarray(at, until)
  const after = bytes.subarray(until)
  switch (random.below(8)) {
    case 0:
      return Buffer.concat([before, span.map((byte) => byte ^ (1 << random.below(8))), after])
    case 1:
      return Buffer.concat([before, Buffer.from([random.below(256)]), bytes.subarray(at + 1)])
    case 2:
      return Buffer.concat([before, Buffer.from([random.below(256)]), span, after])
    case 3:
      return Buffer.concat([before, after])
    case 4:
      return Buffer.concat([before, span, span, after])
    case 5: {
      const other = random.pick(corpus)
      return Buffer.concat([before, other.subarray(random.below(other.length + 1))])
    }
    case 6:
      return Buffer.concat([before, random.pick(words), bytes.subarray(at)])
    default:
      return Buffer.concat([before, random.pick(words), after])
  }
}

/** Up to five cuts; now and then one behind every byte. */
export function randomCuts(random: Random, length: number): Cuts {
  if (length < 2) return []
  if (random.below(16) === 0) return Array.from({ length: length - 1 }, (_, index) => index + 1)
  const offsets = Array.from({ length: 1 + random.below(5) }, () => 1 + random.below(length - 1))
  return [...new Set(offsets)].toSorted((a, b) => a - b)
}
