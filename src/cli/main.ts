/**
 * The command line. Each command is a file of its own, loaded only when it is asked for.
 *
 * Exit codes: 0 done; 1 it could not be done (a port taken, a server that refuses); 2 a mistake in
 * the command or the configuration.
 */
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import type { InitOptions } from './init.ts'
import type { RunOptions } from './run.ts'
import manifest from '../../package.json' with { type: 'json' }

const program = new Command('sluice')
  .description(
    'A WebSocket gateway: the single entry point between WebSocket clients and the services behind them.',
  )
  .version(`sluice ${manifest.version} (Bun ${Bun.version})`, '-V, --version', 'print the version')
  .helpCommand('help [command]', 'explain a command')
  .showHelpAfterError('Run sluice help to see what there is.')
  .addHelpText(
    'after',
    '\nExit codes: 0 done, 1 could not be done, 2 a mistake in the command or the configuration.',
  )
  .exitOverride()

program
  .command('run')
  .description('run the gateway until SIGTERM or Ctrl-C; a second one cuts')
  .argument('[file]', 'the configuration; sluice.yaml unless named')
  .option('--to <url>', 'relay everything to this server, without a file: ws://localhost:9000')
  .option('--port <port>', 'listen on this port, with --to; 8080 unless named', readPort)
  .option('--address <address>', 'listen on this address, with --to; every one by default')
  .action(async (file: string | undefined, options: RunOptions) => {
    const { run } = await import('./run.ts')
    process.exitCode = await run(file, options)
  })

program
  .command('check')
  .description('check a configuration and say everything that is wrong with it')
  .argument('[file]', 'the configuration', 'sluice.yaml')
  .action(async (file: string) => {
    const { check } = await import('./check.ts')
    process.exitCode = check(file)
  })

program
  .command('init')
  .description('write a configuration to start from')
  .argument('[file]', 'the file, which must not exist yet', 'sluice.yaml')
  .option('--to <url>', 'the server behind: ws://localhost:9000')
  .option('--port <port>', 'listen on this port; 8080 unless named', readPort)
  .option('--path <path>', 'relay requests for this path; everything by default')
  .action(async (file: string, options: InitOptions) => {
    const { init } = await import('./init.ts')
    process.exitCode = init(file, options)
  })

program
  .command('schema')
  .description('print the JSON Schema of the configuration, for editors')
  .action(async () => {
    const { schema } = await import('./schema.ts')
    schema()
  })

program
  .command('connect')
  .description('talk to a WebSocket server: lines in, lines out')
  .argument('<url>', 'ws://localhost:8080/chat')
  .option('-s, --subprotocol <name...>', 'offer these subprotocols')
  .option('-H, --header <line...>', 'send these headers: "Name: value"')
  .action(async (url: string, options: { subprotocol?: string[]; header?: string[] }) => {
    const { connect } = await import('./connect.ts')
    process.exitCode = await connect(url, {
      subprotocols: options.subprotocol ?? [],
      headers: options.header ?? [],
    })
  })

program
  .command('demo')
  .description('run a shared whiteboard behind the gateway')
  .option('--port <port>', 'listen on this port', readPort, 8080)
  .action(async (options: { port: number }) => {
    const { demo } = await import('./demo.ts')
    process.exitCode = await demo(options.port)
  })

program
  .command('version')
  .description('print the version')
  .action(() => console.info(program.version()))

function readPort(text: string): number {
  const port = Number(text)
  if (!/^[0-9]+$/.test(text) || port > 65_535)
    throw new InvalidArgumentError('A port is a number up to 65535.')
  return port
}

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  process.exitCode = error.exitCode === 0 ? 0 : 2
}
// What is still open, an idle connection or standard input, is no reason to stay.
process.exit()
