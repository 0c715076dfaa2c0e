/**
 * Prometheus' own judgement of an exposition.
 */
export interface Judgement {
  readonly exitCode: number
  /** Faults and lints, a line each. */
  readonly complaints: string
}

/** Runs `promtool check metrics`. */
export async function checkMetrics(exposition: string): Promise<Judgement> {
  const child = Bun.spawn(['promtool', 'check', 'metrics'], {
    stdin: new Blob([exposition]),
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()])
  return { exitCode: await child.exited, complaints: stdout + stderr }
}
