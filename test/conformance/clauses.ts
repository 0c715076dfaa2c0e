/** Every clause that is shown, in the order of its RFC: what runs, and what the page is compared with. */
import type { Clause } from './clause.ts'
import { answering } from './rfc6455-answering.ts'
import { asking } from './rfc6455-asking.ts'
import { closing, limits } from './rfc6455-closing.ts'
import { control } from './rfc6455-control.ts'
import { fragments } from './rfc6455-fragments.ts'
import { framing } from './rfc6455-framing.ts'
import { splitting } from './rfc6455-splitting.ts'
import { agreement } from './rfc7692-agreement.ts'
import { reading } from './rfc7692-reading.ts'
import { writing } from './rfc7692-writing.ts'
import { text } from './rfc6455-text.ts'

export const rfc6455: readonly Clause[] = [
  ...asking,
  ...answering,
  ...framing,
  ...fragments,
  ...control,
  ...splitting,
  ...text,
  ...closing,
  ...limits,
]

export const rfc7692: readonly Clause[] = [...agreement, ...reading, ...writing]
