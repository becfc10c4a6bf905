import { NEW_MEMORY, type ValueMemory } from '../flow/block-memory.ts'
import { Damage } from './damage.ts'
import { ENCODING, MOST_VALUES, PLANE_ENTRY_OCTETS, STREAM_ENTRY_OCTETS } from './encoding.ts'
import type { BodyReader } from './frame-scan.ts'
import { findPairs } from './key-table.ts'
import { PlaneReader, type PlanesFacts, pairsOf } from './plane-reader.ts'
import { findWords, gatherRuns, gatherWords } from './row-kernels.ts'
import {
  checkRuns,
  type Decoded,
  isWide,
  lengthOf,
  narrowed,
  newWide,
  newWords,
  plain,
  runsOf,
  type Scaled,
  subtract,
  undelta,
  valuesOf,
  widened,
} from './scaled.ts'
import { addToOctets, addToPairs, greatestOf, lookUp, select } from './stream-kernels.ts'

/** What ATTR and FAMILY streams need to know of addresses; both may throw Damage. */
export interface AddressFacts {
  /** Four words per code. */
  words(): Uint32Array
  /** One value per code. */
  attribute(number: number): Uint32Array
}

/** Decodes the streams of one frame's tables (FORMAT.md 4); throws Damage for what it cannot believe. */
export class StreamReader {
  readonly #tables: Buffer
  readonly #streams: number
  readonly #planes: PlaneReader
  readonly #addresses: AddressFacts | null
  readonly #memory: ValueMemory
  readonly #known = new Map<number, Decoded>()

  /** `tables` holds both tables and may be longer; `body` reads octets of the frame's body; values go to `memory`. */
  constructor(
    tables: Buffer,
    counts: { readonly streams: number; readonly planes: number },
    body: BodyReader,
    addresses: AddressFacts | null,
    memory: ValueMemory = NEW_MEMORY,
  ) {
    this.#tables = tables
    this.#streams = counts.streams
    this.#addresses = addresses
    this.#memory = memory
    const octets = counts.streams * STREAM_ENTRY_OCTETS + counts.planes * PLANE_ENTRY_OCTETS
    if (octets > tables.length) throw new Damage('tables are longer than the head')
    const table = tables.subarray(counts.streams * STREAM_ENTRY_OCTETS)
    this.#planes = new PlaneReader(table, counts.planes, body, memory)
  }

  // What these methods return is shared: whoever changes it makes a copy.

  /** Values of stream `number`, of which there must be `count`; null where they need more than a factor and a sum. */
  scaled(number: number, count: number): Scaled | null {
    const values = this.#counted(number, count)
    return isWide(values) ? null : values
  }

  /** As `scaled`, in 32 bits each. */
  narrow(number: number, count: number): Uint32Array {
    this.#counted(number, count)
    return this.#narrowOf(number, this.#streams)
  }

  /** As `scaled`, in 64 bits each. */
  wide(number: number, count: number): BigUint64Array {
    return widened(this.#counted(number, count), this.#memory)
  }

  /** As `narrow`, each value once with how often it comes one after the other; null where they are not stored so. */
  runs(number: number, count: number): { values: Uint32Array; lengths: Uint32Array } | null {
    const streams = this.#runStreams(number, count)
    if (streams === null) return null
    return { values: this.#narrowOf(streams.values, number - 1), lengths: streams.lengths }
  }

  /** As `runs`, in 64 bits each. */
  wideRuns(number: number, count: number): { values: BigUint64Array; lengths: Uint32Array } | null {
    const streams = this.#runStreams(number, count)
    if (streams === null) return null
    const values = widened(this.#stream(streams.values, number - 1), this.#memory)
    return { values, lengths: streams.lengths }
  }

  /** The stream of values of runs, and their lengths. */
  #runStreams(number: number, count: number): { values: number; lengths: Uint32Array } | null {
    const at = this.#entryAt(number, this.#streams)
    const tables = this.#tables
    if (tables[at] !== ENCODING.runs || tables.readUInt32LE(at + 4) !== count) return null
    const values = tables.readUInt32LE(at + 20)
    const lengths = this.#narrowOf(tables.readUInt32LE(at + 24), number - 1)
    checkRuns(this.count(values), lengths, count)
    return { values, lengths }
  }

  /** What all values of a stream are; null where they are not stored so. */
  constant(number: number): bigint | null {
    const at = this.#entryAt(number, this.#streams)
    return this.#tables[at] === ENCODING.constant ? this.#tables.readBigUInt64LE(at + 8) : null
  }

  /** Writes values `wanted[0 … many-1]`, which ascend, of `count` to `out`; false where they do not fit 32 bits. */
  gather(number: number, count: number, wanted: Uint32Array, many: number, out: Uint32Array): boolean {
    if (!this.#known.has(number)) {
      const facts = this.#planesFacts(number, count)
      if (facts !== null && this.#planes.gather(number, facts, wanted, many, out)) return true
      const runs = this.#runStreams(number, count)
      if (runs !== null) {
        const values = narrowed(this.#stream(runs.values, number - 1), this.#memory)
        if (values !== null) gatherRuns(values, runs.lengths, wanted, many, out)
        return values !== null
      }
    }
    const values = narrowed(this.#counted(number, count), this.#memory)
    if (values === null) return false
    gatherWords(values, wanted, many, out)
    return true
  }

  /** Writes the places of values from `low` to `high` to `found`; returns how many, or -1 if values do not fit 32 bits. */
  find(number: number, count: number, low: number, high: number, found: Uint32Array): number {
    if (!this.#known.has(number)) {
      const facts = this.#planesFacts(number, count)
      const many = facts === null ? -1 : this.#planes.find(number, facts, low, high, found)
      if (many >= 0) return many
    }
    const decoded = this.#counted(number, count)
    if (!isWide(decoded) && decoded.unit === 1n && decoded.base < 2n ** 32n) {
      // The range is moved, not the values.
      const base = Number(decoded.base)
      return high < base ? 0 : findWords(decoded.values, Math.max(0, low - base), high - base, found)
    }
    const values = narrowed(decoded, this.#memory)
    return values === null ? -1 : findWords(values, low, high, found)
  }

  /** What a stream says that is planes and a base and nothing else; else null. */
  #planesFacts(number: number, count: number): PlanesFacts | null {
    const at = this.#entryAt(number, this.#streams)
    const tables = this.#tables
    if (tables[at] !== ENCODING.planes || tables[at + 1] !== 0 || tables.readUInt32LE(at + 4) !== count)
      return null
    return {
      count,
      base: tables.readBigUInt64LE(at + 8),
      unit: 1n,
      first: tables.readUInt32LE(at + 16),
      planes: tables[at + 2]!,
    }
  }

  /** As `narrow` for a column of octets: what does not fit is cut. */
  small(number: number, count: number): Uint8Array {
    const plane = this.#onePlane(number, count, 8)
    if (plane !== null) {
      const from = this.#smallBase(number)
      if (from === 0) return plane
      const out = new Uint8Array(this.#memory.buffer(count), 0, count)
      addToOctets(plane, from, out)
      return out
    }
    const out = new Uint8Array(this.#memory.buffer(count), 0, count)
    out.set(this.narrow(number, count))
    return out
  }

  /** As `small` for a column of 16-bit numbers. */
  pairs(number: number, count: number): Uint16Array {
    const plane = this.#onePlane(number, count, 16)
    if (plane !== null) {
      const values = pairsOf(plane)
      const from = this.#smallBase(number)
      if (from === 0) return values
      const out = new Uint16Array(this.#memory.buffer(count * 2), 0, count)
      addToPairs(values, from, out)
      return out
    }
    const out = new Uint16Array(this.#memory.buffer(count * 2), 0, count)
    out.set(this.narrow(number, count))
    return out
  }

  /** The plane of a stream that is one of this width and nothing else but a base, not decoded yet; else null. */
  #onePlane(number: number, count: number, bits: 8 | 16): Uint8Array | null {
    const facts = this.#known.has(number) ? null : this.#planesFacts(number, count)
    if (facts === null || facts.planes !== 1 || count === 0) return null
    return this.#planes.octetsOf(facts.first) * 8 === count * bits ? this.#planes.plane(facts.first) : null
  }

  #smallBase(number: number): number {
    return this.#tables.readUInt32LE(this.#entryAt(number, this.#streams) + 8)
  }

  #counted(number: number, count: number): Decoded {
    const values = this.#stream(number, this.#streams)
    if (lengthOf(values) !== count)
      throw new Damage(`stream ${number} has ${lengthOf(values)} values, not ${count}`)
    return values
  }

  /** How many values stream `number` has. */
  count(number: number): number {
    return this.#tables.readUInt32LE(this.#entryAt(number, this.#streams) + 4)
  }

  /** The octets of an OCTETS stream. */
  octets(number: number): Uint8Array {
    const at = this.#entryAt(number, this.#streams)
    if (this.#tables[at] !== ENCODING.octets) throw new Damage(`stream ${number} does not hold octets`)
    const count = this.#tables.readUInt32LE(at + 4)
    if (count === 0) return new Uint8Array(0)
    const plane = this.#planes.plane(this.#tables.readUInt32LE(at + 16))
    if (plane.length !== count) throw new Damage(`stream ${number} has a plane of another length`)
    return plane
  }

  #entryAt(number: number, below: number): number {
    if (number < 1 || number > below) throw new Damage(`there is no stream ${number} to refer to`)
    return (number - 1) * STREAM_ENTRY_OCTETS
  }

  /** Streams refer to smaller numbers only, so this ends. */
  #stream(number: number, below: number): Decoded {
    const at = this.#entryAt(number, below)
    let values = this.#known.get(number)
    if (values === undefined) {
      values = this.#decode(number, at)
      this.#known.set(number, values)
    }
    return values
  }

  #decode(number: number, at: number): Decoded {
    const tables = this.#tables
    const memory = this.#memory
    const encoding = tables[at]!
    const count = tables.readUInt32LE(at + 4)
    if (count > MOST_VALUES) throw new Damage(`stream ${number} has ${count} values`)
    const base = tables.readBigUInt64LE(at + 8)
    const unit = 10n ** BigInt(Math.min(tables[at + 1]!, 19))
    const [a, b, c] = [20, 24, 28].map((offset) => tables.readUInt32LE(at + offset)) as [
      number,
      number,
      number,
    ]
    const below = number - 1
    switch (encoding) {
      case ENCODING.constant: {
        const value = base < 2n ** 32n ? Number(base) : 0
        const values = newWords(memory, count).fill(value)
        return { values, base: base - BigInt(value), unit: 1n, most: value }
      }
      case ENCODING.planes:
        return this.#planes.joined(number, {
          count,
          base,
          unit,
          first: tables.readUInt32LE(at + 16),
          planes: tables[at + 2]!,
        })
      case ENCODING.runs:
        return runsOf(this.#stream(a, below), this.#narrowOf(b, below), count, memory)
      case ENCODING.dictionary: {
        const values = this.#stream(a, below)
        const codes = this.#narrowOf(b, below)
        if (codes.length !== count) throw new Damage(`stream ${number} has codes of another count`)
        if (count > 0 && greatestOf(codes) >= lengthOf(values))
          throw new Damage(`stream ${number} has a code beyond its dictionary`)
        return valuesOf(values, codes, memory)
      }
      case ENCODING.delta: {
        const deltas = this.#stream(a, below)
        if (lengthOf(deltas) !== count) throw new Damage(`stream ${number} has deltas of another count`)
        return undelta(deltas, base, unit, memory)
      }
      case ENCODING.sub: {
        const left = this.#stream(a, below)
        const right = this.#stream(b, below)
        if (lengthOf(left) !== count || lengthOf(right) !== count)
          throw new Damage(`stream ${number} subtracts streams of other counts`)
        return subtract(left, right, memory)
      }
      case ENCODING.attribute:
        return plain(this.#attributes(number, count, { a, b, c }))
      case ENCODING.map: {
        const first = this.#narrowOf(a, below)
        const second = b === 0 ? newWords(memory, first.length).fill(0) : this.#narrowOf(b, below)
        if (first.length !== count || second.length !== count)
          throw new Damage(`stream ${number} has keys of another count`)
        const keys1 = this.#narrowOf(c, below)
        const keys2 = this.#narrowOf(c + 1, below)
        const values = this.#stream(c + 2, below)
        if (keys1.length !== keys2.length || keys1.length !== lengthOf(values))
          throw new Damage(`stream ${number} has a table of uneven columns`)
        return valuesOf(this.#zeroFirst(values), findPairs(first, second, keys1, keys2, memory), memory)
      }
      case ENCODING.select: {
        const choices = this.#narrowOf(a, below)
        const like = this.#narrowOf(b, below)
        const own = this.#narrowOf(c, below)
        const out = newWords(memory, count)
        if (choices.length !== count || like.length !== count || !select(choices, like, own, out))
          throw new Damage(`stream ${number} selects too few values`)
        return plain(out)
      }
      case ENCODING.family: {
        const codes = this.#narrowOf(a, below)
        const words = this.#facts().words()
        if (codes.length !== count || base > 0xffffffffn)
          throw new Damage(`stream ${number} has addresses of another count`)
        if (count > 0 && greatestOf(codes) * 4 >= words.length)
          throw new Damage(`stream ${number} has an address beyond the dictionary`)
        const out = newWords(memory, count)
        const ipv4 = Number(base)
        for (let i = 0; i < count; i++) {
          const word = codes[i]! * 4
          out[i] = (words[word]! | words[word + 1]!) === 0 && words[word + 2] === 0xffff ? ipv4 : c
        }
        return plain(out)
      }
      default:
        throw new Damage(`stream ${number} has encoding ${encoding}, which this version does not know`)
    }
  }

  /** The values with a zero before them. */
  #zeroFirst(values: Decoded): Decoded {
    const narrow = narrowed(values, this.#memory)
    if (narrow !== null) {
      const out = newWords(this.#memory, narrow.length + 1)
      out[0] = 0
      out.set(narrow, 1)
      return plain(out)
    }
    const wide = widened(values, this.#memory)
    const out = newWide(this.#memory, wide.length + 1)
    out[0] = 0n
    out.set(wide, 1)
    return out
  }

  #attributes(number: number, count: number, refs: { a: number; b: number; c: number }): Uint32Array {
    const below = number - 1
    const codes = this.#narrowOf(refs.a, below)
    const known = this.#facts().attribute(refs.c)
    if (codes.length !== count) throw new Damage(`stream ${number} has addresses of another count`)
    const out = newWords(this.#memory, count)
    if (greatestOf(codes) < known.length) lookUp(known, codes, out)
    else for (let i = 0; i < count; i++) out[i] = known[codes[i]!] ?? 0
    if (refs.b === 0) return out
    const gaps = this.#narrowOf(refs.b, below)
    const values = this.#narrowOf(refs.b + 1, below)
    if (gaps.length !== values.length) throw new Damage(`stream ${number} has uneven exceptions`)
    let row = 0
    for (let i = 0; i < gaps.length; i++) {
      row += gaps[i]!
      if (row >= count) throw new Damage(`stream ${number} has an exception beyond its rows`)
      out[row] = values[i]!
    }
    return out
  }

  #facts(): AddressFacts {
    if (this.#addresses === null) throw new Damage('a stream needs addresses where there are none')
    return this.#addresses
  }

  #narrowOf(number: number, below: number): Uint32Array {
    const values = this.#stream(number, below)
    const narrow = narrowed(values, this.#memory)
    if (narrow === null) throw new Damage(`stream ${number} has values beyond 32 bits`)
    if (!isWide(values) && narrow !== values.values) this.#known.set(number, plain(narrow))
    return narrow
  }
}
