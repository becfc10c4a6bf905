import type { Cell, ResultTable } from './query.ts'

/** What becomes of one group over time. */
export interface Course {
  /** The keys but time. */
  readonly key: readonly Cell[]
  /** Measures of each bin, in the order of time; null where no input covers the bin. */
  readonly bins: (readonly Cell[] | null)[]
}

export interface Courses {
  /** When bins begin, nanoseconds. */
  readonly times: readonly bigint[]
  /** By the text of their keys, in the order of the answer. */
  readonly groups: ReadonlyMap<string, Course>
}

/** The rows of an answer whose first key is time, gathered by group. */
export function coursesOf({ columns, rows }: ResultTable): Courses {
  const keys = columns.filter(({ role }) => role === 'key').length
  const places = new Map<bigint, number>()
  const groups = new Map<string, Course>()
  for (const row of rows) {
    const time = row[0] as bigint
    let place = places.get(time)
    if (place === undefined) {
      place = places.size
      places.set(time, place)
    }
    const key = row.slice(1, keys)
    const name = keyText(key)
    let course = groups.get(name)
    if (course === undefined) {
      course = { key, bins: [] }
      groups.set(name, course)
    }
    const measures = row.slice(keys)
    course.bins[place] = measures.every((cell) => cell === null) ? null : measures
  }
  return { times: [...places.keys()], groups }
}

/** One text for the cells of a key: equal keys have equal texts, others do not. */
export function keyText(key: readonly Cell[]): string {
  return JSON.stringify(key.map((cell) => (typeof cell === 'bigint' ? `${cell}n` : cell)))
}

/**
 * The value at rank ceil(percent/100 n) of n values sorted ascending, and the number of the first bin that has it; null
 * of no values.
 */
export function percentileOf(
  values: readonly (number | null)[],
  percent: number,
): { readonly value: number; readonly bin: number } | null {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b)
  if (known.length === 0) return null
  // In hundredths of a per cent, because 0.95 * 20 is not 19 in binary.
  const rank = Math.ceil((Math.round(percent * 100) * known.length) / 10_000)
  const value = known[Math.max(1, rank) - 1]!
  return { value, bin: values.indexOf(value) }
}

/** How long each bin lasts in seconds: up to the next one; the window cuts the first and the last one. */
export function binSeconds(times: readonly bigint[], fromNs: bigint, toNs: bigint): number[] {
  return times.map((time, i) => {
    const from = time > fromNs ? time : fromNs
    const to = times[i + 1] ?? toNs
    return Number((to < toNs ? to : toNs) - from) / 1e9
  })
}
