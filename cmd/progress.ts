import { writeSync } from 'node:fs'
import { isTerminal, STDERR } from './terminal.ts'

export type ProgressMode = 'auto' | 'never' | 'always'

const FIRST_MS = 1000
const EVERY_MS = 200

/** One line on a terminal that says how far a long piece of work is; nothing where stderr is none. */
export class Progress {
  readonly #mode: ProgressMode
  readonly #startMs = performance.now()
  #shownMs = 0
  #width = 0

  constructor(mode: ProgressMode) {
    this.#mode = mode
  }

  /** To be called often; `total` is the octets of all inputs, 0 where that is not known. */
  update(rows: number, octets: number, total: number): void {
    if (this.#mode === 'never') return
    const nowMs = performance.now()
    const passedMs = nowMs - this.#startMs
    if (passedMs < FIRST_MS || nowMs - this.#shownMs < EVERY_MS || !isTerminal(STDERR)) return
    this.#shownMs = nowMs
    const perSecond = octets / passedMs / 1000
    const facts = [`${rows} rows`, `${perSecond.toFixed(1)} MB/s`]
    if (total > octets && octets > 0) facts.push(`${clock(((total - octets) / octets) * passedMs)} left`)
    this.#print(facts.join(', '))
  }

  /** Takes the line away. */
  end(): void {
    if (this.#width > 0) this.#print('')
  }

  #print(text: string): void {
    tell(`\r${text.padEnd(this.#width)}${text === '' ? '\r' : ''}`)
    this.#width = text.length
  }
}

/** `0:07`, `2:05:00` */
function clock(ms: number): string {
  const seconds = Math.round(ms / 1000)
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const padded = (value: number) => String(value).padStart(2, '0')
  return h > 0 ? `${h}:${padded(m)}:${padded(s)}` : `${m}:${padded(s)}`
}

/** Writes to stderr at once; that nobody reads it is no failure. */
export function tell(text: string): void {
  try {
    writeSync(STDERR, text)
  } catch {
    // It is full or closed: the work matters more.
  }
}
