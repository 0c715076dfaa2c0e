/**
 * A client of echo servers that always has a few numbered messages under way, and notices when one is
 * missing, twice, or in another place. What is no number is the name of a server, and not its business.
 */
const inFlight = 4

export class Talker {
  readonly #socket: WebSocket
  #said = 0
  #heard = 0
  #onHeard = () => {}
  /** What came otherwise than it was said. */
  fault: string | undefined

  constructor(url: string) {
    this.#socket = new WebSocket(url)
    this.#socket.addEventListener('open', () => {
      for (let count = 0; count < inFlight; count++) this.#say()
    })
    this.#socket.addEventListener('message', ({ data }) => this.#hear(String(data)))
    this.#socket.addEventListener('close', ({ code }) => this.#fail(`closed with ${code}`))
  }

  /** When so many more have come back, or one has not. */
  async hear(more: number): Promise<void> {
    const until = this.#heard + more
    while (this.#heard < until && this.fault === undefined)
      await new Promise<void>((resolve) => (this.#onHeard = resolve))
  }

  end(): void {
    this.#socket.terminate()
  }

  #say(): void {
    this.#socket.send(String(this.#said++))
  }

  #hear(text: string): void {
    if (!/^\d+$/.test(text)) return
    if (text !== String(this.#heard)) this.#fail(`${text} came instead of ${this.#heard}`)
    this.#heard++
    this.#say()
    this.#onHeard()
  }

  #fail(fault: string): void {
    this.fault ??= fault
    this.#onHeard()
  }
}
