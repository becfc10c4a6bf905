import { crc32 } from '../bytes/crc32.ts'
import { NEW_MEMORY, type ValueMemory } from '../flow/block-memory.ts'
import { Damage } from './damage.ts'
import { MOST_BLOCK_ROWS, PLANE_ENTRY_OCTETS, ZSTD_BIT } from './encoding.ts'
import { MOST_BODY_OCTETS } from './frame.ts'
import type { BodyReader } from './frame-scan.ts'
import {
  findOctets,
  findOne,
  findPairOctets,
  findPairs,
  gatherOctets,
  gatherPairOctet,
  gatherPairs,
} from './row-kernels.ts'
import { type Decoded, newWide, newWords, scaleSlowly, wordsOf } from './scaled.ts'
import {
  addToWords,
  fromOctets,
  fromPairs,
  interleave,
  joinPairOctet,
  joinPairs,
  joinWord,
  orOctets,
  orPairs,
} from './stream-kernels.ts'
import { expand } from './zstd.ts'

/** What a PLANES stream's entry says. */
export interface PlanesFacts {
  readonly count: number
  readonly base: bigint
  readonly unit: bigint
  /** Its planes: the first one's index, and how many. */
  readonly first: number
  readonly planes: number
}

/** Planes of numbers: octets, or pairs of octets, with a third octet or without. */
interface SmallPlanes {
  readonly octets: Uint8Array | null
  readonly pairs: Uint16Array | null
  readonly high: Uint8Array | null
  readonly base: number
}

/** Reads the planes of one frame and puts them together (FORMAT.md 4); throws Damage for what it cannot believe. */
export class PlaneReader {
  readonly #table: Buffer
  readonly #count: number
  readonly #body: BodyReader
  readonly #memory: ValueMemory
  /** Planes of which only some values were taken: others may want the rest. */
  readonly #kept = new Map<number, Uint8Array>()

  constructor(table: Buffer, count: number, body: BodyReader, memory: ValueMemory) {
    this.#table = table
    this.#count = count
    this.#body = body
    this.#memory = memory
  }

  /** How long plane `index` is when decompressed; -1 where there is none. */
  octetsOf(index: number): number {
    return index < this.#count ? this.#table.readUInt32LE(index * PLANE_ENTRY_OCTETS + 8) : -1
  }

  /** The planes of one stream, and how many bits they have together. */
  #planesOf(
    number: number,
    { count, first, planes: many }: PlanesFacts,
  ): { planes: Uint8Array[]; bits: number } {
    const planes: Uint8Array[] = []
    let bits = 0
    for (let k = 0; k < many; k++) {
      const plane = this.plane(first + k)
      const width = plane.length === count ? 8 : 16
      if (plane.length !== (count * width) / 8 || bits + width > 64)
        throw new Damage(`stream ${number} has a plane of another length`)
      // An 8-bit plane before a 16-bit one may leave the latter across the words' border.
      if (bits < 32 && bits + width > 32) throw new Damage(`stream ${number} has planes in an odd order`)
      bits += width
      planes.push(plane)
    }
    return { planes, bits }
  }

  /**
   * The planes of one stream of numbers that fit 32 bits with their sum, where they are of one kind of few; they are kept,
   * for who has asked for some values may ask for others. Null where they are otherwise.
   */
  #smallPlanes(number: number, facts: PlanesFacts): SmallPlanes | null {
    const { count, base, first, planes: many } = facts
    if (!this.#areSmall(facts)) return null
    for (let index = first; index < first + many; index++) this.#keep(index)
    const [low, high] = this.#planesOf(number, facts).planes
    if (low!.length === count) return { octets: low!, pairs: null, high: null, base: Number(base) }
    return { octets: null, pairs: pairsOf(low!), high: high ?? null, base: Number(base) }
  }

  #areSmall({ count, base, first, planes: many }: PlanesFacts): boolean {
    if (count === 0 || many < 1 || many > 2 || base + 2n ** 24n > 2n ** 32n) return false
    const isOctets = (index: number) => this.octetsOf(index) === count
    return many === 1 || (!isOctets(first) && isOctets(first + 1))
  }

  #keep(index: number): Uint8Array {
    let plane = this.#kept.get(index)
    if (plane === undefined) {
      plane = this.plane(index)
      this.#kept.set(index, plane)
    }
    return plane
  }

  /** Whether no value can be `value`, by the lower of two planes: the other one need not be read then. */
  #lacks({ count, first, planes: many }: PlanesFacts, value: number): boolean {
    if (many !== 2 || this.octetsOf(first) !== count * 2) return false
    return !pairsOf(this.#keep(first)).includes(value & 0xffff)
  }

  /** Values `wanted[0 … many-1]` of one stream without a unit; false where planes are not those of small numbers. */
  gather(number: number, facts: PlanesFacts, wanted: Uint32Array, many: number, out: Uint32Array): boolean {
    const planes = this.#smallPlanes(number, facts)
    if (planes === null) return false
    const { octets, pairs, high, base } = planes
    if (octets !== null) gatherOctets(octets, base, wanted, many, out)
    else if (high === null) gatherPairs(pairs!, base, wanted, many, out)
    else gatherPairOctet(pairs!, high, base, wanted, many, out)
    return true
  }

  /** Places of values from `low` to `high` of such a stream, and how many there are; -1 as `gather`. */
  find(number: number, facts: PlanesFacts, low: number, high: number, found: Uint32Array): number {
    if (!this.#areSmall(facts)) return -1
    const base = Number(facts.base)
    const least = Math.max(0, low - base)
    const most = Math.min(high - base, 2 ** 24 - 1)
    if (most < least || (least === most && this.#lacks(facts, least))) return 0
    const planes = this.#smallPlanes(number, facts)!
    if (planes.octets !== null) return findOctets(planes.octets, least, most, found)
    const count = least === most ? findOne(planes.pairs!, planes.high, least, found) : -1
    if (count >= 0) return count
    if (planes.high === null) return findPairs(planes.pairs!, least, most, found)
    return findPairOctets(planes.pairs!, planes.high, least, most, found)
  }

  /** The planes of one stream put together. */
  joined(number: number, facts: PlanesFacts): Decoded {
    const { count, base, unit } = facts
    const { planes, bits } = this.#planesOf(number, facts)
    if (bits > 32) return this.#joinedWide(planes, facts)
    const greatest = 2 ** bits - 1
    const out = newWords(this.#memory, count)
    const isSmall = unit === 1n && base + BigInt(greatest) < 2n ** 32n
    const from = isSmall ? Number(base) : 0
    const [low, high] = planes
    const isPair = (plane: Uint8Array) => plane.length !== count
    if (count === 0 || low === undefined) out.fill(from)
    else if (high === undefined && isPair(low)) fromPairs(pairsOf(low), from, out)
    else if (high === undefined) fromOctets(low, from, out)
    else if (planes.length === 2 && isPair(low) && isPair(high))
      joinPairs(pairsOf(low), pairsOf(high), from, out)
    else if (planes.length === 2 && isPair(low)) joinPairOctet(pairsOf(low), high, from, out)
    else {
      this.#orAll(planes, out, null)
      if (from !== 0) fromWords(out, from)
    }
    return { values: out, base: isSmall ? 0n : base, unit, most: greatest + from }
  }

  #joinedWide(planes: readonly Uint8Array[], { count, base, unit }: PlanesFacts): BigUint64Array {
    const out = newWide(this.#memory, count)
    const words = wordsOf(out)
    if (planes.every((plane) => plane.length !== count)) {
      const [first, second, third, fourth] = planes.map(pairsOf)
      joinWord(first!, second!, 0, words)
      joinWord(third!, fourth ?? null, 1, words)
    } else {
      const low = newWords(this.#memory, count)
      const high = newWords(this.#memory, count)
      this.#orAll(planes, low, high)
      interleave(low, high, words)
    }
    if (unit !== 1n) scaleSlowly(out, base, unit, out)
    else if (base !== 0n) addToWords(words, Number(base & 0xffffffffn), Number(base >> 32n))
    return out
  }

  #orAll(planes: readonly Uint8Array[], low: Uint32Array, high: Uint32Array | null): void {
    low.fill(0)
    high?.fill(0)
    let shift = 0
    for (const plane of planes) {
      const out = shift < 32 ? low : high!
      if (plane.length === low.length) orOctets(plane, shift & 31, out)
      else orPairs(pairsOf(plane), shift & 31, out)
      shift += plane.length === low.length ? 8 : 16
    }
  }

  /** The octets of one plane. */
  plane(index: number): Uint8Array {
    const kept = this.#kept.get(index)
    if (kept !== undefined) return kept
    if (index >= this.#count) throw new Damage(`there is no plane ${index}`)
    const at = index * PLANE_ENTRY_OCTETS
    const flagged = this.#table.readUInt32LE(at + 4)
    const isSqueezed = (flagged & ZSTD_BIT) !== 0
    const length = flagged & 0x7fffffff
    const rawLength = this.#table.readUInt32LE(at + 8)
    if (rawLength > MOST_BODY_OCTETS || length > MOST_BODY_OCTETS)
      throw new Damage(`plane ${index} is too long`)
    if (!isSqueezed && length !== rawLength) throw new Damage(`plane ${index} has two lengths`)
    const room = isSqueezed ? scratch : (octets: number) => this.#room(octets)
    const stored = this.#body(this.#table.readUInt32LE(at) * 8, length, room)
    if (stored.length !== length) throw new Damage(`plane ${index} ends beyond the frame`)
    if (crc32(stored) !== this.#table.readUInt32LE(at + 12))
      throw new Damage(`plane ${index} has a wrong checksum`)
    if (!isSqueezed) return aligned(stored)
    const raw = this.#room(rawLength)
    if (!expand(stored, raw)) throw new Damage(`plane ${index} does not decompress to its length`)
    return raw
  }

  #room(octets: number): Uint8Array {
    // What is longer than planes of blocks are may be mischief, and is not kept for the next block.
    const memory = octets > MOST_KEPT_OCTETS ? NEW_MEMORY : this.#memory
    return new Uint8Array(memory.buffer(octets), 0, octets)
  }
}

const MOST_KEPT_OCTETS = 2 * MOST_BLOCK_ROWS
let kept = new Uint8Array(0)

/** Room for octets that are needed until the next call. */
function scratch(octets: number): Uint8Array {
  if (octets > MOST_KEPT_OCTETS) return new Uint8Array(octets)
  if (octets > kept.length) kept = new Uint8Array(Math.min(octets * 2, MOST_KEPT_OCTETS))
  return kept.subarray(0, octets)
}

/** Pairs of octets can be viewed as numbers only at even places. */
function aligned({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  const view = new Uint8Array(buffer, byteOffset, length)
  return byteOffset % 2 === 0 ? view : view.slice()
}

/** A plane of 16-bit numbers. */
export function pairsOf(plane: Uint8Array): Uint16Array {
  return new Uint16Array(plane.buffer, plane.byteOffset, plane.length >> 1)
}

function fromWords(values: Uint32Array, from: number): void {
  for (let i = 0; i < values.length; i++) values[i]! += from
}
