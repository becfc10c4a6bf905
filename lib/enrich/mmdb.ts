import { isIpv4 } from '../bytes/address.ts'
import { FlowError } from '../diagnostics/flow-error.ts'
import { MmdbDecoder, type MmdbValue } from './mmdb-decoder.ts'

// MaxMind DB File Format Specification 2.0.

const MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1')
/** The metadata section is at most this long, "Database Metadata". */
const MOST_METADATA = 128 * 1024
/** Zeros between the tree and the data. */
const SEPARATOR = 16

function invalid(path: string, why: string): FlowError {
  return new FlowError('TABLE_INVALID', `${path} is no usable MaxMind database: ${why}`)
}

/** A database in memory. Look-ups take at most 128 steps and never throw. */
export class Mmdb {
  readonly path: string
  /** `GeoLite2-ASN`, `GeoIP2-City`, … */
  readonly type: string
  /** When the database was made, milliseconds since the epoch; 0 unknown. */
  readonly builtMs: number
  readonly #octets: Buffer
  readonly #nodes: number
  readonly #recordBits: number
  readonly #isIpv4Only: boolean
  readonly #dataAt: number
  readonly #decoder: MmdbDecoder
  /** What lies below 96 zeros, where IPv4 addresses begin. */
  readonly #ipv4Node: number

  /** `path` is for messages. Throws a FlowError where `octets` are no database. */
  constructor(path: string, octets: Buffer) {
    this.path = path
    const marker = octets.lastIndexOf(MARKER)
    if (marker < 0 || marker < octets.length - MOST_METADATA - MARKER.length)
      throw invalid(path, 'it has no metadata; give a file in .mmdb format, unpacked')
    const from = marker + MARKER.length
    const metadata = new MmdbDecoder(octets, from, octets.length).decode(from)
    if (!(metadata instanceof Map)) throw invalid(path, 'its metadata are damaged; get the file again')
    const number = (key: string): number => {
      const value = metadata.get(key)
      return typeof value === 'bigint' ? Number(value) : typeof value === 'number' ? value : -1
    }
    const type = metadata.get('database_type')
    this.type = typeof type === 'string' ? type : ''
    const builtMs = number('build_epoch') * 1000
    // A date beyond what Date can hold is no date.
    this.builtMs = builtMs > 0 && builtMs <= 8.64e15 ? builtMs : 0
    this.#nodes = number('node_count')
    this.#recordBits = number('record_size')
    const version = number('binary_format_major_version')
    if (version !== 2) throw invalid(path, `its format has version ${version}, only 2 is known`)
    if (![24, 28, 32].includes(this.#recordBits) || this.#nodes < 0)
      throw invalid(path, 'its metadata are damaged; get the file again')
    const family = number('ip_version')
    if (family !== 4 && family !== 6) throw invalid(path, 'its metadata are damaged; get the file again')
    this.#isIpv4Only = family === 4
    const treeOctets = (this.#nodes * this.#recordBits) / 4
    if (treeOctets + SEPARATOR > marker) throw invalid(path, 'it is cut short; get the file again')
    this.#octets = octets
    this.#dataAt = treeOctets + SEPARATOR
    this.#decoder = new MmdbDecoder(octets, this.#dataAt, marker)
    let node = 0
    if (family === 6) for (let i = 0; i < 96 && node < this.#nodes; i++) node = this.#record(node, 0)
    this.#ipv4Node = node
  }

  /**
   * Where the data of the address at `at` lie, for `read`; -1 where there are none. Addresses of one network have the same
   * place, so what is made of it can be kept under it.
   */
  find(words: Uint32Array, at: number): number {
    const nodes = this.#nodes
    let node: number
    let bit: number
    if (isIpv4(words, at)) {
      node = this.#ipv4Node
      bit = 96
    } else {
      if (this.#isIpv4Only) return -1
      node = 0
      bit = 0
    }
    for (; bit < 128 && node < nodes; bit++) {
      node = this.#record(node, (words[at + (bit >>> 5)]! >>> (31 - (bit & 31))) & 1)
    }
    // The number of nodes itself stands for no data.
    if (node <= nodes) return -1
    return Math.max(-1, node - nodes - SEPARATOR)
  }

  /** The data at a place that `find` gave; null where they are damaged. */
  read(place: number): MmdbValue | null {
    return place < 0 ? null : this.#decoder.decode(this.#dataAt + place)
  }

  #record(node: number, side: number): number {
    const octets = this.#octets
    if (this.#recordBits === 24) {
      const from = node * 6 + side * 3
      return (octets[from]! << 16) | (octets[from + 1]! << 8) | octets[from + 2]!
    }
    if (this.#recordBits === 32) return octets.readUInt32BE(node * 8 + side * 4)
    // 28 bits: the octet in the middle has the upper four bits of either side.
    const at = node * 7
    const middle = octets[at + 3]!
    if (side === 0) return (middle >>> 4) * 0x1000000 + octets.readUIntBE(at, 3)
    return (middle & 15) * 0x1000000 + octets.readUIntBE(at + 4, 3)
  }
}

/** The value under the keys of nested maps; undefined where there is none. */
export function valueAt(value: MmdbValue | null, ...keys: readonly string[]): MmdbValue | undefined {
  let inner: MmdbValue | undefined = value ?? undefined
  for (const key of keys) {
    if (!(inner instanceof Map)) return undefined
    inner = inner.get(key)
  }
  return inner
}

/** As `valueAt`, the text there; empty where there is none. */
export function textAt(value: MmdbValue | null, ...keys: readonly string[]): string {
  const inner = valueAt(value, ...keys)
  return typeof inner === 'string' ? inner : ''
}
