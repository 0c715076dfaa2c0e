/**
 * The command line. Each command is a file of its own, loaded only when it is asked for.
 *
 * Exit codes: 0 done; 1 it could not be done (a port taken, a server that refuses); 2 a mistake in
 * the command or the configuration.
 */
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { asksAdmin } from './admin-options.ts'
import type { AdminOptions } from './admin-place.ts'
import type { ConnectFlags } from './connect-options.ts'
import type { DemoOptions } from './demo.ts'
import type { ExplainOptions } from './explain-request.ts'
import type { InitOptions } from './init.ts'
import type { RunOptions } from './run.ts'
import { addOperationCommands } from './operations-commands.ts'
import { addSessionCommands } from './sessions-commands.ts'
import { addUpstreamCommands } from './upstreams-commands.ts'
import manifest from '../../package.json' with { type: 'json' }

const connectHelp = `
On a terminal, and with --commands, these lines are commands:
  /ping [TEXT], /pong [TEXT]   send a ping, whose answer is timed, or a pong
  /hex BYTES                   send a binary message: /hex 00ff
  /close [CODE [REASON]]       close: /close 4001 bye
  //TEXT                       send a text that begins with a slash

A binary message that comes is printed as it would be typed: /hex 00ff.

Exit codes: 0 closed with 1000, without a code, or with the code that was asked for here; 1 closed
otherwise, refused, or fewer messages than --count; 2 a mistake in the command.`

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
  .option('--watch', 'take the file anew when it changes, or one that it refers to with ${file:…}')
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

asksAdmin(program.command('status').description('say how the running gateway is')).action(
  async (file: string, options: AdminOptions) => {
    const { status } = await import('./status.ts')
    process.exitCode = await status(file, options)
  },
)

addOperationCommands(program)
addSessionCommands(program)
addUpstreamCommands(program)

program
  .command('explain')
  .description('say what would become of a request: its route and why, and what the upstream gets')
  .argument('<url>', 'wss://chat.example.com/chat; ws and wss ask for a WebSocket')
  .argument('[file]', 'the configuration', 'sluice.yaml')
  .option('-X, --method <method>', 'ask with this method; GET unless named')
  .option(
    '-H, --header <line>',
    'ask with this header, "Name: value"; may be repeated',
    collect,
    [],
  )
  .option('--listener <name>', 'ask this listener; the one of the port in the URL unless named')
  .option('--from <address>', 'ask from this address, such as that of a trusted proxy')
  .option('--certificate <subject>', 'show a client certificate of this subject: "CN=device-7"')
  .action(async (url: string, file: string, options: ExplainOptions) => {
    const { explain } = await import('./explain.ts')
    process.exitCode = explain(url, file, options)
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
  .argument('[file]', 'a configuration file whose plugins are to be in it')
  .action(async (file: string | undefined) => {
    const { schema } = await import('./schema.ts')
    process.exitCode = schema(file)
  })

program
  .command('connect')
  .description('talk to a WebSocket server: lines in, lines out')
  .argument('<url>', 'ws://localhost:8080/chat, wss://…, or ws+unix:/run/chat.sock:/chat')
  .option('-s, --subprotocol <name>', 'offer this subprotocol; may be repeated', collect)
  .option('-H, --header <line>', 'send this header, "Name: value"; may be repeated', collect)
  .option('--compress', 'offer permessage-deflate, and compress messages where it is agreed')
  .option('--hex', 'lines are bytes in hexadecimal, both ways, and what is sent is binary')
  .option(
    '--commands',
    'obey lines such as /ping as on a terminal; "//" begins a text with a slash',
  )
  .option('--ping <duration>', 'ping the server at this interval: 10s')
  .option('--count <number>', 'close after so many messages of the server')
  .option('--wait <duration>', 'wait so long for answers when the input has ended: 2s, or off')
  .option('--close <code>', 'close with this code; 1000 unless told')
  .option('--reason <text>', 'close with this reason')
  .option(
    '--timeout <duration>',
    'wait so long for a handshake, a pong or a Close; 10s unless told',
  )
  .option('--ca <file>', "believe the authorities in this file, PEM, instead of the system's")
  .option('--cert <file>', 'show the server this certificate, PEM')
  .option('--key <file>', 'the key of --cert')
  .option('--insecure', 'believe whoever answers: do not verify the certificate')
  .option('-v, --verbose', 'tell everything that passes, on standard error')
  .addHelpText('after', connectHelp)
  .action(async (url: string, flags: ConnectFlags) => {
    const { connect } = await import('./connect.ts')
    process.exitCode = await connect(url, flags)
  })

program
  .command('demo')
  .description('run a shared whiteboard behind the gateway')
  .option('--port <port>', 'listen on this port', readPort, 8080)
  .option('--address <address>', 'listen on this address', '127.0.0.1')
  .action(async (options: DemoOptions) => {
    const { demo } = await import('./demo.ts')
    process.exitCode = await demo(options)
  })

// What the demo starts its servers with.
program
  .command('demo-server', { hidden: true })
  .argument('<port>', 'of this server', readPort)
  .argument('<number>', 'which one it is', Number)
  .argument('<board>', 'where the board is kept')
  .action(async (port: number, number: number, board: string) => {
    const { runServer } = await import('../../examples/whiteboard/server.ts')
    process.exitCode = await runServer(port, number, board)
  })

// What `run` starts where there are several processes.
program.command('worker', { hidden: true }).action(async () => {
  const { worker } = await import('./worker.ts')
  process.exitCode = await worker()
})

program
  .command('version')
  .description('print the version')
  .action(() => console.info(program.version()))

function collect(value: string, all: readonly string[] = []): string[] {
  return [...all, value]
}

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
