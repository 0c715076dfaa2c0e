/**
 * What the gateway's own compression does and holds.
 */
import type { Exposition } from './exposition.ts'
import type { CompressionReading } from './reading.ts'

export function exposeCompression(exposition: Exposition, reading: CompressionReading): void {
  exposition.gauge(
    'sluice_compression_memory_bytes',
    'Memory of the windows in use.',
    reading.usedBytes,
  )
  exposition.gauge(
    'sluice_compression_memory_max_bytes',
    'What they may take together.',
    reading.limitBytes,
  )
  exposition.counter(
    'sluice_compression_memory_refused_total',
    'How often there was no memory for a window.',
    reading.refusals,
  )
  exposition.counter(
    'sluice_deflated_messages_total',
    'Messages that were sent compressed.',
    reading.deflatedMessages,
  )
  exposition.counter(
    'sluice_deflated_reused_total',
    'Those of them that had been compressed for another receiver.',
    reading.reusedMessages,
  )
  exposition.counter(
    'sluice_deflated_plain_bytes_total',
    'Bytes of these messages before.',
    reading.plainBytes,
  )
  exposition.counter('sluice_deflated_bytes_total', 'And after.', reading.deflatedBytes)
  exposition.counter(
    'sluice_inflated_messages_total',
    'Messages that arrived compressed.',
    reading.inflatedMessages,
  )
}
