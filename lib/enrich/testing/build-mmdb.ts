import { isIpv4, parseNetwork } from '../../bytes/address.ts'

export interface MmdbForm {
  readonly recordBits: 24 | 28 | 32
  readonly family: 4 | 6
  readonly type: string
}

type Plain = string | number | { readonly [key: string]: Plain }

const MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1')

function control(type: number, size: number): Buffer {
  if (size > 284) throw new Error('too long for a test')
  const bits = Math.min(size, 29)
  const front = type < 8 ? [(type << 5) | bits] : [bits, type - 7]
  return Buffer.from(size < 29 ? front : [...front, size - 29])
}

function encode(value: Plain): Buffer {
  if (typeof value === 'string') {
    const text = Buffer.from(value)
    return Buffer.concat([control(2, text.length), text])
  }
  if (typeof value === 'number') {
    const octets = Buffer.alloc(Number.isInteger(value) ? 4 : 8)
    if (Number.isInteger(value)) octets.writeUInt32BE(value)
    else octets.writeDoubleBE(value)
    return Buffer.concat([control(Number.isInteger(value) ? 6 : 3, octets.length), octets])
  }
  const entries = Object.entries(value)
  return Buffer.concat([
    control(7, entries.length),
    ...entries.flatMap(([key, inner]) => [encode(key), encode(inner)]),
  ])
}

/** Arrays of two pointers to the array behind, or one that points to itself. */
function hostile(kind: 'fan' | 'circle'): Buffer {
  if (kind === 'circle') return Buffer.from([0x01, 0x04, 0x20, 0x00])
  const levels = 40
  const parts: Buffer[] = []
  for (let i = 0; i < levels; i++) {
    const next = (i + 1) * 6
    const pointer = [0x20 | (next >>> 8), next & 255]
    parts.push(Buffer.from([0x02, 0x04, ...pointer, ...pointer]))
  }
  return Buffer.concat([...parts, encode(1)])
}

/** A small database: networks that do not overlap, and their data; `fan` and `circle` are data without end. */
export function buildMmdb(
  form: MmdbForm,
  networks: readonly (readonly [string, Plain | 'fan' | 'circle'])[],
): Buffer {
  const { recordBits, family, type } = form
  // A node has two records: -1 nothing, a node, or data as -2 - place.
  const nodes: [number, number][] = [[-1, -1]]
  const data: Buffer[] = []
  let place = 0
  for (const [prefix, value] of networks) {
    const { words, bits } = parseNetwork(prefix)!
    const isV4 = isIpv4(words, 0)
    const path: number[] = isV4 && family === 6 ? new Array<number>(96).fill(0) : []
    for (let bit = isV4 ? 96 : 0; bit < bits; bit++) path.push((words[bit >>> 5]! >>> (31 - (bit & 31))) & 1)
    let node = 0
    path.forEach((side, i) => {
      if (i === path.length - 1) {
        nodes[node]![side] = -2 - place
        return
      }
      if (nodes[node]![side]! < 0) {
        nodes.push([-1, -1])
        nodes[node]![side] = nodes.length - 1
      }
      node = nodes[node]![side]!
    })
    const octets = value === 'fan' || value === 'circle' ? hostile(value) : encode(value)
    data.push(octets)
    place += octets.length
  }
  const tree = Buffer.alloc((nodes.length * recordBits) / 4)
  nodes.forEach((sides, n) => {
    const [left, right] = sides.map((side) =>
      side >= 0 ? side : side === -1 ? nodes.length : nodes.length + 16 - side - 2,
    ) as [number, number]
    const at = (n * recordBits) / 4
    if (recordBits === 24) {
      tree.writeUIntBE(left, at, 3)
      tree.writeUIntBE(right, at + 3, 3)
    } else if (recordBits === 32) {
      tree.writeUInt32BE(left, at)
      tree.writeUInt32BE(right, at + 4)
    } else {
      tree.writeUIntBE(left & 0xffffff, at, 3)
      tree[at + 3] = ((left >>> 24) << 4) | (right >>> 24)
      tree.writeUIntBE(right & 0xffffff, at + 4, 3)
    }
  })
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_700_000_000,
    database_type: type,
    ip_version: family,
    node_count: nodes.length,
    record_size: recordBits,
  })
  return Buffer.concat([tree, Buffer.alloc(16), ...data, MARKER, metadata])
}

/** The marker and what follows it. */
export function metadataOf(database: Buffer): Buffer {
  return database.subarray(database.lastIndexOf(MARKER))
}
