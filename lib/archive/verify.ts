import type { Problem } from '../flow/source.ts'
import { openArchive, scanArchive } from './archive-reader.ts'
import { encodeFooter } from './footer.ts'

/** What a look at every octet of a file found. */
export interface VerifyReport {
  readonly path: string
  /** `open`: whole frames without a footer, as a writer or a crash leaves them. */
  readonly state: 'finished' | 'open' | 'damaged'
  /** What is readable. */
  readonly blocks: number
  readonly rows: number
  readonly problems: readonly Problem[]
}

/** Compares every checksum, and the footer with the blocks. Throws as `openArchive`. */
export function verifyArchive(path: string): VerifyReport {
  const scanned = scanArchive(path)
  try {
    const problems = [...scanned.problems]
    if (scanned.state === 'finished') {
      if (!scanned.hasRightEnd)
        problems.push({ at: scanned.wholeOctets, what: 'the tail is missing or wrong' })
      else if (problems.length === 0) problems.push(...footerProblems(path, scanned.blocks))
    }
    let rows = 0
    for (const block of scanned.blocks) rows += block.rows
    const state = problems.length > 0 ? 'damaged' : scanned.state
    return { path, state, blocks: scanned.blocks.length, rows, problems }
  } finally {
    scanned.close()
  }
}

function footerProblems(path: string, blocks: Parameters<typeof encodeFooter>[0]['blocks']): Problem[] {
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
