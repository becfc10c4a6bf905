import { fingerprintsOf, hashOf, type Mark } from './fingerprint.ts'
import type { PositionStore } from './position-store.ts'
import type { FoundFile } from './scan.ts'

/** Digits of a mark's hash that are kept. */
const MARK_DIGITS = 16

/**
 * The files of a scan with the fingerprints that they are known by. Sources that begin with the same lines are told apart
 * by more of them: by as many as it takes to differ from what the store, or an older file of the scan, has under the
 * shorter one. One that cannot be told apart yet has none, and waits.
 */
export function identify(files: readonly FoundFile[], positions: PositionStore): FoundFile[] {
  const claimed = new Map<string, readonly Mark[]>()
  return files.map((file) => {
    if (file.fingerprint === null) return file
    const first = file.fingerprint
    const known = claimed.get(first.hash) ?? positions.get(first.hash)?.marks ?? []
    if (known.length === 0 || !differs(file.head, known)) {
      claimed.set(first.hash, longer(known, file))
      return file
    }
    for (const fingerprint of fingerprintsOf(file.head, file.isEnded).slice(1)) {
      const { hash } = fingerprint
      const marks = claimed.get(hash) ?? positions.get(hash)?.marks ?? []
      if (differs(file.head, marks)) continue
      claimed.set(hash, longer(marks, file))
      return { ...file, fingerprint }
    }
    return { ...file, fingerprint: null }
  })
}

/** What a file begins with, to tell it later from another that begins alike: a hash up to the end of each line. */
export function marksOf({ head, isEnded }: Pick<FoundFile, 'head' | 'isEnded'>): Mark[] {
  return fingerprintsOf(head, isEnded).map(({ hash, octets }) => ({
    octets,
    hash: hash.slice(0, MARK_DIGITS),
  }))
}

function longer(marks: readonly Mark[], file: FoundFile): readonly Mark[] {
  const own = marksOf(file)
  return own.length > marks.length ? own : marks
}

function differs(head: Buffer, marks: readonly Mark[]): boolean {
  return marks.some(
    ({ octets, hash }) => octets <= head.length && !hashOf(head.subarray(0, octets)).startsWith(hash),
  )
}
