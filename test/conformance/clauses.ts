/** Every clause that is shown, in the order of its RFC: what runs, and what the page is compared with. */
import type { Clause } from './clause.ts'
import { closing, control, limits } from './rfc6455-closing.ts'
import { framing } from './rfc6455-framing.ts'
import { handshake } from './rfc6455-handshake.ts'
import { splitting } from './rfc6455-splitting.ts'
import { agreement } from './rfc7692-agreement.ts'
import { compressedMessages } from './rfc7692-messages.ts'
import { text } from './rfc6455-text.ts'

export const rfc6455: readonly Clause[] = [
  ...handshake,
  ...framing,
  ...control,
  ...splitting,
  ...text,
  ...closing,
  ...limits,
]

export const rfc7692: readonly Clause[] = [...agreement, ...compressedMessages]
