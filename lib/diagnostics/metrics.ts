export interface MetricSample {
  /** Label names and values, in printing order. */
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** One Prometheus metric with all its label sets; plain data, so that it can cross threads. */
export interface MetricFamily {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'summary'
  readonly samples: readonly MetricSample[]
}

/** Joins the families of several workers: samples of equal name and labels are added. */
export function mergeFamilies(lists: readonly (readonly MetricFamily[])[]): MetricFamily[] {
  const families = new Map<string, { family: MetricFamily; samples: Map<string, MetricSample> }>()
  for (const list of lists) {
    for (const family of list) {
      let merged = families.get(family.name)
      if (merged === undefined) {
        merged = { family, samples: new Map() }
        families.set(family.name, merged)
      }
      for (const sample of family.samples) {
        const key = JSON.stringify(sample.labels)
        const known = merged.samples.get(key)
        const value = sample.value + (known?.value ?? 0)
        merged.samples.set(key, { labels: sample.labels, value })
      }
    }
  }
  return [...families.values()].map(({ family, samples }) => ({ ...family, samples: [...samples.values()] }))
}
