/**
 * The commands that change the running gateway as a whole.
 */
import type { Command } from 'commander'
import { asksAdmin } from './admin-options.ts'
import type { AdminOptions } from './admin-place.ts'
import type { ReloadOptions } from './reload.ts'

const takingAnew = `
What has not changed is not touched, and no session is closed but those of routes that are gone. Where the
file changes admin itself, name the place it is at: --admin URL.

Exit codes: 0 taken, or with --dry-run it can be; 1 the gateway cannot be asked; 2 the configuration is not
taken, and nothing has changed.`

const takingOver = `
The gateway starts its own program anew, which may have been replaced, with the same arguments. The new process
takes over the ports; the sessions of the old one are closed with 1012, spread over leave.window, and their
clients come back to the new one. Where the new one does not serve within 30 seconds, nothing has changed.

Exit codes: 0 the new process serves; 1 it does not, or Ctrl-C, which stops nothing but following.`

export function addOperationCommands(program: Command): void {
  asksAdmin(
    program
      .command('reload')
      .description('let the running gateway take its configuration anew')
      .option('--dry-run', 'only say what would change'),
  )
    .addHelpText('after', takingAnew)
    .action(async (file: string, options: ReloadOptions) => {
      const { reload } = await import('./reload.ts')
      process.exitCode = await reload(file, options)
    })

  asksAdmin(
    program
      .command('upgrade')
      .description('let the program, started anew, take over from the running gateway'),
  )
    .addHelpText('after', takingOver)
    .action(async (file: string, options: AdminOptions) => {
      const { upgrade } = await import('./upgrade.ts')
      process.exitCode = await upgrade(file, options)
    })
}
