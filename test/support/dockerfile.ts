/**
 * A Dockerfile as a list of its instructions; only what the project's own one uses is understood.
 */

export interface Instruction {
  /** In capitals. */
  readonly name: string
  /** Flags such as `--from=build`. */
  readonly flags: Readonly<Record<string, string>>
  /** What follows them: the words, or the items of the exec form. */
  readonly words: readonly string[]
  /** Whether it is written as a JSON list, so that no shell is asked. */
  readonly isExec: boolean
}

export interface Stage {
  /** What it is built on. */
  readonly base: string
  readonly name: string | undefined
  readonly instructions: readonly Instruction[]
}

export function readDockerfile(text: string): Stage[] {
  const lines = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replaceAll('\\\n', ' ')
    .split('\n')
  const stages: { base: string; name: string | undefined; instructions: Instruction[] }[] = []
  for (const line of lines.filter((each) => each.trim() !== '')) {
    const instruction = readInstruction(line)
    const [base = '', , name] = instruction.words
    if (instruction.name === 'FROM') stages.push({ base, name, instructions: [] })
    else stages.at(-1)?.instructions.push(instruction)
  }
  return stages
}

function readInstruction(line: string): Instruction {
  const [, name = '', flagText = '', rest = ''] = /^(\w+)((?: +--\S+)*) *(.*)$/.exec(line) ?? []
  const flags = Object.fromEntries(
    [...flagText.matchAll(/--([\w-]+)=(\S+)/g)].map(([, key = '', value = '']) => [key, value]),
  )
  // HEALTHCHECK has a CMD of its own.
  const command = name === 'HEALTHCHECK' ? rest.replace(/^CMD +/, '') : rest
  const isExec = command.startsWith('[')
  const words: string[] = isExec ? JSON.parse(command) : command.split(/ +/)
  return { name, flags, words, isExec }
}
