import type { AddressDictionary } from './address-dictionary.ts'
import { ENCODING } from './encoding.ts'
import type { StreamWriter } from './stream-writer.ts'

/** A column's rows as the makers of derived streams need them; absent rows are filled and may get any value. */
export interface DerivedRows {
  readonly values: Uint32Array
  readonly isWide: boolean
  /** Null where all rows hold the field. */
  readonly present: Uint8Array | null
  readonly count: number
}

/** A stream that is written and its values. */
export interface Root {
  readonly stream: number
  readonly values: Uint32Array
}

const MOST_EXCEPTIONS = 8192
const gaps = new Uint32Array(MOST_EXCEPTIONS)
const exceptions = new Uint32Array(MOST_EXCEPTIONS)

/** ATTR: a number known by address, with exceptions; 0 where it does not pay. */
export function attributeStream(
  out: StreamWriter,
  rows: DerivedRows,
  of: Root,
  attribute: number,
  addresses: AddressDictionary,
  stored: number,
): number {
  const { values, present, count } = rows
  const known = addresses.attributes[attribute]!
  const codes = of.values
  const most = Math.min(MOST_EXCEPTIONS, count >> 3)
  let found = 0
  let last = 0
  for (let row = 0; row < count; row++) {
    if (present !== null && present[row] !== 1) continue
    const code = codes[row]!
    const value = values[row]!
    const expected = known[code]!
    if (expected === value) continue
    if (expected < 0 && code >= stored) {
      known[code] = value
      continue
    }
    if (found === most) return 0
    gaps[found] = row - last
    exceptions[found++] = value
    last = row
  }
  let b = 0
  if (found > 0) {
    // The two must have neighbouring numbers: what the second needs is written first.
    b = adjacent(out, [gaps.slice(0, found), exceptions.slice(0, found)])
  }
  return out.add({ encoding: ENCODING.attribute, count, a: of.stream, b, c: attribute })
}

/** Streams with neighbouring numbers: plain encodings only, which need no other streams. Returns the first. */
function adjacent(out: StreamWriter, lists: readonly Uint32Array[]): number {
  const [first] = lists.map((list) => out.plain(list, list.length))
  return first!
}

const MOST_ENTRIES = 4096
const SLOTS = 16_384
const slots = new Int32Array(SLOTS)
const firstRows = new Uint32Array(MOST_ENTRIES)

/** MAP: a value known by two other columns; 0 where some pair has two values or there are too many. */
export function mapStream(out: StreamWriter, rows: DerivedRows, first: Root, second: Root): number {
  const { values, isWide, present, count } = rows
  const entries = isWide
    ? findWideEntries(values, present, count, first.values, second.values)
    : findEntries(values, present, count, first.values, second.values)
  if (entries < 0 || entries * 16 > count) return 0
  const keys1 = new Uint32Array(entries)
  const keys2 = new Uint32Array(entries)
  const results = new Uint32Array(isWide ? entries * 2 : entries)
  for (let entry = 0; entry < entries; entry++) {
    const row = firstRows[entry]!
    keys1[entry] = first.values[row]!
    keys2[entry] = second.values[row]!
    if (isWide) {
      results[entry * 2] = values[row * 2]!
      results[entry * 2 + 1] = values[row * 2 + 1]!
    } else {
      results[entry] = values[row]!
    }
  }
  const c = out.plain(keys1, entries)
  out.plain(keys2, entries)
  if (isWide) out.plainWide(results, entries)
  else out.plain(results, entries)
  return out.add({ encoding: ENCODING.map, count, a: first.stream, b: second.stream, c })
}

function findEntries(
  values: Uint32Array,
  present: Uint8Array | null,
  count: number,
  keys1: Uint32Array,
  keys2: Uint32Array,
): number {
  slots.fill(-1)
  let entries = 0
  for (let row = 0; row < count; row++) {
    if (present !== null && present[row] !== 1) continue
    const key1 = keys1[row]!
    const key2 = keys2[row]!
    let slot = (Math.imul(key1, 0x9e3779b1) + Math.imul(key2, 0x85ebca6b)) >>> 18
    let entry = slots[slot]!
    while (entry >= 0) {
      const other = firstRows[entry]!
      if (keys1[other] === key1 && keys2[other] === key2) break
      slot = (slot + 1) & (SLOTS - 1)
      entry = slots[slot]!
    }
    if (entry >= 0) {
      if (values[firstRows[entry]!] !== values[row]) return -1
      continue
    }
    if (entries === MOST_ENTRIES) return -1
    slots[slot] = entries
    firstRows[entries++] = row
  }
  return entries
}

function findWideEntries(
  values: Uint32Array,
  present: Uint8Array | null,
  count: number,
  keys1: Uint32Array,
  keys2: Uint32Array,
): number {
  slots.fill(-1)
  let entries = 0
  for (let row = 0; row < count; row++) {
    if (present !== null && present[row] !== 1) continue
    const key1 = keys1[row]!
    const key2 = keys2[row]!
    let slot = (Math.imul(key1, 0x9e3779b1) + Math.imul(key2, 0x85ebca6b)) >>> 18
    let entry = slots[slot]!
    while (entry >= 0) {
      const other = firstRows[entry]!
      if (keys1[other] === key1 && keys2[other] === key2) break
      slot = (slot + 1) & (SLOTS - 1)
      entry = slots[slot]!
    }
    if (entry >= 0) {
      const other = firstRows[entry]! * 2
      if (values[other] !== values[row * 2] || values[other + 1] !== values[row * 2 + 1]) return -1
      continue
    }
    if (entries === MOST_ENTRIES) return -1
    slots[slot] = entries
    firstRows[entries++] = row
  }
  return entries
}

// Streams are written at once, so blocks share the memory that they are made in.
let choices = new Uint32Array(0)
let own = new Uint32Array(0)

/** SELECT: nothing, the same as another column, or a value of its own; 0 where most are of their own. */
export function selectStream(out: StreamWriter, rows: DerivedRows, like: Root): number {
  const { values, present, count } = rows
  if (choices.length < count) {
    choices = new Uint32Array(count)
    own = new Uint32Array(count)
  }
  choices.fill(0, 0, count)
  let found = 0
  for (let row = 0; row < count; row++) {
    if (present !== null && present[row] !== 1) continue
    const value = values[row]!
    if (value === 0) continue
    if (value === like.values[row]) {
      choices[row] = 1
    } else {
      choices[row] = 2
      own[found++] = value
    }
  }
  if (found * 3 > count * 2) return 0
  const a = out.narrow(choices, count)
  const c = out.narrow(own, found)
  return out.add({ encoding: ENCODING.select, count, a, b: like.stream, c })
}

/** FAMILY: a number that only tells IPv4 from IPv6; 0 where it does not in every row. */
export function familyStream(
  out: StreamWriter,
  rows: DerivedRows,
  of: Root,
  addresses: AddressDictionary,
  ipv4: number,
  ipv6: number,
): number {
  const { values, present, count } = rows
  for (let row = 0; row < count; row++) {
    if (present !== null && present[row] !== 1) continue
    if (values[row] !== (addresses.isIpv4(of.values[row]!) ? ipv4 : ipv6)) return 0
  }
  return out.add({ encoding: ENCODING.family, count, base: BigInt(ipv4), a: of.stream, c: ipv6 })
}
