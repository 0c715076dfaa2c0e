/**
 * The text format of Prometheus, version 0.0.4: metrics with their help, type and samples.
 */
import type { Histogram, Series } from './series.ts'

export const expositionType = 'text/plain; version=0.0.4; charset=utf-8'

export class Exposition {
  #text = ''

  counter(name: string, help: string, series: Series | number): void {
    this.#family(name, help, 'counter', series)
  }

  gauge(name: string, help: string, series: Series | number): void {
    this.#family(name, help, 'gauge', series)
  }

  histogram(name: string, help: string, histogram: Histogram): void {
    this.#head(name, help, 'histogram')
    for (const [labels, { counts, sum }] of histogram.cells()) {
      let total = 0
      for (const [index, count] of counts.entries()) {
        total += count
        const bound = `le="${histogram.bounds[index] ?? '+Inf'}"`
        this.#sample(`${name}_bucket`, labels === '' ? bound : `${labels},${bound}`, total)
      }
      this.#sample(`${name}_sum`, labels, sum)
      this.#sample(`${name}_count`, labels, total)
    }
  }

  toString(): string {
    return this.#text
  }

  #family(name: string, help: string, type: string, series: Series | number): void {
    this.#head(name, help, type)
    if (typeof series === 'number') return this.#sample(name, '', series)
    for (const [labels, value] of series.cells()) this.#sample(name, labels, value)
  }

  #head(name: string, help: string, type: string): void {
    this.#text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
  }

  #sample(name: string, labels: string, value: number): void {
    this.#text += labels === '' ? `${name} ${value}\n` : `${name}{${labels}} ${value}\n`
  }
}
