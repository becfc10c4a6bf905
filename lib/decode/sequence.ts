/** What a sequence number counts: the datagrams sent so far, or the records in them. */
export type SequenceUnit = 'datagrams' | 'records'

/** What the sequence numbers of one exporter say, all its domains together. */
export interface SequenceTotals {
  /** Whether a jump too far to be loss is a restart; else it is loss all the same. */
  readonly takesResets: boolean
  /** Datagrams or records, by the protocol's own unit, that never came. */
  lost: number
  reordered: number
  duplicates: number
  resets: number
}

/** No totals yet. */
export function newSequenceTotals(takesResets = true): SequenceTotals {
  return { takesResets, lost: 0, reordered: 0, duplicates: 0, resets: 0 }
}

/** Plain form for the state file. */
export interface SequenceState {
  readonly next: number
  readonly unit: SequenceUnit
}

/** Gaps that may still be filled by datagrams that were overtaken. */
const GAPS = 8
/** Datagrams after which a gap is loss. */
const PATIENCE = 32
/** Ticks after which a gap is loss. */
const PATIENCE_TICKS = 2
/** How far back a datagram counts as late; farther back, the exporter began anew. */
const BACK = { datagrams: 256, records: 16_384 }
/** How far ahead a jump counts as loss; farther ahead, the exporter began anew. */
const AHEAD = { datagrams: 2 ** 20, records: 2 ** 24 }
/** Contradictions in a row before the exporter is taken to count the other unit. */
const VOTES = 3
/** Late datagrams in unbroken order before they are taken for a restart with lower numbers. */
const LATE_RUN = 4
/** An uptime that falls by more than this many milliseconds is a restart, not reordering. */
const UPTIME_BACK = 60_000

/** Watches the sequence numbers of one observation domain, source id, engine or sFlow agent. */
export class Sequence {
  readonly #totals: SequenceTotals
  #unit: SequenceUnit
  #isStarted = false
  /** False while the last datagram's records could not be counted: the next number cannot be foretold. */
  #isForetold = false
  #next = 0
  /** Number and records of the datagram that arrived last, in order or not. */
  #arrived = 0
  #records = -1
  #uptime = -1
  #votes = 0
  /** Duplicates counted while a vote for the other unit was open. */
  #doubtful = 0
  #lateNext = 0
  #lateRun = 0
  #datagrams = 0
  #gaps: Gap[] | null = null

  constructor(unit: SequenceUnit, totals: SequenceTotals) {
    this.#unit = unit
    this.#totals = totals
  }

  get unit(): SequenceUnit {
    return this.#unit
  }

  /**
   * Takes the number of one datagram, the records in it (-1 where they could not be counted) and the exporter's
   * uptime (-1 where there is none). Adds itself to `waiting` while a gap may still close.
   */
  note(sequence: number, records: number, uptime: number, waiting: Set<Sequence>): void {
    this.#datagrams++
    const step = this.#unit === 'datagrams' ? 1 : Math.max(records, 0)
    if (!this.#isStarted || this.#hasRestarted(uptime)) {
      this.#restart(sequence, step, records, uptime)
      return
    }
    if (this.#hasOtherUnit(sequence, records)) {
      const turned = this.#unit === 'datagrams' ? 1 : Math.max(records, 0)
      this.#advance(sequence, turned, records, uptime)
      return
    }
    const ahead = this.#isForetold ? (sequence - this.#next) | 0 : 0
    if ((ahead > AHEAD[this.#unit] && this.#totals.takesResets) || ahead < -BACK[this.#unit]) {
      this.#totals.resets++
      this.#restart(sequence, step, records, uptime)
      return
    }
    if (ahead < 0) {
      this.#takeLate(sequence, step, records, uptime)
      return
    }
    if (ahead > 0) this.#open(ahead, waiting)
    this.#lateRun = 0
    if (this.#votes === 0) this.#doubtful = 0
    this.#advance(sequence, step, records, uptime)
    if (this.#gaps !== null && this.#gaps.length > 0) this.#expire()
  }

  /** Once a second: counts gaps that were waited for long enough as lost; returns whether any is left. */
  tick(): boolean {
    const gaps = this.#gaps
    if (gaps === null) return false
    for (const gap of gaps) gap.ticks++
    while (gaps.length > 0 && gaps[0]!.ticks > PATIENCE_TICKS) this.#lose(gaps.shift()!)
    return gaps.length > 0
  }

  save(): SequenceState | null {
    return this.#isStarted && this.#isForetold ? { next: this.#next, unit: this.#unit } : null
  }

  restore(state: SequenceState): void {
    if (this.#isStarted) return
    this.#isStarted = true
    this.#isForetold = true
    this.#unit = state.unit
    this.#next = state.next >>> 0
  }

  #advance(sequence: number, step: number, records: number, uptime: number): void {
    this.#next = (sequence + step) >>> 0
    this.#isForetold = this.#unit === 'datagrams' || records >= 0
    this.#arrived = sequence
    this.#records = records
    this.#uptime = uptime
  }

  #restart(sequence: number, step: number, records: number, uptime: number): void {
    this.#isStarted = true
    this.#votes = 0
    this.#lateRun = 0
    if (this.#gaps !== null) while (this.#gaps.length > 0) this.#lose(this.#gaps.shift()!)
    this.#advance(sequence, step, records, uptime)
  }

  #hasRestarted(uptime: number): boolean {
    if (uptime < 0 || this.#uptime < 0 || ((this.#uptime - uptime) | 0) <= UPTIME_BACK) return false
    this.#totals.resets++
    return true
  }

  /** Some boxes count flows where the protocol says datagrams, and the reverse; the numbers give them away. */
  #hasOtherUnit(sequence: number, records: number): boolean {
    const before = this.#records
    const step = (sequence - this.#arrived) >>> 0
    this.#arrived = sequence
    if (before < 0) {
      this.#records = records
      return false
    }
    const own = this.#unit === 'datagrams' ? 1 : before
    const other = this.#unit === 'datagrams' ? before : 1
    this.#records = records
    if (step === own) this.#votes = 0
    else if (step === other && step > 0) this.#votes++
    if (this.#votes < VOTES) return false
    this.#votes = 0
    this.#unit = this.#unit === 'datagrams' ? 'records' : 'datagrams'
    // What looked like gaps or repetitions in the wrong unit was none.
    if (this.#gaps !== null) this.#gaps.length = 0
    this.#totals.duplicates -= this.#doubtful
    this.#doubtful = 0
    this.#lateRun = 0
    return true
  }

  #takeLate(sequence: number, step: number, records: number, uptime: number): void {
    const gap = this.#gapOf(sequence)
    if (gap !== null) {
      gap.missing -= Math.min(gap.missing, step)
      this.#totals.reordered++
      if (gap.missing === 0) this.#gaps!.splice(this.#gaps!.indexOf(gap), 1)
      return
    }
    this.#lateRun = this.#lateRun > 0 && sequence === this.#lateNext ? this.#lateRun + 1 : 1
    this.#lateNext = (sequence + step) >>> 0
    if (this.#lateRun < LATE_RUN) {
      this.#totals.duplicates++
      if (this.#votes > 0) this.#doubtful++
      return
    }
    this.#totals.duplicates -= LATE_RUN - 1
    this.#totals.resets++
    this.#restart(sequence, step, records, uptime)
  }

  #gapOf(sequence: number): Gap | null {
    if (this.#gaps !== null)
      for (const gap of this.#gaps) if ((sequence - gap.start) >>> 0 < gap.length) return gap
    return null
  }

  #open(length: number, waiting: Set<Sequence>): void {
    this.#gaps ??= []
    if (this.#gaps.length === GAPS) this.#lose(this.#gaps.shift()!)
    this.#gaps.push({ start: this.#next, length, missing: length, since: this.#datagrams, ticks: 0 })
    waiting.add(this)
  }

  #expire(): void {
    const gaps = this.#gaps!
    while (gaps.length > 0 && this.#datagrams - gaps[0]!.since > PATIENCE) this.#lose(gaps.shift()!)
  }

  #lose(gap: Gap): void {
    this.#totals.lost += gap.missing
  }
}

interface Gap {
  readonly start: number
  readonly length: number
  missing: number
  readonly since: number
  ticks: number
}
