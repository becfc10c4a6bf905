import { FlowError } from '../diagnostics/flow-error.ts'
import type { Log } from '../diagnostics/log.ts'
import type { AddressFact } from '../flow/address-fact.ts'
import { BlockMemory } from '../flow/block-memory.ts'
import { KEEPING_CALLS, type KeepingCalls } from './archive-calls.ts'
import { type ArchiveReader, openArchive } from './archive-reader.ts'
import { DEFAULT_ARCHIVE_LIMITS } from './archive-writer.ts'
import { chooseRollups, isSuperseded } from './choose-rollups.ts'
import { Damage } from './damage.ts'
import { DRAFT, guarded, removeFiles } from './drafts.ts'
import type { ArchiveFile } from './file-facts.ts'
import { FileWriter } from './file-writer.ts'
import { archiveFiles, requireFolder, splitReplaced } from './live-files.ts'
import { EXTENSION } from './naming.ts'
import { type CodeFacts, RollupFlows, Untellable } from './rollup-flows.ts'
import { RollupGroups } from './rollup-groups.ts'
import { MEASURES, needsOf, type RollupKind } from './rollup-kinds.ts'
import { dealFlows, newShares } from './rollup-shares.ts'
import { RollupWriter } from './rollup-writer.ts'
import type { RollupFacts } from './schema.ts'
import { KEEPER, lockStream } from './write-lock.ts'

/** What rollups know of addresses, and what that is called. */
export interface RollupKnowledge {
  /** Not 0 for local addresses. */
  readonly local: AddressFact
  readonly localName: string
  /** AS numbers where the exporter gives none; null: there is no table. */
  readonly as: AddressFact | null
  readonly asName: string
}

export interface RollupOptions {
  readonly kinds: readonly RollupKind[]
  readonly knowledge: RollupKnowledge
  readonly log: Log
  /** For tests. */
  readonly mostGroups?: number
  readonly calls?: KeepingCalls
}

export interface WrittenRollup {
  readonly path: string
  readonly of: ArchiveFile
  readonly name: string
  readonly rows: number
  readonly octets: number
}

/** Groups in memory, for each rollup; each takes some 100 octets. */
const MOST_GROUPS = 1 << 19
/** Parts of flows for each flow of a file, beyond which its flows last too long to be dealt into bins. */
const MOST_PARTS = 50

/** The text that tells which knowledge the keys of a rollup depend on. */
export function basisOf(kind: RollupKind, { localName, asName }: RollupKnowledge): string {
  const { local, as } = needsOf(kind)
  return [local ? `local=${localName}` : '', as ? `as=${asName}` : ''].filter((text) => text !== '').join(' ')
}

/**
 * Writes the rollups that finished files of records lack, and removes those of files that were joined since. A file
 * whose flows a rollup cannot tell exactly gets none, with a line in the log. Throws as `compactArchive`.
 */
export function* writeRollups(directory: string, options: RollupOptions): Generator<WrittenRollup> {
  requireFolder(directory)
  const lock = lockStream(directory, KEEPER)
  try {
    const { live } = splitReplaced(archiveFiles([directory]))
    for (const file of live) {
      if (file.state !== 'finished' || file.rollup !== null || file.rows === 0) continue
      const missing = options.kinds.filter((kind) => {
        const basis = basisOf(kind, options.knowledge)
        return chooseRollups(live, kind.name, basis).raw.includes(file)
      })
      if (missing.length > 0) yield* writeOf(file, missing, options)
    }
    const old = live.filter((file) => isSuperseded(file, live))
    removeFiles(old, options.calls ?? KEEPING_CALLS)
  } finally {
    lock.release()
  }
}

function* writeOf(
  file: ArchiveFile,
  kinds: readonly RollupKind[],
  options: RollupOptions,
): Generator<WrittenRollup> {
  const jobs: RollupJob[] = []
  try {
    const reader = openArchive(file.path)
    try {
      const shared = new SharedFacts(reader, options.knowledge)
      for (const kind of kinds) jobs.push(new RollupJob(kind, file, shared, options))
      const odd = deal(reader, shared.facts, jobs)
      for (const job of jobs) job.odd = odd
    } finally {
      reader.close()
    }
    for (const job of jobs) {
      job.groups.flush()
      if (!job.groups.isOverflown) yield job.finish()
      else
        options.log.warn('archive file lacks a rollup', {
          path: file.path,
          rollup: job.kind.name,
          why: 'sums of more than 64 bits',
        })
    }
  } catch (error) {
    const isOfFile =
      error instanceof Damage ||
      error instanceof Untellable ||
      (error instanceof FlowError && error.code !== 'FILE_UNWRITABLE')
    if (!isOfFile) throw error
    options.log.warn('archive file has no rollups', { path: file.path, why: error.message })
  } finally {
    for (const job of jobs) job.abandon()
  }
}

/** Flows of which rollups tell less: those of no time, and those that lack an address. */
type OddFlows = Pick<RollupFacts, 'untimed' | 'unaddressed'>

/** Adds all flows of a file to all rollups; returns how many of them are odd. */
function deal(reader: ArchiveReader, facts: CodeFacts, jobs: readonly RollupJob[]): OddFlows {
  let untimed = 0
  let unaddressed = 0
  const memory = new BlockMemory()
  const shares = newShares()
  const bins = new Set(jobs.map(({ kind }) => kind.binNs))
  for (const [index, { kind }] of reader.blocks.entries()) {
    if (kind !== 'flow') continue
    const block = reader.block(index, memory)
    if (block === null) throw new Damage(reader.problems.at(-1)?.what ?? 'a block is damaged')
    const flows = new RollupFlows(block, facts)
    untimed += flows.untimed
    unaddressed += flows.unaddressed
    for (const binNs of bins) {
      const wanted = jobs.filter(({ kind }) => kind.binNs === binNs)
      const columns = wanted.map(({ kind }) => kind.keys.map((field) => flows.column(field)))
      const made = dealFlows(flows, binNs, shares, flows.rows * MOST_PARTS, (part) => {
        for (const [i, job] of wanted.entries()) job.groups.add(part, columns[i]!, flows.rates)
      })
      if (made < 0) throw new Untellable('flows that last too long')
    }
  }
  return { untimed, unaddressed }
}

/** What all rollups of a file share. */
class SharedFacts {
  readonly facts: CodeFacts
  readonly #reader: ArchiveReader
  readonly #prefixWords: number[] = []

  constructor(reader: ArchiveReader, { local, as }: RollupKnowledge) {
    this.#reader = reader
    const words = reader.addresses.words()
    const { codes } = reader.addresses
    this.facts = {
      local: new Uint32Array(codes),
      as: new Uint32Array(codes),
      prefixes: new Uint32Array(codes),
    }
    local.fill(words, 0, codes, this.facts.local)
    as?.fill(words, 0, codes, this.facts.as)
    this.#findPrefixes(words)
    this.#prefixes = Uint32Array.from(this.#prefixWords)
  }

  readonly #prefixes: Uint32Array

  addresses(): Uint32Array {
    return this.#reader.addresses.words()
  }

  prefixes(): Uint32Array {
    return this.#prefixes
  }

  /** Numbers the /24 and /64 of local addresses. */
  #findPrefixes(words: Uint32Array): void {
    const { local, prefixes } = this.facts
    const numbers = new Map<string | number, number>()
    for (let code = 0; code < local.length; code++) {
      if (local[code] === 0) continue
      const at = code * 4
      const isIpv4 = words[at] === 0 && words[at + 1] === 0 && words[at + 2] === 0xffff
      const key = isIpv4 ? words[at + 3]! >>> 8 : `${words[at]} ${words[at + 1]}`
      let number = numbers.get(key)
      if (number === undefined) {
        number = numbers.size
        numbers.set(key, number)
        const low = isIpv4 ? [0xffff, words[at + 3]! & 0xffffff00] : [0, 0]
        this.#prefixWords.push(words[at]!, words[at + 1]!, ...low)
      }
      prefixes[code] = number
    }
  }
}

/** One rollup of one file, being written. */
class RollupJob {
  readonly kind: RollupKind
  readonly groups: RollupGroups
  odd: OddFlows = { untimed: 0, unaddressed: null }
  readonly #of: ArchiveFile
  readonly #final: string
  readonly #draft: string
  readonly #file: FileWriter
  readonly #calls: KeepingCalls
  #isEnded = false

  constructor(kind: RollupKind, of: ArchiveFile, shared: SharedFacts, options: RollupOptions) {
    this.kind = kind
    this.#of = of
    this.#calls = options.calls ?? KEEPING_CALLS
    this.#final = of.path.replace(EXTENSION, `.${kind.name}${EXTENSION}`)
    this.#draft = `${this.#final}${DRAFT}`
    const left = `${this.#draft}.part`
    if (this.#calls.exists(left)) guarded(left, () => this.#calls.remove(left))
    const { blockRows, mostAddresses } = DEFAULT_ARCHIVE_LIMITS
    this.#file = new FileWriter({
      path: this.#draft,
      stream: of.stream,
      createdNs: of.identity.createdNs,
      rollup: {
        name: kind.name,
        binNs: BigInt(kind.binNs),
        keys: kind.keys.map(({ name }) => name),
        measures: MEASURES.map(({ name }) => name),
        covers: [of.identity, ...of.replaces],
        basis: basisOf(kind, options.knowledge),
        ...this.odd,
      },
      blockRows,
      mostAddresses,
      calls: this.#calls,
      log: options.log,
    })
    const received = of.receivedTo ?? of.to ?? of.identity.createdNs
    const writer = new RollupWriter(kind, this.#file, shared, received)
    this.groups = new RollupGroups(kind.keys.length, options.mostGroups ?? MOST_GROUPS, (groups) =>
      writer.write(groups),
    )
  }

  finish(): WrittenRollup {
    const rows = this.#file.appendedRows
    this.#file.rollup = { ...this.#file.rollup!, ...this.odd }
    if (!this.#file.close() || this.#file.droppedRows > 0)
      throw new FlowError('FILE_UNWRITABLE', `cannot write rollup: ${this.#final}: there is no room for it`)
    this.#isEnded = true
    // A rollup of the same file and another basis has the name: this one takes its place.
    guarded(this.#final, () => this.#calls.rename(this.#draft, this.#final))
    return { path: this.#final, of: this.#of, name: this.kind.name, rows, octets: this.#file.octets }
  }

  /** Removes what is not finished. */
  abandon(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#file.abandon()
    for (const path of [this.#draft, `${this.#draft}.part`]) {
      if (this.#calls.exists(path)) guarded(path, () => this.#calls.remove(path))
    }
  }
}
