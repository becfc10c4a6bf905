import { columnFacts } from '../flow/column-facts.ts'
import { F } from '../flow/fields.ts'
import { type Said, SaidTexts } from '../flow/said-texts.ts'
import { hasAddress } from './address-set.ts'
import type { BlockRun } from './block-run.ts'
import { Clock } from './clock-window.ts'
import type { ClockTest, ListTest, TextTest } from './condition.ts'
import type { Node } from './node.ts'
import { hasNumber } from './number-set.ts'
import { millisecondsAt } from './quantity-rows.ts'

/** Texts whose answer is remembered: rows repeat few of them. */
const MOST_TEXTS = 10_000

/** A test of texts; each distinct one is asked once. */
export function textLeaf(test: TextTest): Node {
  const { field, match, said } = test
  const texts = match.is === 'texts' ? new Set(match.texts) : null
  const answers = new Map<string, boolean>()
  const isMatch = (text: string): boolean => {
    let answer = answers.get(text)
    if (answer === undefined) {
      answer = texts === null ? match.is === 'pattern' && match.pattern(text) : texts.has(text)
      if (answers.size >= MOST_TEXTS) answers.clear()
      answers.set(text, answer)
    }
    return answer
  }
  return {
    cost: 100,
    prepare: (block) => (columnFacts(block, field) === undefined ? 'none' : 'some'),
    run(run, out, within) {
      out.fill(0, 0, run.rows)
      if (said !== undefined) {
        selectSaid(run, said, isMatch, out, within)
        return
      }
      const column = run.column(field)
      if (column?.shape !== 'octets') return
      const { starts, lengths, present } = column
      const data = Buffer.from(column.data.buffer, column.data.byteOffset, column.data.byteLength)
      let lastStart = -1
      let lastLength = -1
      let last: 0 | 1 = 0
      for (let row = 0; row < run.rows; row++) {
        if (present[row] === 0 || (within !== null && within[row] === 0)) continue
        const start = starts[row]!
        const length = lengths[row]!
        if (start !== lastStart || length !== lastLength) {
          last = isMatch(data.toString('utf8', start, start + length)) ? 1 : 0
          lastStart = start
          lastLength = length
        }
        out[row] = last
      }
    },
  }
}

/** Sets rows of which the exporter's name for something matches; rows of a block share few names. */
function selectSaid(
  run: BlockRun,
  said: Said,
  isMatch: (text: string) => boolean,
  out: Uint8Array,
  within: Uint8Array | null,
): void {
  const names = SaidTexts.of(said, {
    addresses: run.block.addresses,
    column: (field) => run.column(field),
    codes: (field) => run.codes(field)?.codes ?? null,
  })
  if (names === null) return
  const answers: (0 | 1)[] = []
  for (let row = 0; row < run.rows; row++) {
    if (within !== null && within[row] === 0) continue
    const place = names.at(row)
    if (place < 0) continue
    if (place === answers.length) answers.push(isMatch(names.texts[place]!) ? 1 : 0)
    out[row] = answers[place]!
  }
}

/** A test of the elements of lists, and of the words that octets are made of. */
export function listLeaf(test: ListTest): Node {
  const { field, at, shift, mask, set, addresses } = test
  const known = new Map<number, boolean>()
  const isMatch = (value: number): boolean => {
    let answer = known.get(value)
    if (answer === undefined) {
      const part = value >>> shift
      answer = hasNumber(set, BigInt(mask === 0 ? part : (part & mask) >>> 0))
      if (known.size >= MOST_TEXTS) known.clear()
      known.set(value, answer)
    }
    return answer
  }
  return {
    cost: 30,
    prepare: (block) => (columnFacts(block, field) === undefined ? 'none' : 'some'),
    run(run, out, within) {
      const column = run.column(field)
      out.fill(0, 0, run.rows)
      if (column === null || column.shape === 'fixed' || column.shape === 'octets-list') return
      const { starts, lengths, present, data } = column
      for (let row = 0; row < run.rows; row++) {
        if (present[row] === 0 || (within !== null && within[row] === 0)) continue
        const start = starts[row]!
        const count = lengths[row]!
        if (column.shape === 'octets') {
          const from = start + Number(at) * 4
          if (from + 4 > start + count) continue
          const word =
            ((data[from]! << 24) | (data[from + 1]! << 16) | (data[from + 2]! << 8) | data[from + 3]!) >>> 0
          if (isMatch(word)) out[row] = 1
        } else if (addresses !== null) {
          for (let i = 0; i < count; i++)
            if (hasAddress(addresses, column.data, (start + i) * 4)) out[row] = 1
        } else if (typeof at === 'number') {
          if (at < count && isMatch(data[start + at]!)) out[row] = 1
        } else {
          for (let i = 0; i < count; i++) {
            const value = data[start + i]!
            // The bottom of a label stack has the lowest bit set (RFC 3032 §2.1).
            if (at === 'bottom' && (value & 1) === 0) continue
            if (isMatch(value)) out[row] = 1
            if (at === 'bottom') break
          }
        }
      }
    },
  }
}

/** A test of the time of day at which flows began. */
export function clockLeaf(test: ClockTest): Node {
  const clock = new Clock(test.window)
  return {
    cost: 10,
    prepare: (block) => (columnFacts(block, F.flowStart) === undefined ? 'none' : 'some'),
    run(run, out, within) {
      const column = run.fixed(F.flowStart)
      out.fill(0, 0, run.rows)
      if (column === null) return
      const { words, present } = column
      let lastMinute = -1
      let last: 0 | 1 = 0
      for (let row = 0; row < run.rows; row++) {
        if (present[row] === 0 || (within !== null && within[row] === 0)) continue
        const minute = Math.floor(millisecondsAt(words, row) / 60_000)
        if (minute !== lastMinute) {
          last = clock.has(minute) ? 1 : 0
          lastMinute = minute
        }
        out[row] = last
      }
    },
  }
}
