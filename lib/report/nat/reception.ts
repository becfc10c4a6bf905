import { BlockMemory } from '../../flow/block-memory.ts'
import type { FlowBlock, FlowFile, Problem } from '../../flow/source.ts'
import { greater } from '../window.ts'
import { lostBetween, type Stretch, type Stretches, stretchesOf } from './stretches.ts'

/** A time from which an exporter's records are missing: nothing came, or numbers say that something was lost. */
export interface Gap {
  readonly fromNs: bigint
  readonly toNs: bigint
  /** Records or datagrams that sequence numbers miss; 0 where they say nothing. */
  readonly lost: number
  /** Nothing came for far longer than usual. */
  readonly isSilent: boolean
}

/** A block and what is known of it. */
interface Piece {
  readonly fromNs: bigint
  readonly toNs: bigint
  /** Null: not read yet. */
  stretches: Stretches | null
  readonly read: () => Stretches
}

const SECOND = 1_000_000_000n
/** Shorter silence is never a gap. */
const LEAST_SILENCE = 30n * SECOND
/** Silence is a gap from this many times the usual distance of datagrams on. */
const TIMES_USUAL = 12n

/** When which exporter's records came: blocks are read when somebody asks for their time. */
export class Reception {
  readonly #pieces: Piece[] = []
  #isSorted = true
  /** Blocks are looked at one after the other. */
  readonly #memory = new BlockMemory()

  /** Adds the blocks of a file, to be read when asked for, unless somebody knows what came in them. */
  addFile(file: FlowFile, known: (() => ReadonlyMap<number, Stretches> | null) | null = null): void {
    for (const [index, { kind, leastReceived, greatestReceived }] of file.blocks.entries()) {
      if (kind !== 'flow' || leastReceived > greatestReceived) continue
      const read = () => {
        const stretches = known?.()?.get(index)
        if (stretches !== undefined) return stretches
        const block = file.block(index, this.#memory)
        return block === null ? new Map() : stretchesOf(block, file.problems)
      }
      this.#pieces.push({ fromNs: leastReceived, toNs: greatestReceived, stretches: null, read })
    }
    this.#isSorted = false
  }

  /** Adds a block that cannot be read again. */
  addBlock(block: FlowBlock, problems: Problem[]): void {
    const { leastReceived, greatestReceived } = block.info
    if (leastReceived > greatestReceived) return
    const stretches = stretchesOf(block, problems)
    this.#pieces.push({ fromNs: leastReceived, toNs: greatestReceived, stretches, read: () => stretches })
    this.#isSorted = false
  }

  /** When the first and the last record came; null if none did. */
  span(): { fromNs: bigint; toNs: bigint } | null {
    const pieces = this.#sorted()
    if (pieces.length === 0) return null
    const toNs = pieces.reduce((most, piece) => greater(most, piece.toNs), 0n)
    return { fromNs: pieces[0]!.fromNs, toNs }
  }

  /**
   * The gaps of an exporter that touch a time, in order; of all of them together for ANY_EXPORTER. What lies before its
   * first and after its last record is a gap too.
   */
  gaps(exporter: string, fromNs: bigint, toNs: bigint): Gap[] {
    const before = this.#before(exporter, fromNs)
    const after = this.#after(exporter, toNs)
    const pieces = this.#sorted().slice(Math.max(before, 0), after < 0 ? undefined : after + 1)
    const gaps: Gap[] = []
    let last: Stretch | null = null
    // What is usual, of all that was looked at.
    let spanNs = 0n
    let datagrams = 0n
    const found: { fromNs: bigint; toNs: bigint; lost: number }[] = []
    for (const piece of pieces) {
      const stretch = stretchesIn(piece).get(exporter)
      if (stretch === undefined) continue
      if (last !== null && stretch.firstNs > last.lastNs)
        found.push({ fromNs: last.lastNs, toNs: stretch.firstNs, lost: lostBetween(last, stretch) })
      found.push(...stretch.holes)
      spanNs += stretch.lastNs - stretch.firstNs
      datagrams += BigInt(stretch.datagrams)
      if (last === null || stretch.lastNs >= last.lastNs) last = stretch
    }
    for (const { fromNs: from, toNs: to } of found) if (to - from >= LEAST_SILENCE) spanNs -= to - from
    const usual = datagrams < 2n || spanNs < 0n ? LEAST_SILENCE : spanNs / datagrams
    const least = greater(usual * TIMES_USUAL, LEAST_SILENCE)
    const span = this.span()
    if (last === null || span === null) return []
    for (const hole of found) {
      const isSilent = hole.toNs - hole.fromNs >= least
      if ((isSilent || hole.lost > 0) && hole.toNs > fromNs && hole.fromNs < toNs)
        gaps.push({ ...hole, isSilent })
    }
    const first = pieces.map((piece) => stretchesIn(piece).get(exporter)).find((each) => each !== undefined)!
    if (before < 0 && fromNs < first.firstNs)
      gaps.unshift({ fromNs: 0n, toNs: first.firstNs, lost: 0, isSilent: true })
    if (after < 0 && toNs > last.lastNs)
      gaps.push({ fromNs: last.lastNs, toNs: END_OF_TIME, lost: 0, isSilent: true })
    return gaps.sort((a, b) => (a.fromNs < b.fromNs ? -1 : 1))
  }

  /** The last piece with the exporter that begins before the time; -1 if there is none. */
  #before(exporter: string, ns: bigint): number {
    const pieces = this.#sorted()
    for (let i = pieces.length - 1; i >= 0; i--) {
      if (pieces[i]!.fromNs >= ns) continue
      const stretch = stretchesIn(pieces[i]!).get(exporter)
      if (stretch !== undefined && stretch.firstNs < ns) return i
    }
    return -1
  }

  #after(exporter: string, ns: bigint): number {
    const pieces = this.#sorted()
    for (let i = 0; i < pieces.length; i++) {
      if (pieces[i]!.toNs <= ns) continue
      const stretch = stretchesIn(pieces[i]!).get(exporter)
      if (stretch !== undefined && stretch.lastNs > ns) return i
    }
    return -1
  }

  #sorted(): Piece[] {
    if (!this.#isSorted) this.#pieces.sort((a, b) => (a.fromNs < b.fromNs ? -1 : a.fromNs > b.fromNs ? 1 : 0))
    this.#isSorted = true
    return this.#pieces
  }
}

export const END_OF_TIME = 2n ** 63n

function stretchesIn(piece: Piece): Stretches {
  piece.stretches ??= piece.read()
  return piece.stretches
}
