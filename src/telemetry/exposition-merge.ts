/**
 * Several expositions as one: those of processes that together are one gateway.
 *
 * Counters and histograms are summed by series, and so are gauges that count something; a gauge that is a fact
 * of the whole, or the same in all processes, is taken by the rule of its name.
 */

/** A metric: what it is, and its series, by name and labels as they are exposed. */
interface Family {
  readonly name: string
  readonly help: string
  readonly type: string
  /** In their order: `sluice_sessions{route="chat"}`, and those of a histogram's parts. */
  readonly samples: Map<string, number>
}

/** By name, in their order. */
export type Families = Map<string, Family>

/** @param text as `Exposition` writes it. */
export function parseExposition(text: string): Families {
  const families: Families = new Map()
  let family: Family | undefined
  let help = ''
  for (const line of text.split('\n')) {
    if (line.startsWith('# HELP ')) help = line.slice('# HELP '.length)
    else if (line.startsWith('# TYPE ')) {
      const [name = '', type = ''] = line.slice('# TYPE '.length).split(' ')
      family = { name, type, help: help.slice(name.length + 1), samples: new Map() }
      families.set(name, family)
    } else if (line !== '') {
      // Label values may have spaces, numbers have none.
      const end = line.lastIndexOf(' ')
      family?.samples.set(line.slice(0, end), Number(line.slice(end + 1)))
    }
  }
  return families
}

/** @returns the text format of Prometheus. */
export function formatFamilies(families: Families): string {
  let text = ''
  for (const { name, help, type, samples } of families.values()) {
    text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
    for (const [series, value] of samples) text += `${series} ${value}\n`
  }
  return text
}

/** @returns what they come to together; they themselves stay as they are. */
export function mergeFamilies(all: Iterable<Families>): Families {
  const merged: Families = new Map()
  for (const families of all) for (const family of families.values()) addFamily(merged, family)
  return merged
}

/**
 * What is left of a process that has ended: its counts, so that none goes down. What they were counts of may be
 * gone one day, as endpoints come and go, so those of endpoints that `isKnown` does not know are forgotten.
 *
 * @param isKnown whether some process still tells of an endpoint, by `upstream="…",endpoint="…"`.
 */
export function retire(families: Families, isKnown: (endpoint: string) => boolean): Families {
  const retired: Families = new Map()
  for (const family of families.values()) {
    if (family.type === 'gauge') continue
    const samples = [...family.samples].filter(([series]) => {
      const endpoint = endpointIn(series)
      return endpoint === undefined || isKnown(endpoint)
    })
    retired.set(family.name, { ...family, samples: new Map(samples) })
  }
  return retired
}

/** The endpoints that are told of, as `retire` asks for them. */
export function endpointsIn(families: Families): ReadonlySet<string> {
  const names = [...(families.get('sluice_endpoint_sessions')?.samples.keys() ?? [])].map(
    endpointIn,
  )
  return new Set(names.filter((name) => name !== undefined))
}

function endpointIn(series: string): string | undefined {
  return /upstream="[^"]*",endpoint="(?:[^"\\]|\\.)*"/.exec(series)?.[0]
}

function addFamily(merged: Families, family: Family): void {
  const known = merged.get(family.name)
  if (known === undefined) {
    merged.set(family.name, { ...family, samples: new Map(family.samples) })
    return
  }
  for (const [series, value] of family.samples) {
    const before = known.samples.get(series)
    const join = family.type === 'gauge' ? joinGauge(family.name, series) : sum
    known.samples.set(series, before === undefined ? value : join(before, value))
  }
}

type Join = (left: number, right: number) => number
const sum: Join = (left, right) => left + right

/** Gauges that are no numbers of things each process has for itself. */
const joins: Readonly<Record<string, Join>> = {
  sluice_build_info: Math.max,
  // The one that ends first is what somebody has to hear of.
  sluice_certificate_expiry_timestamp_seconds: Math.min,
  sluice_discovery_failing: Math.max,
  // It takes new sessions, whichever process they come to.
  sluice_endpoint_up: Math.min,
  // The same in all.
  sluice_endpoint_weight: Math.max,
  // What the slowest measures.
  sluice_endpoint_latency_seconds: Math.max,
  process_start_time_seconds: Math.min,
}

function joinGauge(name: string, series: string): Join {
  // All have the same endpoints: one that is healthy to all counts as such, else as what it is to the others.
  if (name === 'sluice_upstream_endpoints')
    return series.includes('state="healthy"') ? Math.min : Math.max
  return joins[name] ?? sum
}
