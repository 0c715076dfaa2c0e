// A number of the command line.

/** @throws TypeError where it is none from 1 to `most`. */
export function wholeFrom(option: string, text: string, most: number): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1 && number <= most) return number
  throw new TypeError(`${option}: expected a whole number from 1 to ${most}`)
}
