/**
 * Run as a program: a listener on a socket that was handed to it. Reads on the first line of standard input what
 * it is to be, prints its port, and what it would hand on, when it listens, and with each further line does what it is told: `leave`, or
 * `children`, for the descriptors that a child of its own has. Ends when standard input closes.
 */
import type { ListenerOptions } from '../../src/listener/listener-options.ts'
import type { InheritedSocket } from '../../src/net/inherited-sockets.ts'
import { startListener } from './listener.ts'

export interface Heritage {
  readonly options: Partial<ListenerOptions>
  readonly inherited: InheritedSocket
}

if (import.meta.main) await serve()

async function serve(): Promise<void> {
  let listener: ReturnType<typeof startListener> | undefined
  for await (const line of console) {
    if (listener === undefined) {
      const { options, inherited } = JSON.parse(line) as Heritage
      listener = startListener(options, { inherited })
      tell({ port: listener.port, inheritance: listener.listener.inheritance })
    } else if (line === 'children') tell({ children: socketsOfChild() })
    else if (line === 'leave') await listener.listener.leave()
  }
  process.exit()
}

function tell(line: object): void {
  console.info(JSON.stringify(line))
}

/** What it finds open beside its standard input, output and error, and the folder that it reads. */
function socketsOfChild(): string[] {
  const { stdout } = Bun.spawnSync(['ls', '-l', '/proc/self/fd'], { stderr: 'inherit' })
  return stdout
    .toString()
    .split('\n')
    .filter((line) => / ([3-9]|\d\d+) -> socket:/.test(line))
}
