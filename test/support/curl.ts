/** Runs curl, and reads what it has to say. */

export interface CurlResult {
  readonly exitCode: number
  readonly body: Buffer
  readonly sha256: string
  /** One a URL, in order. */
  readonly transfers: readonly Transfer[]
  /** What `--verbose` prints: `> ` and `< ` before the lines of heads. */
  readonly trace: string
}

/** Names as in curl's `--write-out`. */
export interface Transfer {
  readonly http_code: number
  readonly http_version: string
  /** Connections that were opened for it: 0 where one of before was used again. */
  readonly num_connects: number
  readonly size_download: number
  readonly size_upload: number
}

const options = ['--silent', '--verbose', '--no-buffer', '--write-out', '%{stderr}\n%{json}\n']

export function startCurl(...more: string[]) {
  const cmd = ['curl', ...options, ...more]
  return Bun.spawn({ cmd, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
}

export async function curl(...more: string[]): Promise<CurlResult> {
  const child = startCurl(...more)
  const [bytes, trace, exitCode] = await Promise.all([
    child.stdout.bytes(),
    child.stderr.text(),
    child.exited,
  ])
  const transfers = trace
    .split('\n')
    .filter((line) => line.startsWith('{"'))
    .map((line) => JSON.parse(line) as Transfer)
  return { exitCode, body: Buffer.from(bytes), sha256: sha256(bytes), transfers, trace }
}

export function sha256(bytes: Uint8Array): string {
  return new Bun.CryptoHasher('sha256').update(bytes).digest('hex')
}

/** The bytes that `/big` of `http-server.mjs` answers with. */
export function bigPage(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => index % 251)
}
