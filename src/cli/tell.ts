/**
 * What is told beside the output of a command, on standard error: dim in a terminal, where the runtime
 * would print it red, as if it were an error.
 */
export function tell(line: string): void {
  const isColoured = Bun.enableANSIColors && process.stderr.isTTY
  console.error(isColoured ? `\x1b[0;2m${line}` : line)
}
