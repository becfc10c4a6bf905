import { sha256 } from '../bytes/sha256.ts'

/** Octets at a file's start that may be looked at to know it again. */
export const MOST_HEAD_OCTETS = 1024
/** A first line shorter than this does not tell files apart. */
const LEAST_HEAD_OCTETS = 64

/** What a file is known by, whatever its name, place or compression: the octets that it begins with. */
export interface Fingerprint {
  /** SHA-256 of the first `octets` octets, in hex. */
  readonly hash: string
  readonly octets: number
}

/** A place in what a source begins with, and the first digits of the hash up to there. */
export interface Mark {
  readonly octets: number
  readonly hash: string
}

/**
 * The fingerprint of a file that begins with `head`: its first whole lines up to the first line's end behind octet 64,
 * at most 1024 octets. It never changes while the file grows. Null while the file is too young to tell; `isWhole` says
 * that nothing will be added, so that what there is must do.
 */
export function fingerprintOf(head: Uint8Array, isWhole: boolean): Fingerprint | null {
  const [octets] = endsOf(head, isWhole)
  return octets === undefined ? null : fingerprintAt(head, octets)
}

/** That fingerprint, and those over each line more, up to 1024 octets. */
export function fingerprintsOf(head: Uint8Array, isWhole: boolean): Fingerprint[] {
  return [...endsOf(head, isWhole)].map((octets) => fingerprintAt(head, octets))
}

/** Where lines end behind octet 64, and at last 1024 or the end. */
function* endsOf(head: Uint8Array, isWhole: boolean): Generator<number, undefined> {
  let end = 0
  for (let from = LEAST_HEAD_OCTETS - 1; ; from = end) {
    const next = head.indexOf(0x0a, from) + 1
    if (next === 0 || next > MOST_HEAD_OCTETS) break
    end = next
    yield end
  }
  const last = head.length >= MOST_HEAD_OCTETS ? MOST_HEAD_OCTETS : isWhole ? head.length : 0
  if (last > end) yield last
  return undefined
}

function fingerprintAt(head: Uint8Array, octets: number): Fingerprint {
  return { hash: hashOf(head.subarray(0, octets)), octets }
}

/** SHA-256 in hex. */
export function hashOf(octets: Uint8Array): string {
  return Buffer.from(sha256(octets)).toString('hex')
}
