/**
 * What was heard of something that goes on by itself, and whoever waits to hear more of it. Waiting has
 * no deadline of its own: the test's time limit is the deadline.
 */
export class Journal<Item> {
  readonly #items: Item[] = []
  readonly #readers = new Set<Reader<Item>>()
  #end: Error | undefined

  /** Everything so far, oldest first. */
  get items(): readonly Item[] {
    return this.#items
  }

  add(item: Item): void {
    this.#items.push(item)
    for (const reader of this.#readers) reader.hear(item)
  }

  /** Nothing more will come: whoever waits, or begins to, is told why. */
  end(reason: Error): void {
    this.#end = reason
    for (const reader of this.#readers) reader.fail(reason)
  }

  /** The first item that satisfies, past or to come. */
  find<Found extends Item>(isWanted: (item: Item) => item is Found): Promise<Found>
  find(isWanted: (item: Item) => boolean): Promise<Item>
  find(isWanted: (item: Item) => boolean): Promise<Item> {
    const index = this.#items.findIndex(isWanted)
    if (index >= 0) return Promise.resolve(this.#items[index]!)
    if (this.#end !== undefined) return Promise.reject(this.#end)
    return new Promise((resolve, reject) => {
      const reader: Reader<Item> = {
        hear: (item) => {
          if (!isWanted(item)) return
          this.#readers.delete(reader)
          resolve(item)
        },
        fail: reject,
      }
      this.#readers.add(reader)
    })
  }
}

interface Reader<Item> {
  hear(item: Item): void
  fail(reason: Error): void
}
