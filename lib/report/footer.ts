import type { Quality } from './query.ts'
import type { Remark } from './report.ts'
import { formatNs } from './time-text.ts'

/** What is known of an answer beside the engine's own counts. */
export interface FooterFacts {
  /** Inputs that could not be read at all. */
  readonly unreadable: number
  /** Files of records in the window that are gone while rollups tell of them. */
  readonly expired: number
  readonly usesSystems: boolean
  /** Who made the table of systems. */
  readonly attribution: string
  readonly isScaled: boolean
  /** The window that was asked about; null where it is open. */
  readonly fromNs: bigint | null
  readonly toNs: bigint | null
}

/** SAMPLING_SOURCE values by how sure they make the rate. */
const SOURCE_WORDS = [
  'an unknown source',
  'a default',
  "another domain's option",
  'an option',
  'a sampler',
  'a header',
  'the record',
  'an override',
]

/** How good an answer is: the first question's counts, and what any of them met. */
export function footerOf(qualities: readonly Quality[], facts: FooterFacts): Remark[] {
  const [first] = qualities
  if (first === undefined) return []
  const remarks: Remark[] = []
  const say = (name: string, value: string | number, text: string) => remarks.push({ name, value, text })
  const [from, to] = [formatNs(first.fromNs), formatNs(first.toNs)]
  if (first.toNs > 0n) {
    say('from', from, `window ${from} to ${to}`)
    remarks.push({ name: 'to', value: to, text: '' })
  }
  const bins = Math.max(...qualities.map((quality) => quality.bins))
  if (bins > 0) say('bins', bins, counted(bins, 'bin'))
  const inputs = first.files + first.streams
  say('files', inputs, counted(inputs, 'file'))
  say('rows', first.rowsCounted, `${first.rowsCounted} of ${first.rowsRead} rows`)
  remarks.push({ name: 'rows_read', value: first.rowsRead, text: '' })
  sampling(first, facts.isScaled, say)
  if (first.cutFlows > 0)
    say('cut_flows', first.cutFlows, `${counted(first.cutFlows, 'flow')} cut by the window`)
  if (first.untimedRows > 0)
    say('untimed', first.untimedRows, `${counted(first.untimedRows, 'row')} without a time left out`)
  if (first.saturated > 0)
    say('saturated', first.saturated, `${counted(first.saturated, 'row')} beyond 64 bits`)
  const missing = Math.max(...qualities.map((quality) => quality.missingBins))
  if (missing > 0)
    say(
      'missing_bins',
      missing,
      `${missing} of ${bins} bins without data: empty, because no input covers them; 0 is no traffic`,
    )
  if (first.lateRows > 0)
    say('late', first.lateRows, `${counted(first.lateRows, 'flow')} received more than 5 minutes late`)
  const lost = lostRecords(first, facts)
  if (lost !== null) say('lost', lost, `lost records ${lost === 0 ? '' : '~'}${lost}`)
  if (first.egressRows > 0)
    say('egress_rows', first.egressRows, `${counted(first.egressRows, 'row')} seen on egress left out`)
  if (first.doubledBlocks > 0)
    say(
      'doubled_blocks',
      first.doubledBlocks,
      'seen on ingress and egress: counted twice without --dedup edge',
    )
  if (facts.expired > 0 && qualities.some(({ rollupRows }) => rollupRows === 0))
    say(
      'expired_files',
      facts.expired,
      `records of ${counted(facts.expired, 'file')} have expired and are not counted: rollups tell only sums of them (--explain)`,
    )
  const spilled = qualities.reduce((sum, quality) => sum + quality.spilledOctets, 0)
  if (spilled > 0)
    say('spilled_octets', spilled, `${Math.ceil(spilled / 1e6)} MB went through temporary files`)
  if (first.rejected > 0)
    say(
      'rejected',
      first.rejected,
      first.rejected === 1
        ? '1 piece of the input was no flow'
        : `${counted(first.rejected, 'piece')} of the input were no flows`,
    )
  // A place that several questions met is one.
  const damaged = new Set(
    qualities.flatMap(({ problems }) => problems.map(({ at, what }) => `${at} ${what}`)),
  ).size
  if (damaged > 0)
    say('damaged', damaged, `${counted(damaged, 'place')} of the input damaged: what lay there is missing`)
  if (facts.unreadable > 0)
    say('unreadable', facts.unreadable, `${counted(facts.unreadable, 'input')} could not be read`)
  if (facts.usesSystems) say('as_data', facts.attribution, facts.attribution)
  return remarks.filter(({ name, text }) => text !== '' || name === 'to' || name === 'rows_read')
}

/** Records that exporters sent within the window and that are not there; null where nobody knows. */
export function lostRecords(
  { losses }: Quality,
  { fromNs, toNs }: Pick<FooterFacts, 'fromNs' | 'toNs'>,
): number | null {
  if (losses === null) return null
  const within = losses.filter(
    ({ atNs }) => (fromNs === null || atNs >= fromNs) && (toNs === null || atNs < toNs),
  )
  return Math.round(within.reduce((sum, { records }) => sum + records, 0))
}

type Say = (name: string, value: string | number, text: string) => void

/** How much was multiplied by sampling rates, how those are known, and how much has none. */
function sampling(quality: Quality, isScaled: boolean, say: Say): void {
  if (!isScaled) {
    say('scaled_rows', 0, 'counters as exporters sent them')
    return
  }
  const scaled = quality.scaledRows.reduce((sum, rows) => sum + rows, 0)
  const known = quality.scaledRows
    .map((rows, source) => ({ rows, word: SOURCE_WORDS[source] ?? 'other' }))
    .filter(({ rows }) => rows > 0)
  const how = known.map(({ rows, word }) => `${rows} by ${word}`).join(', ')
  say(
    'scaled_rows',
    scaled,
    scaled === 0 ? 'nothing scaled' : `${counted(scaled, 'row')} scaled by sampling (${how})`,
  )
  const { unknownSampling, rowsCounted, rollupRows } = quality
  if (unknownSampling === 0) return
  const share = rowsCounted === 0 ? 0 : unknownSampling / rowsCounted
  // A row of a rollup stands for many flows: there is no telling what of all it is.
  const part = rollupRows > 0 ? '' : ` (${(share * 100).toFixed(1)}%)`
  const text = `${counted(unknownSampling, 'row')}${part} of unknown sampling, taken as 1:1`
  say('unknown_sampling_rows', unknownSampling, text)
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
