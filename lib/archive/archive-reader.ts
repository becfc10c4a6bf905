import { FlowError } from '../diagnostics/flow-error.ts'
import type { RecordKind } from '../flow/batch.ts'
import { type BlockMemory, NEW_MEMORY } from '../flow/block-memory.ts'
import type { FlowFile, Problem } from '../flow/source.ts'
import { AddressTable } from './address-table.ts'
import { type Block, openBlock } from './block-reader.ts'
import { Damage } from './damage.ts'
import { INDEX_ADDRESSES, INDEX_EXPORTERS, INDEX_FIXED_OCTETS } from './encoding.ts'
import { readIndex } from './exporter-index.ts'
import { type FileAccess, openFile } from './file-access.ts'
import { type BlockInfo, blockInfo, type Footer, parseFooter } from './footer.ts'
import { encodeTail, HEADER_OCTETS, TAIL_MAGIC, TAIL_OCTETS } from './frame.ts'
import { type Frame, findFrame, hasWholeBody, isKnown, isSkippable, readFrame } from './frame-scan.ts'
import { addSchemaFrame, newSchema, type Schema } from './schema.ts'

/** A whole S, D or B frame that `readOn` or `readPastDamage` met and understood. */
export interface TakenFrame {
  readonly at: number
  readonly octets: number
  readonly type: string
}

/** Whether the footer was there, or the frames were read one by one. */
export type ArchiveState = 'finished' | 'open'

/**
 * One archive file, open for reading. Only what is asked for is read; memory grows with a block and with the
 * addresses asked for, not with the file's rows.
 */
export class ArchiveReader implements FlowFile {
  readonly schema: Schema = newSchema()
  readonly addresses = new AddressTable()
  readonly blocks: BlockInfo[] = []
  /** What could not be read so far. */
  readonly problems: Problem[] = []
  state: ArchiveState = 'open'
  /** Frames read one by one; empty where the footer was believed. */
  readonly taken: TakenFrame[] = []
  /** Whether the last frame read one by one is the footer and the right tail follows it. */
  hasRightEnd = false
  readonly #file: FileAccess
  /** Where the next frame is looked for, and its number. */
  #next = 0
  #nextNumber = 0
  #fileId: number | null = null
  /** Where I frames begin, by their kind. */
  readonly #indexes = new Map<number, number>()
  /** Where line shapes were told, and what they are. */
  readonly #lineShapes: { readonly at: number; readonly text: string }[] = []

  constructor(file: FileAccess) {
    this.#file = file
  }

  get path(): string {
    return this.#file.path
  }

  get stamp(): string | null {
    return this.state === 'finished' ? this.#file.stamp() : null
  }

  /** Octets of the whole frames from the start; what follows is cut, damaged or not written yet. */
  get wholeOctets(): number {
    return this.#next
  }

  close(): void {
    this.#file.close()
  }

  /** Takes the footer's word for where things are; false where there is no right footer. */
  loadFooter(): boolean {
    const footer = this.#readFooter()
    if (footer === null) return false
    for (const { at, type } of footer.frames) {
      const frame = readFrame(this.#file, at, this.#fileId)
      if (typeof frame === 'string' || frame.header.type !== type || !this.#take(frame)) {
        this.problems.push({ at, what: `a frame of type ${type} is damaged` })
      }
    }
    this.blocks.push(...footer.blocks)
    this.state = 'finished'
    return true
  }

  #readFooter(): Footer | null {
    const size = this.#file.size()
    if (size < TAIL_OCTETS + HEADER_OCTETS) return null
    const tail = this.#file.read(size - TAIL_OCTETS, TAIL_OCTETS)
    if (tail.length < TAIL_OCTETS || tail.readUInt32LE(12) !== TAIL_MAGIC) return null
    const at = Number(tail.readBigUInt64LE(0))
    if (at % 8 !== 0 || at + tail.readUInt32LE(8) + TAIL_OCTETS !== size) return null
    const first = readFrame(this.#file, 0, null)
    if (typeof first === 'string') return null
    const frame = readFrame(this.#file, at, first.header.fileId)
    if (typeof frame === 'string' || frame.header.type !== 'F' || !hasWholeBody(frame)) return null
    if (frame.header.frameOctets !== tail.readUInt32LE(8)) return null
    this.#fileId = first.header.fileId
    this.#next = size
    return parseFooter(frame.head, frame.body(0, frame.header.bodyOctets))
  }

  /**
   * Reads on from the last whole frame; returns how many blocks are new. To be called again while the file is being
   * written: a frame that is not whole yet is left for the next call.
   */
  readOn(): number {
    const before = this.blocks.length
    if (this.state === 'finished') return 0
    for (;;) {
      const frame = readFrame(this.#file, this.#next, this.#fileId)
      if (typeof frame === 'string' || frame.header.number !== this.#nextNumber || !hasWholeBody(frame)) break
      if (!this.#takeScanned(frame)) break
      this.#advance(frame, true)
      if (frame.header.type === 'F') break
    }
    return this.blocks.length - before
  }

  /** After `readOn` stopped: reads what is whole behind the damage as well (FORMAT.md 9). */
  readPastDamage(): void {
    for (;;) {
      const size = this.#file.size()
      const from = this.#next
      if (this.state === 'finished' || this.#fileId === null || from >= size) return
      const at = findFrame(this.#file, from, this.#fileId, this.#nextNumber - 1)
      if (at !== from) {
        const octets = (at < 0 ? size : at) - from
        this.problems.push({ at: from, what: `${octets} octets are no whole frame` })
        if (at < 0) {
          this.#next = size
          return
        }
      }
      const frame = readFrame(this.#file, at, this.#fileId)
      if (typeof frame === 'string') return
      if (!hasWholeBody(frame)) {
        this.problems.push({ at, what: `the body of a frame of type ${frame.header.type} is damaged` })
        // The next frame may begin inside what this one's lengths cover, if it was cut and written over.
        this.#nextNumber = frame.header.number + 1
        this.#next = at + 8
        const next = findFrame(this.#file, at + 8, this.#fileId, frame.header.number)
        this.#next = next < 0 ? size : next
        continue
      }
      const isTaken = this.#takeScanned(frame)
      if (!isTaken)
        this.problems.push({ at, what: `a frame of type ${frame.header.type} needs one that is lost` })
      this.#advance(frame, isTaken)
    }
  }

  #advance(frame: Frame, isTaken: boolean): void {
    const { type, fileId, frameOctets, number } = frame.header
    this.#fileId = fileId
    this.#next = frame.at + frameOctets
    this.#nextNumber = number + 1
    if (isTaken && 'SDB'.includes(type)) this.taken.push({ at: frame.at, octets: frameOctets, type })
    if (type !== 'F') return
    this.state = 'finished'
    const tail = this.#file.read(this.#next, TAIL_OCTETS + 1)
    this.hasRightEnd = tail.equals(encodeTail(frame.at, frameOctets))
  }

  #takeScanned(frame: Frame): boolean {
    if (!isKnown(frame)) {
      if (!isSkippable(frame)) throw this.#unknownVersion(frame)
      return true
    }
    if (frame.header.type !== 'B') return this.#take(frame)
    const info = blockInfo(frame.at, frame.header.headOctets, frame.header.bodyOctets, frame.head)
    if (info === null) return false
    try {
      openBlock(info, frame.head, frame.body, this.schema, this.addresses, NEW_MEMORY)
    } catch (error) {
      if (error instanceof Damage) return false
      throw error
    }
    this.blocks.push(info)
    return true
  }

  /** Learns what a frame that is no block says. */
  #take(frame: Frame): boolean {
    switch (frame.header.type) {
      case 'S':
        if (addSchemaFrame(this.schema, frame.head)) {
          const text = this.schema.lineShape
          if (text !== (this.#lineShapes.at(-1)?.text ?? '')) this.#lineShapes.push({ at: frame.at, text })
          return true
        }
        if (this.schema.columns.length === 0 && frame.header.number === 0) throw this.#unknownVersion(frame)
        return false
      case 'D':
        return this.addresses.add(frame.head, frame.body, () => this.#isWhole(frame))
      case 'I':
        if (frame.head.length >= INDEX_FIXED_OCTETS) this.#indexes.set(frame.head.readUInt32LE(0), frame.at)
        return true
      default:
        return true
    }
  }

  #isWhole(frame: Frame): boolean {
    if (hasWholeBody(frame)) return true
    this.problems.push({ at: frame.at, what: `a frame of type ${frame.header.type} is damaged` })
    return false
  }

  #unknownVersion(frame: Frame): FlowError {
    const { type, version } = frame.header
    return new FlowError(
      'ARCHIVE_VERSION',
      `archive of a later version: ${this.path}: frame of type ${type}, version ${version} at ${frame.at}; a newer weir reads it`,
    )
  }

  /**
   * Opens block `index`; null where it is damaged, which is then a problem. With `memory`, what was read of the block
   * before it is gone.
   */
  block(index: number, memory?: BlockMemory): Block | null {
    memory?.reset()
    this.addresses.check()
    const info = this.blocks[index]
    if (info === undefined) return null
    const frame = readFrame(this.#file, info.at, this.#fileId)
    try {
      if (typeof frame === 'string' || frame.header.type !== 'B') throw new Damage('there is no right block')
      return openBlock(info, frame.head, frame.body, this.schema, this.addresses, memory ?? NEW_MEMORY)
    } catch (error) {
      if (!(error instanceof Damage)) throw error
      this.problems.push({ at: info.at, what: `block ${index}: ${error.message}` })
      return null
    }
  }

  /** JSON of how the lines looked from which block `index` was read (FORMAT.md 3); empty: it is of no lines. */
  lineShape(index: number): string {
    const at = this.blocks[index]?.at ?? 0
    return this.#lineShapes.findLast((shape) => shape.at < at)?.text ?? ''
  }

  /** Rows by record kind, from the blocks' facts. */
  rows(kind: RecordKind): number {
    let rows = 0
    for (const block of this.blocks) if (block.kind === kind) rows += block.rows
    return rows
  }

  /** As of FlowFile: null without a directory (files being written, damage), and for codes that it does not tell of. */
  addressDirectory(codes: Uint32Array): { first: Uint32Array; last: Uint32Array } | null {
    const [first, last] = this.#index(INDEX_ADDRESSES, codes) ?? []
    return first === undefined || last === undefined ? null : { first, last }
  }

  /** Address codes of exporters and how many flows each has sent; null where nobody wrote that down. */
  exporterRows(): { codes: Uint32Array; rows: Uint32Array } | null {
    const [codes, rows] = this.#index(INDEX_EXPORTERS) ?? []
    return codes === undefined || rows === undefined ? null : { codes, rows }
  }

  #index(kind: number, places: Uint32Array | null = null): readonly [Uint32Array, Uint32Array] | null {
    const at = this.#indexes.get(kind)
    if (at === undefined) return null
    const frame = readFrame(this.#file, at, this.#fileId)
    return typeof frame === 'string' || frame.head.length < INDEX_FIXED_OCTETS
      ? null
      : readIndex(frame, places)
  }
}

/** Reads all frames of a file one by one, past damage too, and believes no footer. Throws as `openArchive`. */
export function scanArchive(path: string): ArchiveReader {
  const file = openFile(path)
  try {
    const reader = new ArchiveReader(file)
    reader.readOn()
    if (reader.wholeOctets === 0) throw corrupt(path)
    reader.readPastDamage()
    return reader
  } catch (error) {
    file.close()
    throw error
  }
}

function corrupt(path: string): FlowError {
  return new FlowError('ARCHIVE_CORRUPT', `archive corrupt: ${path}: no whole frame at 0`)
}

/** Opens a finished file by its footer, any other by reading its frames. Throws FILE_UNREADABLE, ARCHIVE_VERSION and,
 * where not even the first frame is right, ARCHIVE_CORRUPT. */
export function openArchive(path: string): ArchiveReader {
  const file = openFile(path)
  try {
    const reader = new ArchiveReader(file)
    if (reader.loadFooter()) return reader
    const scanning = new ArchiveReader(file)
    scanning.readOn()
    if (scanning.wholeOctets === 0) throw corrupt(path)
    return scanning
  } catch (error) {
    file.close()
    throw error
  }
}
