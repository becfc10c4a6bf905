import { FlowError } from '../../diagnostics/flow-error.ts'
import { DETECTED } from '../flow-rows.ts'
import { emptyTable } from '../nat/nat-report.ts'
import type { Asked, ReadingPlan } from '../presets/preset.ts'
import { EMPTY_QUESTION } from '../question.ts'
import { type Course, type ReportColumn, type ReportRow, wholeColumn } from '../report.ts'
import { type Attack, findAttacks } from './attacks.ts'
import { mitigationOf } from './mitigation.ts'
import { BIN_MS } from './volume-search.ts'

/** The report `ddos`; throws QUERY_INVALID. */
export function ddosPlan(asked: Asked): ReadingPlan {
  const [bps, pps, fps, factor] = ['bps', 'pps', 'fps', 'factor'].map((flag) => rate(asked, flag)) as [
    number,
    number,
    number,
    number,
  ]
  const isMitigating = asked.isOn('mitigate')
  return {
    kind: 'reading',
    explanation: [
      'ddos: volumes by minute of each address, /24 and /64; then the flows of minutes that stand out once more',
      `floors: ${bps} bit/s, ${pps} packets/s, ${fps} flows/s; ${factor} times the usual`,
    ],
    columns: () => DETECTED,
    async read(inputs, setting, options) {
      const { fromNs, toNs } = setting
      const isRaw = setting.counters === 'raw'
      const settings = { bps, pps, fps, factor, fromNs, toNs, isRaw, filter: setting.selector(null) }
      const { attacks, quality, notes } = await findAttacks(inputs, settings, options)
      const shown = asked.top === null ? attacks : attacks.slice(0, asked.top[0])
      const section = {
        name: 'attacks',
        title: null,
        columns: isMitigating ? MITIGATION : COLUMNS,
        rows: isMitigating ? shown.flatMap(mitigationRows) : shown.map(rowOf),
        others: [],
        totals: null,
        groups: attacks.length,
        look: 'table' as const,
        outer: [],
      }
      const courses = coursesOf(shown.map(({ target }) => target))
      return {
        title: 'Attacks by volume',
        sections: [section],
        notes,
        courses,
        tables: [emptyTable(quality)],
      }
    },
  }
}

/** Targets whose traffic a page draws, addresses and prefixes apart. */
const MOST_DRAWN = 8

function coursesOf(targets: readonly string[]): Course[] {
  const isPrefix = (target: string) => target.includes('/')
  const all = [...new Set(targets)]
  const hosts = all.filter((target) => !isPrefix(target)).slice(0, MOST_DRAWN)
  const prefixes = all.filter(isPrefix).slice(0, MOST_DRAWN)
  const course = (key: string, filter: string): Course => ({
    title: 'Traffic to these targets over time',
    question: { ...EMPTY_QUESTION, name: 'course', by: ['time', key], sum: ['bps'], filter },
  })
  const courses: Course[] = []
  if (hosts.length > 0) courses.push(course('dst.ip', `dst ip in [${hosts.join(' ')}]`))
  if (prefixes.length > 0)
    courses.push(course('dst.ip/24', prefixes.map((prefix) => `dst net ${prefix}`).join(' or ')))
  return courses
}

const COLUMNS: readonly ReportColumn[] = [
  wholeColumn('target', 'TARGET', 'address', 0, 'key'),
  wholeColumn('start', 'START', 'time', 1, 'key'),
  wholeColumn('end', 'END', 'time', 2, 'key'),
  wholeColumn('peak.bps', 'PEAK bps', 'bitsPerSecond', 0),
  wholeColumn('peak.pps', 'PEAK pps', 'perSecond', 0),
  wholeColumn('peak.fps', 'PEAK fps', 'perSecond', 9),
  wholeColumn('times.usual', 'x BASE', 'ratio', 3),
  wholeColumn('sources', 'SOURCES', 'number', 0),
  wholeColumn('entropy', 'ENTROPY', 'ratio', 8),
  wholeColumn('vector', 'VECTOR', 'text', 0, 'key'),
  wholeColumn('in.if', 'IF IN', 'text', 4, 'key'),
  wholeColumn('bytes', 'BYTES', 'octets', 7),
  wholeColumn('packets', 'PACKETS', 'packets', 10),
  wholeColumn('small', 'SMALL', 'share', 6),
  wholeColumn('syn', 'SYN', 'share', 5),
  wholeColumn('hosts', 'HOSTS', 'number', 11),
]

const MITIGATION: readonly ReportColumn[] = [
  wholeColumn('target', 'TARGET', 'address', 0, 'key'),
  wholeColumn('kind', 'KIND', 'text', 0, 'key'),
  wholeColumn('line', 'LINE', 'text', 0, 'key'),
]

function rowOf({ target, time, details, vector, ingress }: Attack): ReportRow {
  const { peak, timesUsual, firstBin, lastBin } = time
  return [
    target,
    BigInt(firstBin * BIN_MS) * 1_000_000n,
    BigInt((lastBin + 1) * BIN_MS) * 1_000_000n,
    peak.octets * 8,
    peak.packets,
    peak.flows,
    timesUsual === null ? null : Math.round(timesUsual * 10) / 10,
    details.sources.size,
    Math.round(details.entropy() * 100) / 100,
    vector.name,
    String(ingress),
    BigInt(Math.round(details.octets)),
    BigInt(Math.round(details.packets)),
    details.smallPackets / details.packets,
    details.synPackets / details.packets,
    details.hosts.size,
  ]
}

function mitigationRows(attack: Attack): ReportRow[] {
  const { flowspec, blackhole } = mitigationOf(attack)
  return [
    [attack.target, 'flowspec', flowspec],
    [attack.target, 'blackhole', blackhole],
  ]
}

const FACTORS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 }

function rate(asked: Asked, flag: string): number {
  const text = asked.flag(flag) ?? ''
  const match = /^(\d{1,12}(?:\.\d{1,3})?)([kmg]?)$/i.exec(text)
  if (match === null)
    throw new FlowError('QUERY_INVALID', `ddos: --${flag} ${text}: want a number such as 10M`)
  return Number(match[1]) * FACTORS[match[2]!.toLowerCase()]!
}
