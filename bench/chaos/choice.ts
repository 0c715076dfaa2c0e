// Which rows of a table are run.

/** What names a row, and the program that must be installed for it. */
interface Row {
  name: string
  program: string
}

/** The parts of names in `a,b`; empty: everything is meant. */
export function partsIn(list: string): string[] {
  return list.split(',').filter((part) => part !== '')
}

export function isChosen(name: string, parts: readonly string[]): boolean {
  return parts.length === 0 || parts.some((part) => name.includes(part))
}

/** Those asked for and installed; says which are left out. */
export function chooseInstalled<R extends Row>(rows: readonly R[], only: readonly string[]): R[] {
  return rows.filter(({ name, program }) => {
    if (!isChosen(name, only)) return false
    const isInstalled = Bun.which(program) !== null
    if (!isInstalled) console.log(`${name} is left out: ${program} is not installed`)
    return isInstalled
  })
}
