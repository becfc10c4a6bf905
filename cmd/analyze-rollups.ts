import { openArchive } from '../lib/archive/archive-reader.ts'
import { chooseRollups, rollupsOfExpired } from '../lib/archive/choose-rollups.ts'
import type { ArchiveFile } from '../lib/archive/file-facts.ts'
import { needsOf, ROLLUP_KINDS, type RollupKind } from '../lib/archive/rollup-kinds.ts'
import { basisOf } from '../lib/archive/rollups.ts'
import { identityText } from '../lib/archive/schema.ts'
import type { FlowFile } from '../lib/flow/source.ts'
import type { Query } from '../lib/report/query.ts'
import { rollupsFor } from '../lib/report/rollup-plan.ts'
import { asRollup, type RollupFile, recordsOf } from '../lib/report/rollup-rows.ts'
import type { AnalyzeOptions } from './analyze-flags.ts'
import type { FlowInputs } from './flow-inputs.ts'
import { rollupKnowledge } from './rollup-knowledge.ts'

/** Flows longer than this are cut where a question has bins and no window; rollups have not cut them. */
const MOST_UNBOUND_NS = 86_400_000_000_000n

/** What `--explain` says of rollups. */
export function rollupsText(answer: RollupAnswer | string): string {
  if (typeof answer === 'string') return `none: ${answer}`
  const { names, files, records } = answer
  const some = (count: number) => `${count} file${count === 1 ? '' : 's'}`
  const rest = records.length === 0 ? '' : `; records of ${some(records.length)} that they do not tell`
  return `${names.join(', ')}: ${some(files.length)}${rest}`
}

/** How a query is answered: from rollups, and from records of files that these do not cover. */
export interface RollupAnswer {
  /** Kinds of rollups. */
  readonly names: readonly string[]
  /** Whether AS numbers are asked for as rollups have them: the exporter's, then the built-in table's. */
  readonly knowsAs: boolean
  /** The query as rollups are asked. */
  readonly query: Query
  readonly files: readonly RollupFile[]
  readonly records: readonly FlowFile[]
}

/** The query as rollups of kinds that were found to answer it are asked: what `RollupAnswer` says, for another thread. */
export function askedOfRollups(
  query: Query,
  { names, knowsAs }: Pick<RollupAnswer, 'names' | 'knowsAs'>,
): Query {
  const kinds = ROLLUP_KINDS.filter(({ name }) => names.includes(name))
  const plans = rollupsFor(query, kinds, knowsAs)
  if (typeof plans === 'string') throw new Error(plans)
  return plans[0]!.query
}

/** Finds out what rollups answer; each file of them is opened once. */
export class RollupPlanner {
  readonly #options: AnalyzeOptions
  readonly #flows: ReadonlyMap<string, FlowFile>
  readonly #opened = new Map<string, FlowFile>()
  readonly #live: readonly ArchiveFile[] | null
  #basis = new Map<RollupKind, string>()

  constructor(options: AnalyzeOptions, { flows, live }: Pick<FlowInputs, 'flows' | 'live'>) {
    this.#options = options
    this.#live = live
    this.#flows = new Map(flows.flatMap((flow) => ('blocks' in flow ? [[flow.path, flow] as const] : [])))
  }

  /** Why records answer the query, where they do. */
  answer(query: Query): RollupAnswer | string {
    const { as, asSource, usesRollups } = this.#options
    const live = this.#live
    if (!usesRollups) return '--raw forbids them'
    if (live === null) return 'they are looked for in folders only'
    const there = new Set(live.map(({ rollup }) => rollup?.name))
    const kinds = ROLLUP_KINDS.filter(({ name }) => there.has(name))
    const knowsAs = as === undefined && asSource === 'auto'
    const plans = rollupsFor(query, kinds, knowsAs)
    if (typeof plans === 'string') return plans
    const files: RollupFile[] = []
    const names = new Set<string>()
    const covered = new Set<string>()
    // Files of records that are summed up already, also those that were joined since.
    const taken = new Set<string>()
    const sources = new Map(
      live.filter(({ rollup }) => rollup === null).map((file) => [identityText(file.identity), file]),
    )
    const answering = plans.map(({ kind }) => kind)
    for (const file of this.#candidates(live, answering)) {
      const { name, covers } = file.rollup!
      const own = covers.map(identityText)
      if (own.some((identity) => taken.has(identity))) continue
      const source = sources.get(own[0]!)
      const records = source === undefined ? undefined : this.#flows.get(source.path)
      if (!tells(query, file, records, plans[0]!.needsAddresses)) continue
      for (const identity of own) taken.add(identity)
      if (source !== undefined) covered.add(source.path)
      // A file that the window leaves out is not read either way.
      if (source !== undefined && records === undefined) continue
      const opened = this.#open(file.path)
      files.push(asRollup(opened, recordsOf(opened, records?.blocks ?? [])))
      names.add(name)
    }
    const tried = answering.map(({ name }) => name).join(', ')
    if (files.length === 0) return `${tried} are of other networks or tables here, or lack flows`
    const records = [...this.#flows.values()].filter(({ path }) => !covered.has(path))
    return { names: [...names], knowsAs, query: plans[0]!.query, files, records }
  }

  /** Rollups of these kinds: of joined files first, for they hold what was joined; of one file those of fewer rows. */
  #candidates(live: readonly ArchiveFile[], kinds: readonly RollupKind[]): ArchiveFile[] {
    const found = kinds.flatMap((kind) => chooseRollups(live, kind.name, this.#basisOf(kind)).rollups)
    const coversOf = (file: ArchiveFile) => file.rollup!.covers.length
    return found.sort((a, b) => coversOf(b) - coversOf(a) || a.rows - b.rows)
  }

  #basisOf(kind: RollupKind): string {
    let basis = this.#basis.get(kind)
    if (basis === undefined) {
      const { local, as } = needsOf(kind)
      const none = { local: NOBODY, localName: '', as: null, asName: '' }
      basis = basisOf(kind, local || as ? rollupKnowledge(this.#options.local) : none)
      this.#basis.set(kind, basis)
    }
    return basis
  }

  #open(path: string): FlowFile {
    let file = this.#opened.get(path)
    if (file === undefined) {
      file = openArchive(path)
      this.#opened.set(path, file)
    }
    return file
  }

  close(): void {
    for (const file of this.#opened.values()) file.close()
  }
}

/** How many files of records with flows in the window are gone while rollups tell of them. */
export function expiredWithin(
  live: readonly ArchiveFile[] | null,
  { fromNs, toNs }: Pick<Query, 'fromNs' | 'toNs'>,
): number {
  return rollupsOfExpired(live ?? []).filter(
    ({ from, to }) =>
      (toNs === null || from === null || from < toNs) && (fromNs === null || to === null || to > fromNs),
  ).length
}

const NOBODY = { name: '', fill: () => {}, text: String, find: () => -1 }

/** Whether a rollup says of its flows all that the query asks; without records there is nothing else. */
function tells(
  query: Query,
  { rollup }: ArchiveFile,
  records: FlowFile | undefined,
  needsAddresses: boolean,
): boolean {
  if (needsAddresses && rollup!.unaddressed !== 0) return false
  if (records === undefined) return true
  const isOpen = query.fromNs === null || query.toNs === null
  if (!isOpen) return true
  const isTimeless = query.fromNs === null && query.toNs === null && query.binMs === null
  if (isTimeless) return rollup!.untimed === 0
  return records.blocks.every(
    ({ rows, leastStart, greatestEnd }) => rows === 0 || greatestEnd <= leastStart + MOST_UNBOUND_NS,
  )
}
