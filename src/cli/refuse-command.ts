/**
 * Ends with a hint where what was typed is no command: it stood in the place of the configuration file.
 */
import type { Command } from 'commander'
import { nearest } from '../config/nearest.ts'
import { meant } from '../config/reading.ts'

/** @param name what stands in the place of the file, with more behind it: it was meant for a command. */
export function refuseCommand(command: Command, name: string): never {
  const names = command.commands.map((each) => each.name())
  const near = nearest(name, names)
  const have = names.length === 1 ? 'its command is' : 'its commands are'
  const hint = near === undefined ? `${have} ${names.join(', ')}` : meant(near)
  command.error(`error: unknown command '${name}' of ${command.name()}; ${hint}`)
}
