import type { Column, FixedColumn, OctetsColumn } from '../../flow/batch.ts'
import { F, type Field } from '../../flow/fields.ts'
import type { AddressCodes, BlockFacts, FlowBlock, FlowFile, FlowStream } from '../../flow/source.ts'
import { greater, lesser } from '../window.ts'
import type { PlainFlow } from './plain-flows.ts'

/** Addresses numbered as they come. */
class Codes implements AddressCodes {
  readonly #numbers = new Map<string, number>([['0,0,0,0', 0]])
  #words = Uint32Array.of(0, 0, 0, 0)

  get codes(): number {
    return this.#numbers.size
  }

  words(): Uint32Array {
    return this.#words
  }

  codeOf(words: readonly number[]): number {
    let code = this.#numbers.get(words.join())
    if (code === undefined) {
      code = this.#numbers.size
      this.#numbers.set(words.join(), code)
      this.#words = Uint32Array.of(...this.#words, ...words)
    }
    return code
  }
}

function factsOf(flows: readonly PlainFlow[]): BlockFacts {
  const values = (field: Field) => flows.flatMap((flow) => (flow.get(field) as bigint | undefined) ?? [])
  const least = (field: Field) => values(field).reduce(lesser, 2n ** 64n - 1n)
  const greatest = (field: Field) => values(field).reduce(greater, 0n)
  return {
    rows: flows.length,
    kind: 'flow',
    leastReceived: least(F.timeReceived),
    greatestReceived: greatest(F.timeReceived),
    leastStart: least(F.flowStart),
    greatestEnd: greatest(F.flowEnd),
    octets: values(F.octetDeltaCount).reduce((a, b) => a + b, 0n),
    packets: values(F.packetDeltaCount).reduce((a, b) => a + b, 0n),
  }
}

const NO_WIDE = new BigUint64Array(0)
const NO_SIGNED = new BigInt64Array(0)

function fixedColumn(field: Field, flows: readonly PlainFlow[]): FixedColumn {
  const rows = flows.length
  const isAddress = field.kind === 'address'
  const isWide = field.kind === 'u64'
  const values = isAddress
    ? new Uint32Array(rows * 4)
    : isWide
      ? new Uint32Array(rows * 2)
      : field.kind === 'u8'
        ? new Uint8Array(rows)
        : field.kind === 'u16'
          ? new Uint16Array(rows)
          : new Uint32Array(rows)
  const wide = isWide ? new BigUint64Array(values.buffer) : NO_WIDE
  const present = new Uint8Array(rows)
  for (const [row, flow] of flows.entries()) {
    const value = flow.get(field)
    if (value === undefined) continue
    present[row] = 1
    if (isAddress) values.set(value as readonly number[], row * 4)
    else if (isWide) wide[row] = value as bigint
    else values[row] = Number(value as bigint)
  }
  const words = values instanceof Uint32Array ? values : new Uint32Array(0)
  const stride = isAddress ? 4 : isWide ? 2 : 1
  return { field, shape: 'fixed', values, wide, signed: NO_SIGNED, words, stride, present }
}

function textColumn(field: Field, flows: readonly PlainFlow[]): OctetsColumn {
  const starts = new Uint32Array(flows.length)
  const lengths = new Uint32Array(flows.length)
  const present = new Uint8Array(flows.length)
  const pieces: Buffer[] = []
  let used = 0
  for (const [row, flow] of flows.entries()) {
    const value = flow.get(field)
    if (value === undefined) continue
    const octets = Buffer.from(value as string, field.kind === 'octets' ? 'hex' : 'utf8')
    pieces.push(octets)
    starts[row] = used
    lengths[row] = octets.length
    present[row] = 1
    used += octets.length
  }
  return { field, shape: 'octets', starts, lengths, data: Buffer.concat(pieces), used, present }
}

function blockOf(flows: readonly PlainFlow[], addresses: Codes): FlowBlock {
  const fields = new Set(flows.flatMap((flow) => [...flow.keys()]))
  const codesOf = (field: Field) =>
    Uint32Array.from(flows, (flow) => addresses.codeOf((flow.get(field) as number[]) ?? [0, 0, 0, 0]))
  return {
    info: factsOf(flows),
    columns: [...fields].map((field) => {
      const values = flows.flatMap<unknown>((flow) => (flow.has(field) ? [flow.get(field)] : []))
      const isNumber = typeof values[0] === 'bigint'
      return {
        field,
        name: field.name,
        least: isNumber ? (values as bigint[]).reduce(lesser) : 0n,
        greatest: isNumber ? (values as bigint[]).reduce(greater) : 2n ** 64n - 1n,
      }
    }),
    addresses,
    layout: () => null,
    read(field) {
      if (!fields.has(field)) return null
      const isText = field.kind === 'text' || field.kind === 'octets'
      const column: Column = isText ? textColumn(field, flows) : fixedColumn(field, flows)
      return { column, codes: field.kind === 'address' ? codesOf(field) : null }
    },
    readCodes(field) {
      if (!fields.has(field)) return null
      return { codes: codesOf(field), present: fixedColumn(field, flows).present }
    },
    gather(field, rows, count, out) {
      for (let i = 0; i < count; i++) {
        const value = flows[rows[i]!]!.get(field)
        if (value === undefined || typeof value === 'string') return false
        if (typeof value === 'bigint' && value >= 2n ** 32n) return false
        out[i] = typeof value === 'bigint' ? Number(value) : addresses.codeOf(value)
      }
      return true
    },
  }
}

function pieces<T>(list: readonly T[], size: number): T[][] {
  const out: T[][] = []
  for (let at = 0; at < list.length; at += size) out.push(list.slice(at, at + size))
  return out
}

/** Flows as an archive file would give them, in blocks of `blockRows`. */
export function memoryFile(flows: readonly PlainFlow[], blockRows: number): FlowFile {
  const addresses = new Codes()
  const blocks = pieces(flows, blockRows).map((own) => blockOf(own, addresses))
  return {
    path: 'memory',
    stamp: null,
    blocks: blocks.map(({ info }) => info),
    addresses,
    problems: [],
    block: (index) => blocks[index] ?? null,
    addressDirectory: () => null,
    close() {},
  }
}

/** Flows as a log would give them: addresses are learnt when they are read, and forgotten every `forget` blocks. */
export function memoryStream(flows: readonly PlainFlow[], blockRows: number, forget = 3): FlowStream {
  const waiting = pieces(flows, blockRows)
  let addresses = new Codes()
  let taken = 0
  return {
    path: 'memory',
    problems: [],
    rejected: 0,
    async next() {
      const own = waiting.shift()
      if (own === undefined) return null
      if (taken++ % forget === 0) addresses = new Codes()
      return blockOf(own, addresses)
    },
    close() {},
  }
}
