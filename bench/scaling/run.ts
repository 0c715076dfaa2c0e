// How far it goes, from measured figures: `npm run scaling`. docs/scaling.md has what came of it.
import { runProgram } from '../program.ts'
import { measureFigures } from './measure.ts'
import { printModel } from './model-command.ts'
import { printSimulations } from './simulate-command.ts'
import { validate } from './validate.ts'

const commands: Readonly<Record<string, (args: string[]) => Promise<number>>> = {
  measure: measureFigures,
  model: printModel,
  simulate: printSimulations,
  validate,
}

const usage = `npm run scaling -- COMMAND [options]

  measure    takes the figures of this machine, in under three minutes, into figures.json
  model      how many sessions a process, a machine and a fleet hold, and what ends first
  simulate   machines that are lost, upgrades and servers that fail, with a million clients
  validate   a real restart with 2,000 clients beside the same one simulated

model and simulate have options: model --help.`

function main(): Promise<number> {
  const [name = '', ...args] = process.argv.slice(2)
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) throw new TypeError(usage)
  return command(args)
}

runProgram(async () => main())
