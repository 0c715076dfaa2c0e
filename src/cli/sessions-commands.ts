/**
 * The commands that show, move and close sessions of a running gateway.
 */
import type { Command } from 'commander'
import { asksAdmin } from './admin-options.ts'
import type { CloseOptions } from './close.ts'
import type { MoveOptions } from './move.ts'
import type { SessionsOptions } from './sessions.ts'
import { refuseCommand } from './refuse-command.ts'

export function addSessionCommands(program: Command): void {
  const sessions = asksAdmin(
    program
      .command('sessions')
      .description('list the sessions of the running gateway, the oldest first, or move one')
      .option('--route <name>', 'only those of this route')
      .option('--address <address>', 'only those of this client')
      .option('--limit <number>', 'at most so many; 100 unless told, 1000 at most')
      .option('--after <number>', 'go on where the page before has ended'),
  )
    .helpCommand('help [command]', 'explain a command')
    .allowExcessArguments()
    .action(async (file: string, options: SessionsOptions, command: Command) => {
      if (command.args.length > 1) refuseCommand(command, file)
      const { sessions: list } = await import('./sessions.ts')
      process.exitCode = await list(file, options)
    })

  asksAdmin(
    sessions
      .command('move')
      .description('let a session go on at another server, where failover lets it')
      .allowExcessArguments(false)
      .argument('<id>', 'as sluice sessions lists it')
      .option(
        '--to <url>',
        'this endpoint of its upstream; the one the balancer chooses unless told',
      ),
  ).action(async (id: string, file: string, _: unknown, command: Command) => {
    const { move } = await import('./move.ts')
    process.exitCode = await move(id, file, command.optsWithGlobals<MoveOptions>())
  })

  asksAdmin(
    program
      .command('close')
      .description('close one session of the running gateway')
      .argument('<id>', 'as sluice sessions lists it')
      .option('--code <code>', 'close with this code; 1008 unless told')
      .option('--reason <text>', 'tell both sides this reason'),
  ).action(async (id: string, file: string, options: CloseOptions) => {
    const { close } = await import('./close.ts')
    process.exitCode = await close(id, file, options)
  })
}
