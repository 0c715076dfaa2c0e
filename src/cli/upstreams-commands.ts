/**
 * The commands that show and change upstreams and splits of a running gateway.
 */
import type { Command } from 'commander'
import type { AdminOptions } from './admin-place.ts'
import { asksAdmin, withAdminOptions } from './admin-options.ts'
import { refuseCommand } from './refuse-command.ts'
import type { Addition } from './upstreams-change.ts'
import type { DrainOptions } from './upstreams-drain.ts'

const lasting = '\nWhat is changed here lasts until the gateway ends; its file stays as it is.'

const following = `
Sessions can be moved where the upstream has failover: notify or transparent. It is followed until none is
left, with exit code 0; or until those that are left cannot be moved, or Ctrl-C, which stops nothing but
following: then it is 1.`

export function addUpstreamCommands(program: Command): void {
  const upstreams = asksAdmin(
    program
      .command('upstreams')
      .description('list the endpoints of the running gateway, or change them'),
  )
    .addHelpText('after', lasting)
    .helpCommand('help [command]', 'explain a command')
    .allowExcessArguments()
    .action(async (file: string, options: AdminOptions, command: Command) => {
      if (command.args.length > 1) refuseCommand(command, file)
      const { upstreams: list } = await import('./upstreams.ts')
      process.exitCode = await list(file, options)
    })

  /** A command about one endpoint. */
  function about(name: string, description: string): Command {
    return upstreams
      .command(name)
      .description(description)
      .allowExcessArguments(false)
      .argument('<upstream>', 'its name in the configuration')
      .argument('<url>', 'the endpoint: ws://10.0.0.1:9000')
  }

  asksAdmin(
    about('add', 'add an endpoint to an upstream')
      .option('--weight <number>', 'its share beside the others, 0 to 1000; 1 unless told')
      .option('--backup', 'use it only while no other has room')
      .option('--sessions <number>', 'how many sessions it may have; any number unless told'),
  ).action(async (upstream: string, url: string, file: string, _: unknown, command: Command) => {
    const { add } = await import('./upstreams-change.ts')
    const options = command.optsWithGlobals<AdminOptions & Addition>()
    process.exitCode = await add({ upstream, url }, file, options)
  })

  asksAdmin(
    about('remove', 'take an endpoint out of an upstream; its sessions are moved, or go on'),
  ).action(async (upstream: string, url: string, file: string, _: unknown, command: Command) => {
    const { remove } = await import('./upstreams-change.ts')
    process.exitCode = await remove({ upstream, url }, file, command.optsWithGlobals())
  })

  asksAdmin(
    about('weight', 'give an endpoint another weight').argument(
      '<weight>',
      '0 to 1000; with 0 it gets only what sticks to it',
    ),
  ).action(
    async (
      upstream: string,
      url: string,
      weight: string,
      file: string,
      _: unknown,
      command: Command,
    ) => {
      const { weigh } = await import('./upstreams-change.ts')
      process.exitCode = await weigh({ upstream, url }, weight, file, command.optsWithGlobals())
    },
  )

  asksAdmin(
    about('drain', 'give an endpoint no new sessions, and move those it has')
      .option('--no-wait', 'do not follow how they are moved')
      .addHelpText('after', following),
  ).action(async (upstream: string, url: string, file: string, _: unknown, command: Command) => {
    const { drain } = await import('./upstreams-drain.ts')
    process.exitCode = await drain({ upstream, url }, file, command.optsWithGlobals<DrainOptions>())
  })

  asksAdmin(about('undrain', 'let an endpoint take sessions again')).action(
    async (upstream: string, url: string, file: string, _: unknown, command: Command) => {
      const { undrain } = await import('./upstreams-change.ts')
      process.exitCode = await undrain({ upstream, url }, file, command.optsWithGlobals())
    },
  )

  asksAdmin(about('history', 'say what an endpoint has been lately, and why')).action(
    async (upstream: string, url: string, file: string, _: unknown, command: Command) => {
      const { history } = await import('./upstreams.ts')
      process.exitCode = await history({ upstream, url }, file, command.optsWithGlobals())
    },
  )

  withAdminOptions(
    program
      .command('split')
      .description('say which share of a route goes to which upstream, or change it')
      .argument('<route>', 'its name')
      .argument(
        '[shares...]',
        'chat=95 chat-next=5, and the configuration it runs with, if that is not sluice.yaml',
      ),
  )
    .addHelpText('after', lasting)
    .action(async (route: string, shares: readonly string[], options: AdminOptions) => {
      const { split } = await import('./split.ts')
      process.exitCode = await split(route, shares, options)
    })
}
