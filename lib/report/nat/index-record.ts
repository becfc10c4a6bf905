import type { Evidence } from './evidence.ts'
import type { Change } from './nat-fields.ts'

// Records of an index of translations, as octets: numbers with the most significant octet first, so that records are in
// order where their octets are.

/** Which part of what is known of an address a record belongs to. */
export const PORT_KEY = {
  /** Who tells of it, and which blocks have plain flows of it. */
  notes: 0,
  /** Translations of so many ports that they do not lie under each. */
  wide: 1,
  /** Blocks of ports: this and the number of the bin. */
  bins: 2,
  /** Sessions: this and the port. */
  ports: 0x100,
  last: 0x100ff,
} as const

/** Ports of a bin, as a power of two. */
const BIN_BITS = 10
/** Blocks that touch more bins are wide. */
const MOST_BINS = 4

/** The first octet where keys begin, and where they end. */
export const KEY_AT = 2
export const KEY_END = 23
export const KEY_OCTETS = KEY_END - KEY_AT
const PORT_KEY_AT = 19
const TYPE_AT = 23
const FILE_AT = 24
const NUMBER_AT = 28
const BODY_AT = 36
const TEXTS_AT = 71
const MOST_TEXT = 1024
/** Plain flows of an address at more ports are not told port by port. */
export const MOST_PORTS = 512
/** No record is longer. */
export const MOST_RECORD_OCTETS = TEXTS_AT + 4 * (2 + MOST_TEXT) + 6 * MOST_PORTS
/** Later minutes are not told apart. */
export const MOST_MINUTE = 2 ** 32 - 1
export const MINUTE_NS = 60_000_000_000

const TYPES = ['evidence', 'exporter', 'flows'] as const
const KINDS: readonly Evidence['kind'][] = ['session', 'block', 'binding', 'flow']
const CHANGES: readonly Change[] = ['begin', 'end', 'span', 'none']

/** When there were flows of a port: minutes since the epoch, each perhaps one off. */
export interface PortTime {
  readonly port: number
  readonly fromMinute: number
  readonly toMinute: number
}

/** What an index knows of an address; `file` is the number of the archive file in it. */
export type IndexRecord =
  | { readonly type: 'evidence'; readonly file: number; readonly toldNs: bigint; readonly evidence: Evidence }
  /** Somebody told of the address within the hour that begins then. */
  | { readonly type: 'exporter'; readonly file: number; readonly hourNs: bigint; readonly exporter: string }
  /** An exporter told of plain flows of the address in a block. */
  | {
      readonly type: 'flows'
      readonly file: number
      readonly block: number
      readonly exporter: string
      /** Null: there are too many to be told one by one. */
      readonly ports: readonly PortTime[] | null
    }

/** Under which keys evidence lies; with a private address, blocks and bindings are about all ports. */
export function portKeysOf({ kind, firstPort, lastPort }: Evidence, isPrivate: boolean): number[] {
  if (kind === 'session' || kind === 'flow') return [PORT_KEY.ports + firstPort]
  const [first, last] = [firstPort >>> BIN_BITS, lastPort >>> BIN_BITS]
  if (isPrivate || last - first >= MOST_BINS) return [PORT_KEY.wide]
  const keys: number[] = []
  for (let bin = first; bin <= last; bin++) keys.push(PORT_KEY.bins + bin)
  return keys
}

/** The first and the last key of all that is known of an address. */
export const ALL_KEYS: readonly [number, number] = [PORT_KEY.notes, PORT_KEY.last]

/** First and last keys under which everything about some ports lies, none of it twice. */
export function rangesOf(ports: Iterable<number>): (readonly [number, number])[] {
  const own = [...ports]
  const bins = new Set(own.map((port) => PORT_KEY.bins + (port >>> BIN_BITS)))
  const single = [...bins, ...own.map((port) => PORT_KEY.ports + port)]
  return [[PORT_KEY.notes, PORT_KEY.wide], ...single.map((key) => [key, key] as const)]
}

/** Writes a key: what of an address, of which side, is asked. */
export function putKey(
  out: Buffer,
  at: number,
  isPrivate: boolean,
  words: Uint32Array,
  wordsAt: number,
  portKey: number,
): void {
  out[at] = Number(isPrivate)
  for (let i = 0; i < 4; i++) out.writeUInt32BE(words[wordsAt + i]!, at + 1 + i * 4)
  out.writeUInt32BE(portKey, at + 17)
}

/** Writes a record at `at`, where there is room for the longest, its key already in place; returns where it ends. */
export function putRecord(out: Buffer, at: number, record: IndexRecord): number {
  out[at + TYPE_AT] = TYPES.indexOf(record.type)
  out.writeUInt32BE(record.file, at + FILE_AT)
  const number =
    record.type === 'evidence'
      ? record.toldNs
      : record.type === 'exporter'
        ? record.hourNs
        : BigInt(record.block)
  out.writeBigUInt64BE(BigInt.asUintN(64, number), at + NUMBER_AT)
  let end = at + BODY_AT
  if (record.type === 'evidence') end = putEvidence(out, at, record.evidence)
  else end = putText(out, end, record.exporter)
  if (record.type === 'flows') end = putPorts(out, end, record.ports ?? [])
  out.writeUInt16LE(end - at, at)
  return end
}

function putEvidence(out: Buffer, at: number, evidence: Evidence): number {
  const { kind, change, atNs, fromNs, firstPort, lastPort, portStep, protocol, otherPort, vrf } = evidence
  out.writeBigUInt64BE(BigInt.asUintN(64, atNs), at + 36)
  out.writeBigUInt64BE(BigInt.asUintN(64, fromNs ?? 0n), at + 44)
  out[at + 52] = Number(fromNs !== null)
  out[at + 53] = KINDS.indexOf(kind)
  out[at + 54] = CHANGES.indexOf(change)
  out.writeUInt16BE(portStep, at + 55)
  out.writeUInt16BE(firstPort, at + 57)
  out.writeUInt16BE(lastPort, at + 59)
  out.writeInt16BE(protocol, at + 61)
  out.writeInt32BE(otherPort, at + 63)
  out.writeUInt32BE(vrf, at + 67)
  let end = at + TEXTS_AT
  for (const text of [evidence.other, evidence.peer, evidence.label, evidence.exporter])
    end = putText(out, end, text)
  return end
}

/** The first minute, then each port with minutes since that. */
function putPorts(out: Buffer, at: number, ports: readonly PortTime[]): number {
  if (ports.length === 0) return at
  const first = ports.reduce((least, { fromMinute }) => Math.min(least, fromMinute), MOST_MINUTE)
  let end = out.writeUInt32BE(first, at)
  for (const { port, fromMinute, toMinute } of ports) {
    end = out.writeUInt16BE(port, end)
    // A flow of more than weeks is as good as one without end: it is read wherever somebody asks.
    end = out.writeUInt16BE(Math.min(0xffff, fromMinute - first), end)
    end = out.writeUInt16BE(Math.min(0xffff, toMinute - first), end)
  }
  return end
}

function putText(out: Buffer, at: number, text: string): number {
  const octets = out.write(text, at + 2, MOST_TEXT, 'utf8')
  out.writeUInt16BE(octets, at)
  return at + 2 + octets
}

/** How long the record at `at` says that it is; throws where that cannot be. */
export function recordOctets(records: Buffer, at: number): number {
  const octets = records.readUInt16LE(at)
  if (octets < BODY_AT || at + octets > records.length) throw new RangeError('a record of no length')
  return octets
}

/** The number of the archive file that a record is of. */
export function fileOf(records: Buffer, at: number): number {
  return records.readUInt32BE(at + FILE_AT)
}

/** Says that a record is of another file, by its number. */
export function putFile(records: Buffer, at: number, file: number): void {
  records.writeUInt32BE(file, at + FILE_AT)
}

/** Whether two records that are the same, octet by octet, count once. */
export function countsOnce(records: Buffer, at: number): boolean {
  return TYPES[records[at + TYPE_AT]!] !== 'evidence'
}

/** The key under which the record at `at` lies within its address. */
export function portKeyOf(records: Buffer, at: number): number {
  return records.readUInt32BE(at + PORT_KEY_AT)
}

/** Reads a record; throws RangeError for octets that are none. */
export function readRecord(records: Buffer, at: number): IndexRecord {
  const type = TYPES[records[at + TYPE_AT]!]
  const file = fileOf(records, at)
  const number = records.readBigUInt64BE(at + NUMBER_AT)
  const own = records.subarray(at, at + recordOctets(records, at))
  if (type === 'evidence') return { type, file, toldNs: number, evidence: readEvidence(own) }
  const { text: exporter, end } = textAt(own, BODY_AT)
  if (type === 'exporter') return { type, file, hourNs: number, exporter }
  if (type === 'flows') return { type, file, block: Number(number), exporter, ports: portsAt(own, end) }
  throw new RangeError('a record of no type')
}

/** The ports that a record ends with; null where there are none. */
function portsAt(own: Buffer, at: number): PortTime[] | null {
  if (at === own.length) return null
  const first = own.readUInt32BE(at)
  const ports: PortTime[] = []
  for (let next = at + 4; next < own.length; next += 6) {
    const [port, from, to] = [own.readUInt16BE(next), own.readUInt16BE(next + 2), own.readUInt16BE(next + 4)]
    const toMinute = to === 0xffff ? MOST_MINUTE : first + to
    ports.push({ port, fromMinute: first + from, toMinute })
  }
  return ports
}

function readEvidence(own: Buffer): Evidence {
  const [kind, change] = [KINDS[own[53]!], CHANGES[own[54]!]]
  if (kind === undefined || change === undefined) throw new RangeError('evidence of no kind')
  const other = textAt(own, TEXTS_AT)
  const peer = textAt(own, other.end)
  const label = textAt(own, peer.end)
  const exporter = textAt(own, label.end)
  return {
    kind,
    change,
    atNs: own.readBigUInt64BE(36),
    fromNs: own[52] === 0 ? null : own.readBigUInt64BE(44),
    firstPort: own.readUInt16BE(57),
    lastPort: own.readUInt16BE(59),
    portStep: Math.max(1, own.readUInt16BE(55)),
    protocol: own.readInt16BE(61),
    other: other.text,
    otherPort: own.readInt32BE(63),
    vrf: own.readUInt32BE(67),
    peer: peer.text,
    label: label.text,
    exporter: exporter.text,
  }
}

function textAt(own: Buffer, at: number): { text: string; end: number } {
  const end = at + 2 + own.readUInt16BE(at)
  if (end > own.length) throw new RangeError('a text beyond its record')
  return { text: own.toString('utf8', at + 2, end), end }
}

/** Whether a record that lies under several keys lies under its first one: who reads all keys takes it there. */
export function isFirstOfSeveral(portKey: number, { kind, firstPort }: Evidence): boolean {
  const isBin = (kind === 'block' || kind === 'binding') && portKey >= PORT_KEY.bins
  return !isBin || portKey === PORT_KEY.bins + (firstPort >>> BIN_BITS)
}

/** Compares two records: negative, 0 or positive as their octets are. */
export function compareRecords(a: Buffer, aAt: number, b: Buffer, bAt: number): number {
  const first = a.compare(b, bAt + KEY_AT, bAt + BODY_AT, aAt + KEY_AT, aAt + BODY_AT)
  if (first !== 0) return first
  return a.compare(b, bAt + BODY_AT, bAt + recordOctets(b, bAt), aAt + BODY_AT, aAt + recordOctets(a, aAt))
}

/** Compares the keys of two records, or of a record and what `putKey` wrote. */
export function compareKeys(a: Buffer, aAt: number, b: Buffer, bAt: number): number {
  return a.compare(b, bAt + KEY_AT, bAt + KEY_END, aAt + KEY_AT, aAt + KEY_END)
}
