import { constants, crc32, zstdCompressSync } from 'node:zlib'
import { ENCODING, PLANE_ENTRY_OCTETS, STREAM_ENTRY_OCTETS, ZSTD_BIT } from './encoding.ts'
import { padded } from './frame.ts'
import {
  areMultiples,
  dictionaryValues,
  type Range,
  scan,
  scanWide,
  toDeltas16,
  toDeltas32,
  toDictionary,
  toDistances,
  toHigh8,
  toHigh16,
  toLow16,
  toLowDistances,
  toOctets,
  toPart16,
  toQuarter,
  toRuns,
  toUnits,
  type WideRange,
} from './kernels.ts'

/** A plane stays as it is when compression saves less than this part of it: reading raw planes is faster. */
const LEAST_GAIN = 0.1
/** Powers of ten that values, times above all, are often multiples of. */
const EXPONENTS = [9, 6, 3] as const

// Planes are compressed at once, so all streams are cut into planes in the same memory; `scratch` names a place in it.
const octetScratch: Uint8Array[] = []
const pairScratch: Uint16Array[] = []
let narrowScratch = new Uint32Array(0)
let distanceScratch = new Float64Array(0)
/** Beyond this many values memory is not kept for the next stream. */
const MOST_KEPT = 2 ** 18

function octetPlane(scratch: number, count: number): Uint8Array {
  if (count > MOST_KEPT) return new Uint8Array(count)
  octetScratch[scratch] ??= new Uint8Array(MOST_KEPT)
  return octetScratch[scratch].subarray(0, count)
}

function pairPlane(scratch: number, count: number): Uint16Array {
  if (count > MOST_KEPT) return new Uint16Array(count)
  pairScratch[scratch] ??= new Uint16Array(MOST_KEPT)
  return pairScratch[scratch].subarray(0, count)
}

const range: Range = { least: 0, greatest: 0, runs: 0 }
const wide: WideRange = { leastLow: 0, leastHigh: 0, greatestLow: 0, greatestHigh: 0 }

interface StreamFacts {
  readonly encoding: number
  readonly count: number
  readonly exponent?: number
  readonly base?: bigint
  readonly planes?: readonly (Uint8Array | Uint16Array)[]
  readonly a?: number
  readonly b?: number
  readonly c?: number
}

const SIGN = 0x80000000

/**
 * Finds the range of 64-bit values, as signed numbers where that is the smaller one: differences may be below zero.
 * Returns the flip for `toDistances`; the result is in `wide`, high words flipped.
 */
function findWideRange(words: Uint32Array, count: number): number {
  scanWide(words, count, 0, wide)
  if (wideSpan() < 2 ** 53) return 0
  scanWide(words, count, SIGN, wide)
  return SIGN
}

function wideSpan(): number {
  const { leastLow, leastHigh, greatestLow, greatestHigh } = wide
  return (greatestHigh - leastHigh) * 4294967296 + (greatestLow - leastLow)
}

/** About how many bits a plain stream of these 64-bit values would take each, before compression. */
export function bitsOf(words: Uint32Array, count: number): number {
  const flip = findWideRange(words, count)
  const span = wideSpan()
  if (span >= 2 ** 53) return 64
  if (span < 2 ** 20) return Math.log2(span + 1)
  if (distanceScratch.length < count) distanceScratch = new Float64Array(count)
  toDistances(words, count, wide.leastLow, wide.leastHigh, flip, distanceScratch)
  return Math.log2(span / 10 ** exponentOf(distanceScratch, count) + 1)
}

/** The greatest of EXPONENTS whose power of ten divides all distances, or 0. */
function exponentOf(distances: Float64Array, count: number): number {
  for (const candidate of EXPONENTS) if (areMultiples(distances, count, 10 ** candidate)) return candidate
  return 0
}

/** Collects the streams of one frame: their two tables and the body (FORMAT.md 4). */
export class StreamWriter {
  #streams = Buffer.alloc(64 * STREAM_ENTRY_OCTETS)
  #planes = Buffer.alloc(128 * PLANE_ENTRY_OCTETS)
  streamCount = 0
  planeCount = 0
  /** Pieces of the body; each is to be padded to 8 octets. */
  readonly body: Uint8Array[] = []
  #bodyOctets = 0

  /** The tables, streams first. */
  tables(): Buffer {
    return Buffer.concat([
      this.#streams.subarray(0, this.streamCount * STREAM_ENTRY_OCTETS),
      this.#planes.subarray(0, this.planeCount * PLANE_ENTRY_OCTETS),
    ])
  }

  /** Adds a stream as told and returns its number. */
  add(facts: StreamFacts): number {
    if ((this.streamCount + 1) * STREAM_ENTRY_OCTETS > this.#streams.length)
      this.#streams = Buffer.concat([this.#streams, Buffer.alloc(this.#streams.length)])
    const at = this.streamCount * STREAM_ENTRY_OCTETS
    const entry = this.#streams
    entry[at] = facts.encoding
    entry[at + 1] = facts.exponent ?? 0
    entry[at + 2] = facts.planes?.length ?? 0
    entry.writeUInt32LE(facts.count, at + 4)
    entry.writeBigUInt64LE(BigInt.asUintN(64, facts.base ?? 0n), at + 8)
    entry.writeUInt32LE(this.planeCount, at + 16)
    entry.writeUInt32LE(facts.a ?? 0, at + 20)
    entry.writeUInt32LE(facts.b ?? 0, at + 24)
    entry.writeUInt32LE(facts.c ?? 0, at + 28)
    for (const plane of facts.planes ?? []) this.#plane(plane)
    return ++this.streamCount
  }

  /** Adds octets as they are. */
  octets(octets: Uint8Array): number {
    return this.add({
      encoding: ENCODING.octets,
      count: octets.length,
      planes: octets.length > 0 ? [octets] : [],
    })
  }

  /**
   * Adds `values`, stored as base + 10^exponent times each, in the encoding that seems smallest; `known` is what `scan`
   * tells of them, if the caller knows.
   */
  narrow(values: Uint32Array, count: number, base = 0n, exponent = 0, known: Range | null = null): number {
    if (count === 0) return this.add({ encoding: ENCODING.constant, count })
    if (known === null) scan(values, count, range)
    const { least, greatest, runs } = known ?? range
    const unit = 10n ** BigInt(exponent)
    const from = base + BigInt(least) * unit
    if (least === greatest) return this.add({ encoding: ENCODING.constant, count, base: from })
    if (runs * 6 < count) {
      const runValues = new Uint32Array(runs)
      const runLengths = new Uint32Array(runs)
      toRuns(values, count, runValues, runLengths)
      const a = this.narrow(runValues, runs, base, exponent)
      return this.add({ encoding: ENCODING.runs, count, a, b: this.narrow(runLengths, runs) })
    }
    const span = greatest - least
    const plain = { encoding: ENCODING.planes, count, base: from, exponent }
    if (span < 256) {
      const plane = octetPlane(0, count)
      toOctets(values, count, least, plane)
      return this.add({ ...plain, planes: [plane] })
    }
    if (count >= 512) {
      const codes = octetPlane(1, count)
      const distinct = toDictionary(values, count, codes)
      if (distinct > 0) {
        const a = this.#plainNarrow(dictionaryValues.slice(0, distinct), distinct, base, exponent)
        const b = this.add({ encoding: ENCODING.planes, count, planes: [codes] })
        return this.add({ encoding: ENCODING.dictionary, count, a, b })
      }
    }
    if (span < 65536) return this.#plainNarrow(values, count, base, exponent, least, span)
    const deltas = pairPlane(4, count)
    if (toDeltas16(values, count, deltas)) {
      const a = this.add({ encoding: ENCODING.planes, count, planes: [deltas] })
      const first = base + BigInt(values[0]!) * unit
      return this.add({ encoding: ENCODING.delta, count, base: first, exponent, a })
    }
    return this.#plainNarrow(values, count, base, exponent, least, span)
  }

  /** Adds values in one stream that needs no other, so that several calls give neighbouring numbers. */
  plain(values: Uint32Array, count: number): number {
    return this.#plainNarrow(values, count, 0n, 0)
  }

  /** As `plain`, for pairs of words. */
  plainWide(words: Uint32Array, count: number): number {
    const planes: Uint16Array[] = []
    for (let quarter = 0; quarter < 4; quarter++) {
      const plane = pairPlane(quarter, count)
      toQuarter(words, count, quarter >> 1, (quarter & 1) * 16, plane)
      planes.push(plane)
    }
    return this.add({ encoding: ENCODING.planes, count, planes })
  }

  #plainNarrow(
    values: Uint32Array,
    count: number,
    base: bigint,
    exponent: number,
    least = 0,
    span = 0xffffffff,
  ): number {
    const low = pairPlane(0, count)
    toLow16(values, count, least, low)
    const planes: (Uint8Array | Uint16Array)[] = [low]
    if (span >= 65536) {
      const high = span < 2 ** 24 ? octetPlane(0, count) : pairPlane(1, count)
      if (high instanceof Uint8Array) toHigh8(values, count, least, high)
      else toHigh16(values, count, least, high)
      planes.push(high)
    }
    const from = base + BigInt(least) * 10n ** BigInt(exponent)
    return this.add({ encoding: ENCODING.planes, count, base: from, exponent, planes })
  }

  /** Adds 64-bit values given as words, low word first. */
  wide(words: Uint32Array, count: number): number {
    if (count === 0) return this.add({ encoding: ENCODING.constant, count })
    const flip = findWideRange(words, count)
    const { leastLow, leastHigh } = wide
    const base = (BigInt((leastHigh ^ flip) >>> 0) << 32n) | BigInt(leastLow)
    const span = wideSpan()
    if (span === 0) {
      return this.add({ encoding: ENCODING.constant, count, base })
    }
    if (span >= 2 ** 53) return this.plainWide(words, count)
    if (narrowScratch.length < count) narrowScratch = new Uint32Array(count)
    const narrow = narrowScratch
    // Counters: most are small, and none is a multiple of anything.
    if (span < 2 ** 20) {
      toLowDistances(words, count, leastLow, narrow)
      return this.narrow(narrow, count, base)
    }
    if (distanceScratch.length < count) distanceScratch = new Float64Array(count)
    const distances = distanceScratch
    toDistances(words, count, leastLow, leastHigh, flip, distances)
    const exponent = exponentOf(distances, count)
    const unit = 10 ** exponent
    if (span / unit < 2 ** 32) {
      toUnits(distances, count, unit, narrow)
      return this.narrow(narrow, count, base, exponent)
    }
    if (toDeltas32(distances, count, unit, narrow)) {
      const a = this.narrow(narrow, count)
      const first = (BigInt(words[1]!) << 32n) | BigInt(words[0]!)
      return this.add({ encoding: ENCODING.delta, count, base: first, exponent, a })
    }
    const planes: Uint16Array[] = []
    for (let divisor = 1; divisor * unit <= span; divisor *= 65536) {
      const plane = pairPlane(planes.length, count)
      toPart16(distances, count, divisor * unit, plane)
      planes.push(plane)
    }
    return this.add({ encoding: ENCODING.planes, count, base, exponent, planes })
  }

  #plane(values: Uint8Array | Uint16Array): void {
    const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    let stored = raw
    let flag = 0
    if (raw.length >= 32) {
      const squeezed = zstdCompressSync(raw, {
        params: { [constants.ZSTD_c_compressionLevel]: 1 },
        chunkSize: raw.length + 1024,
      })
      if (squeezed.length < raw.length * (1 - LEAST_GAIN)) {
        stored = squeezed
        flag = ZSTD_BIT
      }
    }
    if ((this.planeCount + 1) * PLANE_ENTRY_OCTETS > this.#planes.length)
      this.#planes = Buffer.concat([this.#planes, Buffer.alloc(this.#planes.length)])
    const at = this.planeCount * PLANE_ENTRY_OCTETS
    this.#planes.writeUInt32LE(this.#bodyOctets / 8, at)
    this.#planes.writeUInt32LE((stored.length | flag) >>> 0, at + 4)
    this.#planes.writeUInt32LE(raw.length, at + 8)
    this.#planes.writeUInt32LE(crc32(stored), at + 12)
    this.planeCount++
    this.body.push(stored === raw ? raw.slice() : stored)
    this.#bodyOctets += padded(stored.length)
  }
}
