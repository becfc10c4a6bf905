import { zstdDecompressSync } from 'node:zlib'
import { decode } from '@msgpack/msgpack'

// A second reader, written from FORMAT.md alone and sharing no code with the first: slow, plain, every value a bigint.
// It believes every checksum.

/** A value as FORMAT.md tells it: numbers as bigint, addresses as four words, octets in hexadecimal, lists of those. */
export type NaiveValue = bigint | string | (bigint | string)[]
export type NaiveBlock = { kind: number; rows: Record<string, NaiveValue>[] }
type Frame = { type: string; head: Buffer; body: Buffer }
type Dictionary = { addresses: string[]; isIpv4: boolean[]; attributes: bigint[][] }
type Source = { tables: Buffer; streams: number; body: Buffer; known: Dictionary }

const MASK = 2n ** 64n - 1n
type Quad = [number, number, number, number]
const u32s = (octets: Buffer, from: number) => [0, 4, 8, 12].map((k) => octets.readUInt32LE(from + k)) as Quad

/** Pieces of the given lengths, one after the other. */
function pieces<T>(lengths: bigint[], slice: (from: number, to: number) => T): T[] {
  let to = 0
  return lengths.map((length) => {
    to += Number(length)
    return slice(to - Number(length), to)
  })
}

/** Section 2. */
function framesOf(file: Buffer): Frame[] {
  const frames: Frame[] = []
  let at = 0
  while (at + 32 <= file.length && file.toString('latin1', at, at + 4) === 'WEIR') {
    const headOctets = file.readUInt32LE(at + 8)
    const bodyAt = at + 32 + Math.ceil(headOctets / 8) * 8
    const end = bodyAt + file.readUInt32LE(at + 12)
    const head = file.subarray(at + 32, at + 32 + headOctets)
    frames.push({ type: String.fromCharCode(file[at + 4]!), head, body: file.subarray(bodyAt, end) })
    at = end
  }
  return frames
}

/** Section 4: one stream as a list. */
function streamOf(source: Source, number: number): bigint[] {
  const { known } = source
  const entry = source.tables.subarray((number - 1) * 32, number * 32)
  const n = entry.readUInt32LE(4)
  const base = entry.readBigUInt64LE(8)
  const power = 10n ** BigInt(entry[1]!)
  const [planeAt, a, b, c] = u32s(entry, 16)
  const other = (which: number) => streamOf(source, which)
  const list = (value: (i: number) => bigint) => Array.from({ length: n }, (_, i) => value(i) & MASK)
  switch (entry[0]) {
    case 0:
      return list(() => base)
    case 1: {
      const planes = planesOf(source, entry[2]!, planeAt)
      return list((i) => {
        const digit = (plane: Buffer) => (plane.length === n ? plane[i]! : plane.readUInt16LE(2 * i))
        const bits = (plane: Buffer) => (plane.length === n ? 8n : 16n)
        const sum = planes.reduceRight((sum, plane) => (sum << bits(plane)) + BigInt(digit(plane)), 0n)
        return base + power * sum
      })
    }
    case 2: {
      const lengths = other(b)
      return other(a).flatMap((value, j) => Array<bigint>(Number(lengths[j])).fill(value))
    }
    case 3: {
      const values = other(a)
      return other(b).map((code) => values[Number(code)]!)
    }
    case 4: {
      const deltas = other(a)
      let value = base
      return list((i) => {
        const z = deltas[i]!
        if (i > 0) value += power * (z % 2n === 0n ? z / 2n : -(z + 1n) / 2n)
        return value
      })
    }
    case 5: {
      const [left, right] = [other(a), other(b)]
      return list((i) => left[i]! - right[i]!)
    }
    case 6: {
      const values = other(a).map((code) => known.attributes[c]![Number(code)] ?? 0n)
      if (b === 0) return values
      const exceptions = other(b + 1)
      let row = 0
      other(b).forEach((gap, i) => {
        row += Number(gap)
        values[row] = exceptions[i]!
      })
      return values
    }
    case 7: {
      const [first, second] = [other(a), b === 0 ? null : other(b)]
      const [keys2, values] = [other(c + 1), other(c + 2)]
      const table = new Map(other(c).map((key, i) => [`${key} ${keys2[i]}`, values[i]!]))
      return list((i) => table.get(`${first[i]} ${second === null ? 0n : second[i]}`) ?? 0n)
    }
    case 8: {
      const [choices, like, own] = [other(a), other(b), other(c)]
      return list((i) => (choices[i] === 0n ? 0n : choices[i] === 1n ? like[i]! : own.shift()!))
    }
    case 9:
      return other(a).map((code) => (known.isIpv4[Number(code)] ? base : BigInt(c)))
    default:
      throw new Error(`encoding ${entry[0]}`)
  }
}

function planesOf({ tables, streams, body }: Source, count: number, first: number): Buffer[] {
  return Array.from({ length: count }, (_, k) => {
    const [from, stored] = u32s(tables, streams * 32 + (first + k) * 16)
    const octets = body.subarray(from * 8, from * 8 + (stored & 0x7fffffff))
    return stored >= 2 ** 31 ? zstdDecompressSync(octets) : octets
  })
}

/** Section 6. */
function addCodes({ head, body }: Frame, known: Dictionary): void {
  const [first, count, streams] = u32s(head, 0)
  const attributes = head.readUInt32LE(16)
  const tables = head.subarray(Math.ceil((24 + (6 + attributes) * 4) / 8) * 8)
  const stream = (k: number) => streamOf({ tables, streams, body, known }, head.readUInt32LE(24 + k * 4))
  const ipv4 = stream(1)
  const ipv6 = [2, 3, 4, 5].map(stream)
  stream(0).forEach((family, i) => {
    known.isIpv4[first + i] = family === 0n
    known.addresses[first + i] = (
      family === 0n ? [0n, 0n, 0xffffn, ipv4.shift()] : ipv6.map((words) => words.shift())
    ).join(' ')
  })
  for (let k = 0; k < attributes; k++) {
    known.attributes[k] ??= [0n]
    stream(6 + k).forEach((value, i) => {
      known.attributes[k]![first + i] = value
    })
  }
  if (first + count !== known.addresses.length) throw new Error('codes are missing')
}

/** All rows of a file. `layout` values are the file's numbers. */
export function readNaively(file: Buffer): NaiveBlock[] {
  const known: Dictionary = { addresses: ['0 0 0 0'], isIpv4: [false], attributes: [] }
  const columns: [name: string, kind: string][] = []
  const blocks: NaiveBlock[] = []
  for (const frame of framesOf(file)) {
    if (frame.type === 'S') {
      const schema = decode(frame.head) as unknown[]
      for (const [id, name, kind] of (schema[5] ?? []) as [number, string, string][])
        columns[id] = [name, kind]
    }
    if (frame.type === 'D') addCodes(frame, known)
    if (frame.type === 'B') blocks.push(readBlock(frame, columns, known))
  }
  return blocks
}

/** Section 5. */
function readBlock({ head, body }: Frame, columns: [string, string][], known: Dictionary): NaiveBlock {
  const streams = head.readUInt32LE(76)
  const tables = head.subarray(96 + head.readUInt32LE(72) * 40)
  const source = { tables, streams, body, known }
  const stream = (number: number) => streamOf(source, number)
  const rows = Array.from({ length: head.readUInt32LE(0) }, (): Record<string, NaiveValue> => ({}))
  for (let at = 96; at < 96 + head.readUInt32LE(72) * 40; at += 40) {
    const [name, kind] = columns[head.readUInt32LE(at)]!
    const presence = head.readUInt32LE(at + 4)
    const [s1, s2, s3, s4] = u32s(head, at + 8)
    const present = presence === 0 ? null : stream(presence)
    const values = stream(s1)
    const take = (items: (bigint | string)[]) => pieces(values, (from, to) => items.slice(from, to))
    const strings = (lengths: number, number: number) => {
      const at = (number - 1) * 32
      const joined = Buffer.concat(planesOf(source, tables[at + 2]!, tables.readUInt32LE(at + 16)))
      return pieces(stream(lengths), (from, to) => joined.toString('hex', from, to))
    }
    const addresses = (codes: bigint[]) => codes.map((code) => known.addresses[Number(code)]!)
    let cells: NaiveValue[] = values
    if (kind === 'address') cells = addresses(values)
    if (kind === 'u32-list') cells = take(stream(s2))
    if (kind === 'address-list') cells = take(addresses(stream(s2)))
    const named = (numbers: bigint[], all: string[]) => numbers.map((number) => all[Number(number)]!)
    if (kind === 'octets' || kind === 'text') cells = named(values, strings(s2, s3))
    if (kind === 'octets-list') cells = take(named(stream(s2), strings(s3, s4)))
    rows.forEach((row, i) => {
      if (present === null || present[i] === 1n) row[name] = cells[i]!
    })
  }
  return { kind: head[4]!, rows }
}
