import type { CellTable, Volume } from './cell-table.ts'
import { BIN_MS } from './volume-search.ts'

/** A time in which a target got far more than usual. */
export interface AttackTime {
  readonly target: number
  readonly isPrefix: boolean
  readonly firstBin: number
  readonly lastBin: number
  /** Most per second of any minute. */
  readonly peak: Volume
  /** What would have been usual at the peak, per second, in the measure that stands out most. */
  readonly usual: number
  /** Peak against usual; null where nothing is usual. */
  readonly timesUsual: number | null
}

/** From what a minute may be an attack at all: per second. */
export interface Floors {
  readonly bps: number
  readonly pps: number
  readonly fps: number
  /** Times the usual. */
  readonly factor: number
}

const DAY_BINS = 1440
/** Days that are compared with, at most. */
const MOST_DAYS = 28
const HOUR_BINS = 60
/** Minutes that an attack may pause. */
const PAUSE = 2
const SECONDS = BIN_MS / 1000
/** A standard deviation, from a median of deviations of a normal distribution. */
const MAD_FACTOR = 1.4826

/** Times of targets above floors and above what is usual for them; `factor` 0 leaves the usual out. */
export function attackTimes(
  cells: CellTable,
  isPrefix: boolean,
  span: { readonly first: number; readonly last: number },
  floors: Floors,
): AttackTime[] {
  const isHigh = (cell: number) =>
    cells.octets[cell]! * 8 >= floors.bps * SECONDS ||
    cells.packets[cell]! >= floors.pps * SECONDS ||
    cells.flows[cell]! >= floors.fps * SECONDS
  const own = new Map<number, number[]>()
  for (let cell = 0; cell < cells.size; cell++) if (isHigh(cell)) own.set(cells.targets[cell]!, [])
  for (let cell = 0; cell < cells.size; cell++) own.get(cells.targets[cell]!)?.push(cell)
  const found: AttackTime[] = []
  for (const [target, list] of own) {
    list.sort((a, b) => cells.bins[a]! - cells.bins[b]!)
    const series = [cells.octets, cells.packets, cells.flows].map((values) => {
      const byBin = new Map<number, number>()
      for (const cell of list) byBin.set(cells.bins[cell]!, values[cell]! / SECONDS)
      return new Usual(byBin, span)
    })
    const least = [floors.bps / 8, floors.pps, floors.fps]
    let run: { first: number; last: number } | null = null
    const finish = () => {
      if (run !== null) found.push(attackOf(target, isPrefix, run.first, run.last, series))
      run = null
    }
    for (const cell of list) {
      const bin = cells.bins[cell]!
      const stands = series.some((each, i) => {
        const value = each.at(bin)
        return value >= least[i]! && value >= floors.factor * each.usualAt(bin)
      })
      if (!stands) continue
      if (run !== null && bin - run.last > PAUSE + 1) finish()
      run = run === null ? { first: bin, last: bin } : { first: run.first, last: bin }
    }
    finish()
  }
  return found
}

function attackOf(
  target: number,
  isPrefix: boolean,
  firstBin: number,
  lastBin: number,
  series: readonly Usual[],
): AttackTime {
  const peaks = series.map(() => 0)
  let timesUsual: number | null = null
  let usual = 0
  for (let bin = firstBin; bin <= lastBin; bin++) {
    for (const [i, each] of series.entries()) {
      const value = each.at(bin)
      // Where mostly nothing came, the mean of the rest is what there is to compare with.
      const base = each.usualAt(bin) || each.meanWithout(firstBin, lastBin)
      if (value > peaks[i]!) peaks[i] = value
      if (base > 0 && value / base > (timesUsual ?? 0)) {
        timesUsual = value / base
        usual = base
      }
    }
  }
  const [octets, packets, flows] = peaks as [number, number, number]
  return { target, isPrefix, firstBin, lastBin, peak: { octets, packets, flows }, usual, timesUsual }
}

/** One measure of a target by minute, and what is usual for it. */
class Usual {
  readonly #byBin: ReadonlyMap<number, number>
  readonly #first: number
  readonly #last: number
  #ofWindow: number | null = null
  readonly #ofHours = new Map<number, number>()

  constructor(byBin: ReadonlyMap<number, number>, { first, last }: { first: number; last: number }) {
    this.#byBin = byBin
    this.#first = first
    this.#last = last
  }

  at(bin: number): number {
    return this.#byBin.get(bin) ?? 0
  }

  /**
   * Of the same hour of days before where there are some: their median plus three deviations. Else the same of
   * the whole window. Minutes without traffic are zeros.
   */
  usualAt(bin: number): number {
    if (bin - DAY_BINS < this.#first) {
      this.#ofWindow ??= robust([...this.#byBin.values()], this.#last - this.#first + 1 - this.#byBin.size)
      return this.#ofWindow
    }
    const hour = Math.floor(bin / HOUR_BINS)
    let usual = this.#ofHours.get(hour)
    if (usual === undefined) {
      usual = this.#ofHour(hour)
      this.#ofHours.set(hour, usual)
    }
    return usual
  }

  /** Of the same hour of the days before. */
  #ofHour(hour: number): number {
    const values: number[] = []
    for (let day = 1; day <= MOST_DAYS; day++) {
      const from = (hour - day * 24) * HOUR_BINS
      if (from + HOUR_BINS <= this.#first) break
      for (let bin = Math.max(this.#first, from); bin < from + HOUR_BINS; bin++) values.push(this.at(bin))
    }
    return robust(values, 0)
  }

  /** The mean of the window without some bins. */
  meanWithout(first: number, last: number): number {
    let sum = 0
    for (const [bin, value] of this.#byBin) if (bin < first || bin > last) sum += value
    return sum / Math.max(1, this.#last - this.#first + 1 - (last - first + 1))
  }
}

/** Median plus three median absolute deviations, scaled to a standard deviation, of values and so many zeros. */
export function robust(values: readonly number[], zeros: number): number {
  // Hostile times make windows of centuries: those zeros are never written down.
  if (zeros >= values.length) return 0
  const all = [...values, ...new Array<number>(Math.max(0, zeros)).fill(0)]
  const middle = median(all)
  return middle + 3 * MAD_FACTOR * median(all.map((value) => Math.abs(value - middle)))
}

function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort()
  const half = sorted.length >>> 1
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}
