import { crc32, zstdDecompressSync } from 'node:zlib'
import { Damage } from './damage.ts'
import { ENCODING, MOST_VALUES, PLANE_ENTRY_OCTETS, STREAM_ENTRY_OCTETS, ZSTD_BIT } from './encoding.ts'
import { MOST_BODY_OCTETS } from './frame.ts'
import { addBase, mapped, type Numbers, runsOf, select, subtract, undelta, widen } from './stream-kernels.ts'

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
  readonly #planes: number
  readonly #body: (from: number, octets: number) => Buffer
  readonly #addresses: AddressFacts | null
  readonly #known = new Map<number, Numbers>()

  /** `tables` holds both tables and may be longer; `body` reads octets of the frame's body. */
  constructor(
    tables: Buffer,
    counts: { readonly streams: number; readonly planes: number },
    body: (from: number, octets: number) => Buffer,
    addresses: AddressFacts | null,
  ) {
    this.#tables = tables
    this.#streams = counts.streams
    this.#planes = counts.planes
    this.#body = body
    this.#addresses = addresses
    const octets = counts.streams * STREAM_ENTRY_OCTETS + counts.planes * PLANE_ENTRY_OCTETS
    if (octets > tables.length) throw new Damage('tables are longer than the head')
  }

  /** Values of stream `number`, of which there must be `count`. */
  numbers(number: number, count: number): Numbers {
    const values = this.#stream(number, this.#streams)
    if (values.length !== count)
      throw new Damage(`stream ${number} has ${values.length} values, not ${count}`)
    return values
  }

  /** As `numbers`, in 32 bits each. */
  narrow(number: number, count: number): Uint32Array {
    const values = this.numbers(number, count)
    if (values instanceof Uint32Array) return values
    throw new Damage(`stream ${number} has values beyond 32 bits`)
  }

  /** As `numbers`, in 64 bits each. */
  wide(number: number, count: number): BigUint64Array {
    return widen(this.numbers(number, count))
  }

  /** How many values stream `number` has. */
  count(number: number): number {
    return this.#tables.readUInt32LE(this.#entryAt(number, this.#streams) + 4)
  }

  /** The octets of an OCTETS stream. */
  octets(number: number): Buffer {
    const at = this.#entryAt(number, this.#streams)
    if (this.#tables[at] !== ENCODING.octets) throw new Damage(`stream ${number} does not hold octets`)
    const count = this.#tables.readUInt32LE(at + 4)
    if (count === 0) return Buffer.alloc(0)
    const plane = this.#plane(this.#tables.readUInt32LE(at + 16))
    if (plane.length !== count) throw new Damage(`stream ${number} has a plane of another length`)
    return plane
  }

  #entryAt(number: number, below: number): number {
    if (number < 1 || number > below) throw new Damage(`there is no stream ${number} to refer to`)
    return (number - 1) * STREAM_ENTRY_OCTETS
  }

  /** Streams refer to smaller numbers only, so this ends. */
  #stream(number: number, below: number): Numbers {
    const at = this.#entryAt(number, below)
    let values = this.#known.get(number)
    if (values === undefined) {
      values = this.#decode(number, at)
      this.#known.set(number, values)
    }
    return values
  }

  #decode(number: number, at: number): Numbers {
    const tables = this.#tables
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
      case ENCODING.constant:
        if (base < 2n ** 32n) return new Uint32Array(count).fill(Number(base))
        return new BigUint64Array(count).fill(base)
      case ENCODING.planes:
        return addBase(this.#joined(number, at, count), base, unit)
      case ENCODING.runs:
        return runsOf(this.#stream(a, below), this.#narrowOf(b, below), count)
      case ENCODING.dictionary: {
        const values = this.#stream(a, below)
        const codes = this.#narrowOf(b, below)
        if (codes.length !== count) throw new Damage(`stream ${number} has codes of another count`)
        const out = values instanceof Uint32Array ? new Uint32Array(count) : new BigUint64Array(count)
        for (let i = 0; i < count; i++) {
          const value = values[codes[i]!]
          if (value === undefined) throw new Damage(`stream ${number} has a code beyond its dictionary`)
          out[i] = value
        }
        return out
      }
      case ENCODING.delta: {
        const deltas = this.#stream(a, below)
        if (deltas.length !== count) throw new Damage(`stream ${number} has deltas of another count`)
        return undelta(deltas, base, unit)
      }
      case ENCODING.sub: {
        const left = this.#stream(a, below)
        const right = this.#stream(b, below)
        if (left.length !== count || right.length !== count)
          throw new Damage(`stream ${number} subtracts streams of other counts`)
        return subtract(left, right)
      }
      case ENCODING.attribute:
        return this.#attributes(number, count, { a, b, c })
      case ENCODING.map: {
        const first = this.#narrowOf(a, below)
        const second = b === 0 ? new Uint32Array(first.length) : this.#narrowOf(b, below)
        if (first.length !== count || second.length !== count)
          throw new Damage(`stream ${number} has keys of another count`)
        const keys1 = this.#narrowOf(c, below)
        const keys2 = this.#narrowOf(c + 1, below)
        const values = this.#stream(c + 2, below)
        if (keys1.length !== keys2.length || keys1.length !== values.length)
          throw new Damage(`stream ${number} has a table of uneven columns`)
        return mapped(first, second, keys1, keys2, values)
      }
      case ENCODING.select: {
        const out = select(this.#narrowOf(a, below), this.#narrowOf(b, below), this.#narrowOf(c, below))
        if (out === null || out.length !== count) throw new Damage(`stream ${number} selects too few values`)
        return out
      }
      case ENCODING.family: {
        const codes = this.#narrowOf(a, below)
        const words = this.#facts().words()
        const out = new Uint32Array(count)
        if (codes.length !== count || base > 0xffffffffn)
          throw new Damage(`stream ${number} has addresses of another count`)
        for (let i = 0; i < count; i++) {
          const word = codes[i]! * 4
          if (word >= words.length) throw new Damage(`stream ${number} has an address beyond the dictionary`)
          out[i] = words[word] === 0 && words[word + 1] === 0 && words[word + 2] === 0xffff ? Number(base) : c
        }
        return out
      }
      default:
        throw new Damage(`stream ${number} has encoding ${encoding}, which this version does not know`)
    }
  }

  #attributes(number: number, count: number, refs: { a: number; b: number; c: number }): Uint32Array {
    const below = number - 1
    const codes = this.#narrowOf(refs.a, below)
    const known = this.#facts().attribute(refs.c)
    if (codes.length !== count) throw new Damage(`stream ${number} has addresses of another count`)
    const out = new Uint32Array(count)
    for (let i = 0; i < count; i++) out[i] = known[codes[i]!] ?? 0
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
    if (values instanceof Uint32Array) return values
    throw new Damage(`stream ${number} has values beyond 32 bits`)
  }

  /** The planes of one stream put together. */
  #joined(number: number, at: number, count: number): Numbers {
    const planes = this.#tables[at + 2]!
    const first = this.#tables.readUInt32LE(at + 16)
    const low = new Uint32Array(count)
    let high: Uint32Array | null = null
    let shift = 0
    for (let k = 0; k < planes; k++) {
      const plane = this.#plane(first + k)
      const bits = plane.length === count ? 8 : 16
      if (plane.length !== (count * bits) / 8 || shift + bits > 64)
        throw new Damage(`stream ${number} has a plane of another length`)
      if (shift >= 32) high ??= new Uint32Array(count)
      const out = shift < 32 ? low : high!
      if (bits === 8) orOctets(out, plane, shift & 31)
      else orPairs(out, new Uint16Array(plane.buffer, plane.byteOffset, count), shift & 31)
      // An 8-bit plane before a 16-bit one may leave the latter across the words' border.
      if (shift < 32 && shift + bits > 32) throw new Damage(`stream ${number} has planes in an odd order`)
      shift += bits
    }
    if (high === null) return low
    const words = new Uint32Array(count * 2)
    for (let i = 0; i < count; i++) {
      words[i * 2] = low[i]!
      words[i * 2 + 1] = high[i]!
    }
    return new BigUint64Array(words.buffer)
  }

  #plane(index: number): Buffer {
    if (index >= this.#planes) throw new Damage(`there is no plane ${index}`)
    const at = this.#streams * STREAM_ENTRY_OCTETS + index * PLANE_ENTRY_OCTETS
    const flagged = this.#tables.readUInt32LE(at + 4)
    const isSqueezed = (flagged & ZSTD_BIT) !== 0
    const length = flagged & 0x7fffffff
    const rawLength = this.#tables.readUInt32LE(at + 8)
    if (rawLength > MOST_BODY_OCTETS || length > MOST_BODY_OCTETS)
      throw new Damage(`plane ${index} is too long`)
    const stored = this.#body(this.#tables.readUInt32LE(at) * 8, length)
    if (stored.length !== length) throw new Damage(`plane ${index} ends beyond the frame`)
    if (crc32(stored) !== this.#tables.readUInt32LE(at + 12))
      throw new Damage(`plane ${index} has a wrong checksum`)
    if (!isSqueezed && length !== rawLength) throw new Damage(`plane ${index} has two lengths`)
    return isSqueezed ? expand(stored, rawLength, index) : aligned(stored)
  }
}

function expand(stored: Buffer, octets: number, index: number): Buffer {
  let raw: Buffer
  try {
    raw = zstdDecompressSync(stored, { maxOutputLength: octets, chunkSize: Math.max(64, octets) })
  } catch {
    throw new Damage(`plane ${index} does not decompress`)
  }
  if (raw.length !== octets) throw new Damage(`plane ${index} decompresses to another length`)
  return aligned(raw)
}

/** Pairs of octets can be viewed as numbers only at even places. */
function aligned(octets: Buffer): Buffer {
  return octets.byteOffset % 2 === 0 ? octets : Buffer.from(Uint8Array.from(octets).buffer)
}

function orOctets(out: Uint32Array, plane: Uint8Array, shift: number): void {
  for (let i = 0; i < out.length; i++) out[i]! |= plane[i]! << shift
}

function orPairs(out: Uint32Array, plane: Uint16Array, shift: number): void {
  for (let i = 0; i < out.length; i++) out[i]! |= plane[i]! << shift
}
