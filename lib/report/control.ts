import { readFileSync } from 'node:fs'
import { formatAddress } from '../bytes/address.ts'
import { FlowError } from '../diagnostics/flow-error.ts'
import { reasonOf } from '../diagnostics/reason.ts'
import type { Column } from '../flow/batch.ts'
import { F } from '../flow/fields.ts'
import type { FlowBlock, FlowFile, FlowStream, Problem } from '../flow/source.ts'

/** What counters of interfaces say of a window. */
export interface Control {
  readonly isKnown: boolean
  /** Whether there were more readings than memory is given for: later ones are left out. */
  readonly isCut: boolean
  /** Octets that came in or went out by an interface; null where no counter tells. */
  octets(exporter: string, index: number, way: string): bigint | null
}

interface Span {
  readonly fromNs: bigint
  readonly toNs: bigint
}

/** Readings of the counters of one interface, in and out by turns, as they came. */
interface Readings {
  readonly times: bigint[]
  readonly octets: bigint[]
  /** Bits per second, as the exporter says; 0n unknown. */
  speed: bigint
}

/** Readings that are kept of all interfaces together: a month of every 30 seconds of 20 of them. */
const MOST_READINGS = 2_000_000
const WRAP = 2n ** 32n
const NS_PER_SECOND = 1_000_000_000n

/**
 * Octets of interfaces: of a file with lines of exporter,ifindex,in,out, or of sFlow counter records in the inputs, by
 * what counters grew from one reading of the window to the next. Throws FILE_UNREADABLE, and QUERY_INVALID that names a
 * bad line.
 */
export function controlOf(
  path: string | null,
  inputs: readonly (FlowFile | FlowStream)[],
  span: Span,
): Control {
  const left = { readings: MOST_READINGS }
  const known = path === null ? readings(inputs, span, left) : fileOctets(path)
  return {
    isKnown: known.size > 0,
    isCut: left.readings === 0,
    octets: (exporter, index, way) => known.get(`${exporter} ${index}`)?.[way === 'out' ? 1 : 0] ?? null,
  }
}

function fileOctets(path: string): Map<string, readonly [bigint, bigint]> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new FlowError('FILE_UNREADABLE', `cannot read ${path}: ${reasonOf(error)}`, { cause: error })
  }
  const known = new Map<string, readonly [bigint, bigint]>()
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#') || (i === 0 && /^exporter/i.test(line))) continue
    const [exporter = '', index = '', into = '', out = '', ...more] = line
      .split(',')
      .map((each) => each.trim())
    if (more.length > 0 || ![index, into, out].every((each) => /^\d{1,20}$/.test(each)))
      throw new FlowError(
        'QUERY_INVALID',
        `--control ${path}, line ${i + 1}: want exporter,ifindex,in,out in bytes`,
      )
    known.set(`${exporter} ${Number(index)}`, [BigInt(into), BigInt(out)])
  }
  return known
}

function readings(
  inputs: readonly (FlowFile | FlowStream)[],
  span: Span,
  left: { readings: number },
): Map<string, readonly [bigint, bigint]> {
  const found = new Map<string, Readings>()
  for (const input of inputs) {
    if (!('blocks' in input)) continue
    for (const [number, { kind, leastReceived, greatestReceived }] of input.blocks.entries()) {
      if (kind !== 'counters' || greatestReceived < span.fromNs || leastReceived > span.toNs) continue
      const block = input.block(number)
      if (block !== null) takeCounters(block, span, found, left, input.problems)
    }
  }
  const octets = new Map<string, readonly [bigint, bigint]>()
  for (const [key, own] of found) if (own.times.length > 1) octets.set(key, grownBy(own))
  return octets
}

/** By how much the counters of an interface grew in and out, over wraps and resets. */
function grownBy({ times, octets, speed }: Readings): readonly [bigint, bigint] {
  const order = times.map((_, i) => i).sort((a, b) => (times[a]! < times[b]! ? -1 : 1))
  const grown: [bigint, bigint] = [0n, 0n]
  for (const [i, place] of order.slice(1).entries()) {
    const before = order[i]!
    const ns = times[place]! - times[before]!
    const [oldIn, oldOut] = [octets[before * 2]!, octets[before * 2 + 1]!]
    const [newIn, newOut] = [octets[place * 2]!, octets[place * 2 + 1]!]
    // Two that go back at once were set to zero.
    const isReset = newIn < oldIn && newOut < oldOut
    grown[0] += isReset ? newIn : growth(oldIn, newIn, ns, speed)
    grown[1] += isReset ? newOut : growth(oldOut, newOut, ns, speed)
  }
  return grown
}

/**
 * What a counter counted between two readings. One that went back was either one of 32 bits that wrapped (RFC 2863
 * section 3.1.6), if the interface can have sent that much since, or was set to zero: then it tells what came after.
 */
function growth(before: bigint, after: bigint, ns: bigint, speed: bigint): bigint {
  if (after >= before) return after - before
  if (before >= WRAP) return after
  const wrapped = after + WRAP - before
  // Without a speed a wrap is what one from the upper half to the lower one looks like.
  const isWrap =
    speed > 0n ? wrapped * 8n * NS_PER_SECOND <= speed * ns : before >= WRAP / 2n && after < WRAP / 2n
  return isWrap ? wrapped : after
}

function takeCounters(
  block: FlowBlock,
  span: Span,
  found: Map<string, Readings>,
  left: { readings: number },
  problems: Problem[],
): void {
  const column = (name: string): Column | null => {
    const field = block.columns.find((facts) => facts.name === name)?.field ?? null
    return field === null ? null : (block.read(field, problems)?.column ?? null)
  }
  const [indexes, into, out] = [column('ifIndex'), column('ifInOctets'), column('ifOutOctets')]
  const speeds = column('ifSpeed')
  const exporters = column(F.exporterAddress.name)
  const received = column(F.timeReceived.name)
  if (exporters?.shape !== 'fixed' || received?.shape !== 'fixed') return
  for (let row = 0; row < block.info.rows; row++) {
    const at = received.wide[row]!
    const [index, a, b] = [numberAt(indexes, row), numberAt(into, row), numberAt(out, row)]
    if (index === null || a === null || b === null || at < span.fromNs || at > span.toNs) continue
    const key = `${formatAddress(exporters.words, row * 4)} ${index}`
    let known = found.get(key)
    if (known === undefined) {
      known = { times: [], octets: [], speed: 0n }
      found.set(key, known)
    }
    if (left.readings <= 0) return
    left.readings--
    known.times.push(at)
    known.octets.push(a, b)
    const speed = numberAt(speeds, row) ?? 0n
    if (speed > 0n) known.speed = speed
  }
}

function numberAt(column: Column | null, row: number): bigint | null {
  if (column === null || column.present[row] === 0) return null
  if (column.shape === 'fixed') return column.stride === 1 ? BigInt(column.values[row]!) : column.wide[row]!
  if (column.shape !== 'octets') return null
  let value = 0n
  const from = column.starts[row]!
  for (let i = 0; i < Math.min(8, column.lengths[row]!); i++)
    value = (value << 8n) | BigInt(column.data[from + i]!)
  return value
}
