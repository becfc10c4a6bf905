import { statSync } from 'node:fs'
import { openArchive } from '../lib/archive/archive-reader.ts'
import { chooseRollups } from '../lib/archive/choose-rollups.ts'
import type { ArchiveFile } from '../lib/archive/file-facts.ts'
import { liveFiles } from '../lib/archive/live-files.ts'
import { needsOf, ROLLUP_KINDS, type RollupKind } from '../lib/archive/rollup-kinds.ts'
import { basisOf } from '../lib/archive/rollups.ts'
import type { FlowFile, FlowStream } from '../lib/flow/source.ts'
import type { Query } from '../lib/report/query.ts'
import { rollupFor } from '../lib/report/rollup-plan.ts'
import { asRollup, type RollupFile } from '../lib/report/rollup-rows.ts'
import type { AnalyzeOptions } from './analyze-flags.ts'
import { rollupKnowledge } from './rollup-knowledge.ts'

/** Flows longer than this are cut where a question has bins and no window; rollups have not cut them. */
const MOST_UNBOUND_NS = 86_400_000_000_000n

/** How a query is answered: from rollups, and from records of files that these do not cover. */
export interface RollupAnswer {
  readonly name: string
  /** The query as rollups are asked. */
  readonly query: Query
  readonly files: readonly RollupFile[]
  readonly records: readonly FlowFile[]
}

/** Finds out what rollups answer; each file of them is opened once. */
export class RollupPlanner {
  readonly #options: AnalyzeOptions
  readonly #flows: ReadonlyMap<string, FlowFile>
  readonly #opened = new Map<string, FlowFile>()
  #live: readonly ArchiveFile[] | null = null
  #basis = new Map<RollupKind, string>()

  constructor(options: AnalyzeOptions, flows: readonly (FlowFile | FlowStream)[]) {
    this.#options = options
    this.#flows = new Map(flows.flatMap((flow) => ('blocks' in flow ? [[flow.path, flow] as const] : [])))
  }

  /** Null where records answer the query, or none but records are there. */
  answer(query: Query): RollupAnswer | null {
    const { as, asSource, inputs, usesRollups } = this.#options
    if (!usesRollups || !inputs.every((word) => word !== '-' && statSync(word).isDirectory())) return null
    const live = this.#liveFiles()
    const there = new Set(live.map(({ rollup }) => rollup?.name))
    const kinds = ROLLUP_KINDS.filter(({ name }) => there.has(name))
    const found = rollupFor(query, kinds, as === undefined && asSource === 'auto')
    if (found === null) return null
    const { rollups } = chooseRollups(live, found.kind.name, this.#basisOf(found.kind))
    const files: RollupFile[] = []
    const covered = new Set<string>()
    for (const file of rollups) {
      const source = live.find(({ rollup, identity }) => rollup === null && isCovered(file, identity))
      const records = source === undefined ? undefined : this.#flows.get(source.path)
      // A file that the window leaves out is not read either way.
      if (source !== undefined) covered.add(source.path)
      if (source !== undefined && records === undefined) continue
      if (!tells(query, file, records)) covered.delete(source!.path)
      else files.push(asRollup(this.#open(file.path), records?.blocks ?? []))
    }
    if (files.length === 0) return null
    const records = [...this.#flows.values()].filter(({ path }) => !covered.has(path))
    return { name: found.kind.name, query: found.query, files, records }
  }

  #liveFiles(): readonly ArchiveFile[] {
    const { inputs } = this.#options
    this.#live ??= [...liveFiles(inputs), ...liveFiles(inputs, { kind: 'rollup' })]
    return this.#live
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

const NOBODY = { name: '', fill: () => {}, text: String, find: () => -1 }

function isCovered({ rollup }: ArchiveFile, identity: ArchiveFile['identity']): boolean {
  const first = rollup!.covers[0]!
  return first.fileId === identity.fileId && first.createdNs === identity.createdNs
}

/** Whether a rollup says of its flows all that the query asks; without records there is nothing else. */
function tells(query: Query, { rollup }: ArchiveFile, records: FlowFile | undefined): boolean {
  if (records === undefined) return true
  const isOpen = query.fromNs === null || query.toNs === null
  if (!isOpen) return true
  const isTimeless = query.fromNs === null && query.toNs === null && query.binMs === null
  if (isTimeless) return rollup!.untimed === 0
  return records.blocks.every(
    ({ rows, leastStart, greatestEnd }) => rows === 0 || greatestEnd <= leastStart + MOST_UNBOUND_NS,
  )
}
