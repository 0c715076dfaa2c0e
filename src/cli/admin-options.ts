/**
 * What every command that asks the admin port of a running gateway takes, behind its own arguments.
 */
import type { Command } from 'commander'

export function asksAdmin(command: Command): Command {
  return withAdminOptions(
    command.argument('[file]', 'the configuration it runs with', 'sluice.yaml'),
  )
}

/** For a command that finds the file among its arguments itself. */
export function withAdminOptions(command: Command): Command {
  return command
    .option(
      '--admin <url>',
      'ask this admin port, http://127.0.0.1:9090 or a Unix socket, not that of the file',
    )
    .option('--json', 'print JSON')
}
