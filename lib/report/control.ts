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
  /** Octets that came in or went out by an interface; null where no counter tells. */
  octets(exporter: string, index: number, way: string): bigint | null
}

interface Span {
  readonly fromNs: bigint
  readonly toNs: bigint
}

/** The first and the last reading of a counter. */
interface Readings {
  firstNs: bigint
  lastNs: bigint
  first: readonly [bigint, bigint]
  last: readonly [bigint, bigint]
}

const MOST_INTERFACES = 1_000_000

/**
 * Octets of interfaces: of a file with lines of exporter,ifindex,in,out, or of sFlow counter records in the inputs, as
 * the last reading of the window less the first. Throws FILE_UNREADABLE, and QUERY_INVALID that names a bad line.
 */
export function controlOf(
  path: string | null,
  inputs: readonly (FlowFile | FlowStream)[],
  span: Span,
): Control {
  const known = path === null ? readings(inputs, span) : fileOctets(path)
  return {
    isKnown: known.size > 0,
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
): Map<string, readonly [bigint, bigint]> {
  const found = new Map<string, Readings>()
  for (const input of inputs) {
    if (!('blocks' in input)) continue
    for (const [number, { kind, leastReceived, greatestReceived }] of input.blocks.entries()) {
      if (kind !== 'counters' || greatestReceived < span.fromNs || leastReceived > span.toNs) continue
      const block = input.block(number)
      if (block !== null) takeCounters(block, span, found, input.problems)
    }
  }
  const octets = new Map<string, readonly [bigint, bigint]>()
  for (const [key, { first, last, firstNs, lastNs }] of found) {
    // A counter that went back was reset: what it says of the window is not known.
    if (lastNs > firstNs && last[0] >= first[0] && last[1] >= first[1])
      octets.set(key, [last[0] - first[0], last[1] - first[1]])
  }
  return octets
}

function takeCounters(block: FlowBlock, span: Span, found: Map<string, Readings>, problems: Problem[]): void {
  const column = (name: string): Column | null => {
    const field = block.columns.find((facts) => facts.name === name)?.field ?? null
    return field === null ? null : (block.read(field, problems)?.column ?? null)
  }
  const [indexes, into, out] = [column('ifIndex'), column('ifInOctets'), column('ifOutOctets')]
  const exporters = column(F.exporterAddress.name)
  const received = column(F.timeReceived.name)
  if (exporters?.shape !== 'fixed' || received?.shape !== 'fixed') return
  for (let row = 0; row < block.info.rows; row++) {
    const at = received.wide[row]!
    const [index, a, b] = [numberAt(indexes, row), numberAt(into, row), numberAt(out, row)]
    if (index === null || a === null || b === null || at < span.fromNs || at > span.toNs) continue
    const key = `${formatAddress(exporters.words, row * 4)} ${index}`
    const known = found.get(key)
    const pair = [a, b] as const
    if (known === undefined) {
      if (found.size < MOST_INTERFACES) found.set(key, { firstNs: at, lastNs: at, first: pair, last: pair })
    } else if (at < known.firstNs) {
      known.firstNs = at
      known.first = pair
    } else if (at > known.lastNs) {
      known.lastNs = at
      known.last = pair
    }
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
