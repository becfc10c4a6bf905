import { formatAddress } from '../../bytes/address.ts'
import { FlowError } from '../../diagnostics/flow-error.ts'
import { protocolNumber } from '../../flow/protocol-names.ts'
import type { FlowFile, FlowStream } from '../../flow/source.ts'
import { readBlocks } from '../block-pass.ts'
import { DETECTED } from '../flow-rows.ts'
import { emptyTable } from '../nat/nat-report.ts'
import type { Asked, ReadingPlan } from '../presets/preset.ts'
import { newQuality } from '../quality.ts'
import type { Quality, RunOptions, Selector } from '../query.ts'
import { EMPTY_QUESTION } from '../question.ts'
import { type Course, type ReportColumn, type ReportRow, wholeColumn } from '../report.ts'
import { ScanSearch } from './scan-search.ts'
import { portsText, type Scan, type ScanLimits, scansOf } from './scan-verdict.ts'

export interface ScanSettings extends ScanLimits {
  readonly protocol: number | null
  readonly fromNs: bigint | null
  readonly toNs: bigint | null
  readonly filter: Selector | null
}

/** Scans of the inputs, surest first, with their sources' addresses; the caller closes the inputs. */
export async function findScans(
  inputs: readonly (FlowFile | FlowStream)[],
  settings: ScanSettings,
  options: RunOptions,
): Promise<{ scans: Scan[]; addressOf: (number: number) => string; forgotten: number; quality: Quality }> {
  const { fromNs, toNs, filter, protocol } = settings
  const window = {
    fromMs: fromNs === null ? Number.NEGATIVE_INFINITY : Number(fromNs) / 1e6,
    toMs: toNs === null ? Number.POSITIVE_INFINITY : Number(toNs) / 1e6,
  }
  const quality = newQuality()
  const search = new ScanSearch(window, filter, protocol, options.memoryOctets)
  await readBlocks(inputs, search, quality, options, settings)
  const scans = scansOf(search, settings)
  const words = search.reader.addresses.words()
  const addressOf = (number: number) => formatAddress(words, number * 4)
  return { scans, addressOf, forgotten: search.probes.forgotten, quality }
}

/** The report `scan`; throws QUERY_INVALID. */
export function scanPlan(asked: Asked): ReadingPlan {
  const limits: ScanLimits = {
    targets: count(asked, 'targets'),
    ports: count(asked, 'ports'),
    leastScore: part(asked, 'score'),
    usesAnswers: asked.flag('live-hosts') !== 'none',
  }
  const word = asked.flag('proto')
  const protocol = word === null ? null : protocolNumber(word)
  if (protocol !== null && protocol < 0) throw new FlowError('QUERY_INVALID', `scan: ${word} is no protocol`)
  return {
    kind: 'reading',
    explanation: [
      'scan: one pass; probes by source, target, protocol and port, and which of them were answered',
      `limits: ${limits.targets} targets, ${limits.ports} ports, score ${limits.leastScore}`,
    ],
    columns: () => DETECTED,
    async read(inputs, setting, options) {
      const { fromNs, toNs } = setting
      const settings = { ...limits, protocol, fromNs, toNs, filter: setting.selector(null) }
      const { scans, addressOf, forgotten, quality } = await findScans(inputs, settings, options)
      const notes =
        forgotten === 0
          ? []
          : [`memory was full: ${forgotten} probes of sources with few of them were given up (--memory)`]
      const shown = asked.top === null ? scans : scans.slice(0, asked.top[0])
      const section = {
        name: 'scans',
        title: null,
        columns: COLUMNS,
        rows: shown.map((scan) => rowOf(scan, addressOf, asked.isForPeople)),
        others: [],
        totals: null,
        groups: scans.length,
        look: 'table' as const,
        outer: [],
      }
      const sources = [...new Set(shown.map(({ sender }) => addressOf(sender.source)))].slice(0, MOST_DRAWN)
      const courses = sources.length === 0 ? [] : [courseOf(sources)]
      return { title: 'Scans', sections: [section], notes, courses, tables: [emptyTable(quality)] }
    },
  }
}

/** Sources whose flows a page draws. */
const MOST_DRAWN = 8

function courseOf(sources: readonly string[]): Course {
  const filter = `src ip in [${sources.join(' ')}]`
  return {
    title: 'Flows of these sources over time',
    question: { ...EMPTY_QUESTION, name: 'course', by: ['time', 'src.ip'], sum: ['fps'], filter },
  }
}

const COLUMNS: readonly ReportColumn[] = [
  wholeColumn('score', 'SCORE', 'ratio', 0),
  wholeColumn('type', 'TYPE', 'text', 0, 'key'),
  wholeColumn('source', 'SOURCE', 'address', 0, 'key'),
  wholeColumn('targets', 'TARGETS', 'number', 0),
  wholeColumn('ports', 'PORTS', 'text', 0, 'key'),
  wholeColumn('port.count', 'PORT COUNT', 'number', 9),
  wholeColumn('probes', 'PROBES', 'number', 8),
  wholeColumn('flows', 'FLOWS', 'flows', 1),
  wholeColumn('answered', 'ANSWERED', 'share', 2),
  wholeColumn('small', 'SMALL', 'share', 7),
  wholeColumn('first', 'FIRST', 'time', 3, 'key'),
  wholeColumn('last', 'LAST', 'time', 4, 'key'),
  wholeColumn('rate', 'PROBES/S', 'perSecond', 5),
  wholeColumn('walk', 'TRW', 'text', 6, 'key'),
]

function rowOf(scan: Scan, addressOf: (number: number) => string, isForPeople: boolean): ReportRow {
  const { sender, type, isSlow, ports, answered, isWalk, probes } = scan
  const seconds = (sender.lastMs - sender.firstMs) / 1000
  return [
    Math.round(scan.score * 100) / 100,
    isSlow ? `slow ${type}` : type,
    addressOf(sender.source),
    scan.targets,
    portsText(ports, sender.protocol, isForPeople ? 3 : 100),
    ports.length,
    probes,
    sender.flows,
    answered,
    sender.smallFlows / sender.flows,
    BigInt(Math.round(sender.firstMs)) * 1_000_000n,
    BigInt(Math.round(sender.lastMs)) * 1_000_000n,
    probes / Math.max(1, seconds),
    isWalk === null ? null : isWalk ? 'yes' : 'no',
  ]
}

function count(asked: Asked, flag: string): number {
  const text = asked.flag(flag) ?? ''
  if (!/^[1-9]\d{0,6}$/.test(text))
    throw new FlowError('QUERY_INVALID', `scan: --${flag} ${text}: want a number`)
  return Number(text)
}

function part(asked: Asked, flag: string): number {
  const value = Number(asked.flag(flag))
  if (value >= 0 && value <= 1) return value
  throw new FlowError('QUERY_INVALID', `scan: --${flag} ${asked.flag(flag)}: want 0 to 1`)
}
