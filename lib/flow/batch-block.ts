import type { Column, FixedColumn, FlowBatch } from './batch.ts'
import { F, type Field } from './fields.ts'
import type { AddressCodes, BlockColumnFacts, BlockFacts, FlowBlock, ReadColumn } from './source.ts'

const UNKNOWN = 2n ** 64n - 1n

/**
 * A batch as a block, so that what reads blocks reads live batches too: good until the batch is reset. Address codes
 * are given when a column's are asked for first.
 */
export function blockOfBatch(batch: FlowBatch): FlowBlock {
  const rows = batch.rowCount
  const codes = new BatchCodes()
  const read = new Map<Field, { codes: Uint32Array; present: Uint8Array } | null>()
  const held = batch.columns().filter((column) => holdsAny(column, rows))
  const columns = held.map(
    ({ field }): BlockColumnFacts => ({ field, name: field.name, least: 0n, greatest: UNKNOWN }),
  )
  const find = (field: Field) => {
    const column = batch.find(field)
    return column === undefined || !held.includes(column) ? null : column
  }
  const readCodes = (field: Field) => {
    let known = read.get(field)
    if (known === undefined) {
      const column = find(field)
      const isAddress = column?.shape === 'fixed' && field.kind === 'address'
      known = isAddress ? { codes: codes.ofColumn(column, rows), present: column.present } : null
      read.set(field, known)
    }
    return known
  }
  let facts: BlockFacts | null = null
  return {
    get info() {
      facts ??= factsOf(batch)
      return facts
    },
    columns,
    addresses: codes,
    layout: (number) => batch.layouts[number - 1] ?? null,
    read(field): ReadColumn | null {
      const column = find(field)
      return column === null ? null : { column, codes: readCodes(field)?.codes ?? null }
    },
    readCodes,
  }
}

function holdsAny(column: Column, rows: number): boolean {
  const first = column.present.indexOf(1)
  return first >= 0 && first < rows
}

function factsOf(batch: FlowBatch): BlockFacts {
  const range = (field: Field) => {
    let least = UNKNOWN
    let greatest = 0n
    let sum = 0n
    const column = batch.find(field)
    if (column?.shape === 'fixed') {
      for (let row = 0; row < batch.rowCount; row++) {
        if (column.present[row] === 0) continue
        const value = column.wide[row]!
        if (value < least) least = value
        if (value > greatest) greatest = value
        sum += value
      }
    }
    return { least, greatest, sum }
  }
  const received = range(F.timeReceived)
  return {
    rows: batch.rowCount,
    kind: batch.kind,
    leastReceived: received.least,
    greatestReceived: received.greatest,
    leastStart: range(F.flowStart).least,
    greatestEnd: range(F.flowEnd).greatest,
    octets: range(F.octetDeltaCount).sum,
    packets: range(F.packetDeltaCount).sum,
  }
}

/** The addresses of one batch by code, in order of appearance. */
class BatchCodes implements AddressCodes {
  codes = 1
  #words = new Uint32Array(256)
  /** Open addressing; 0 is an empty slot. */
  #slots = new Uint32Array(128)

  words(): Uint32Array {
    return this.#words.subarray(0, this.codes * 4)
  }

  ofColumn(column: FixedColumn, rows: number): Uint32Array {
    const { words, present } = column
    const out = new Uint32Array(rows)
    for (let row = 0; row < rows; row++) if (present[row] === 1) out[row] = this.#codeOf(words, row * 4)
    return out
  }

  #codeOf(words: Uint32Array, at: number): number {
    const [a, b, c, d] = [words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!]
    if ((a | b | c | d) === 0) return 0
    if (this.codes * 2 >= this.#slots.length) this.#grow()
    const mask = this.#slots.length - 1
    for (let slot = hash(a, b, c, d) & mask; ; slot = (slot + 1) & mask) {
      const code = this.#slots[slot]!
      if (code === 0) {
        this.#slots[slot] = this.codes
        this.#words.set([a, b, c, d], this.codes * 4)
        return this.codes++
      }
      const own = this.#words
      if (
        own[code * 4 + 3] === d &&
        own[code * 4 + 2] === c &&
        own[code * 4 + 1] === b &&
        own[code * 4] === a
      )
        return code
    }
  }

  #grow(): void {
    const words = new Uint32Array(this.#words.length * 2)
    words.set(this.#words)
    this.#words = words
    const slots = new Uint32Array(this.#slots.length * 2)
    const mask = slots.length - 1
    for (let code = 1; code < this.codes; code++) {
      const at = code * 4
      let slot = hash(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = code
    }
    this.#slots = slots
  }
}

function hash(a: number, b: number, c: number, d: number): number {
  let h = Math.imul(a ^ Math.imul(b, 0x9e3779b1), 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ d
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d)
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b)
  return (h ^ (h >>> 16)) >>> 0
}
