import type { Problem } from '../flow/source.ts'
import { ArchiveReader, openArchive } from './archive-reader.ts'
import { openFile } from './file-access.ts'
import { type BlockInfo, encodeFooter } from './footer.ts'
import { readFrame } from './frame-scan.ts'
import { PART_EXTENSION } from './naming.ts'

/** A block of which some columns are damaged. */
export interface PartlyReadable {
  readonly at: number
  readonly rows: number
  /** Names of columns. */
  readonly readable: readonly string[]
  readonly lost: readonly string[]
}

/** What a look at every octet of a file found. */
export interface VerifyReport {
  readonly path: string
  /** `open`: whole frames without a footer, as a writer or a crash leaves them. */
  readonly state: 'finished' | 'open' | 'damaged'
  /** What is wholly readable. */
  readonly blocks: number
  readonly rows: number
  /** Blocks that are not, but have readable columns. */
  readonly partly: readonly PartlyReadable[]
  readonly octets: number
  readonly problems: readonly Problem[]
}

/** Compares every checksum, and the footer with the blocks. Throws as `openArchive`. */
export function verifyArchive(path: string): VerifyReport {
  const file = openFile(path)
  const scanned = new ArchiveReader(file)
  try {
    scanned.readOn()
    // Says why it cannot be read at all.
    if (scanned.wholeOctets === 0) openArchive(path).close()
    const wholeTo = scanned.wholeOctets
    const octets = file.size()
    const isCut =
      path.endsWith(PART_EXTENSION) && endsInside(readFrame(file, wholeTo, scanned.schema.fileId), octets)
    if (!isCut) scanned.readPastDamage()
    const problems = [...scanned.problems]
    if (scanned.state === 'finished' && !scanned.hasRightEnd)
      problems.push({ at: scanned.wholeOctets, what: 'the tail is missing or wrong' })
    else if (scanned.state === 'finished' && problems.length === 0)
      problems.push(...footerProblems(path, scanned.blocks))
    else if (scanned.state === 'open' && !path.endsWith(PART_EXTENSION))
      problems.push({ at: wholeTo, what: 'the footer is missing' })
    const { blocks } = scanned
    const rows = blocks.reduce((sum, block) => sum + block.rows, 0)
    const state = problems.length > 0 ? 'damaged' : scanned.state
    const partly = state === 'damaged' ? partlyReadable(path, blocks) : []
    return { path, state, blocks: blocks.length, rows, partly, octets, problems }
  } finally {
    file.close()
  }
}

/** Whether the file ends inside the frame that begins where the whole ones end, or with them. */
function endsInside(frame: ReturnType<typeof readFrame>, fileOctets: number): boolean {
  if (typeof frame === 'string') return frame !== 'damaged'
  return frame.at + frame.header.frameOctets > fileOctets
}

/** Blocks that the footer knows, whose frames are damaged and whose columns, or some of them, are not. */
function partlyReadable(path: string, whole: readonly BlockInfo[]): PartlyReadable[] {
  const reader = openArchive(path)
  try {
    const places = new Set(whole.map(({ at }) => at))
    const partly: PartlyReadable[] = []
    for (const [index, info] of reader.blocks.entries()) {
      if (places.has(info.at)) continue
      const block = reader.block(index)
      const readable: string[] = []
      const lost: string[] = []
      for (const { field, name } of block?.columns ?? []) {
        const isRead = field !== null && block!.read(field, []) !== null
        if (isRead) readable.push(name)
        else lost.push(name)
      }
      if (readable.length > 0) partly.push({ at: info.at, rows: info.rows, readable, lost })
    }
    return partly
  } finally {
    reader.close()
  }
}

function footerProblems(path: string, blocks: readonly BlockInfo[]): Problem[] {
  const opened = openArchive(path)
  try {
    if (opened.state === 'open') return [{ at: 0, what: 'the footer cannot be read' }]
    const [told, found] = [opened.blocks, blocks].map(
      (list) => encodeFooter({ blocks: list, frames: [], codes: 0 }).body,
    )
    if (told!.equals(found!)) return [...opened.problems]
    return [{ at: 0, what: 'the footer does not match the blocks' }]
  } finally {
    opened.close()
  }
}
