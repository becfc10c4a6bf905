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

/**
 * The fingerprint of a file that begins with `head`: its first whole lines up to the first line's end behind octet 64,
 * at most 1024 octets. It never changes while the file grows. Null while the file is too young to tell; `isWhole` says
 * that nothing will be added, so that what there is must do.
 */
export function fingerprintOf(head: Uint8Array, isWhole: boolean): Fingerprint | null {
  let octets = head.indexOf(0x0a, LEAST_HEAD_OCTETS - 1) + 1
  if (octets === 0 && head.length >= MOST_HEAD_OCTETS) octets = MOST_HEAD_OCTETS
  if (octets === 0 && isWhole) octets = head.length
  if (octets === 0) return null
  octets = Math.min(octets, MOST_HEAD_OCTETS)
  return { hash: hashOf(head.subarray(0, octets)), octets }
}

/** SHA-256 in hex. */
export function hashOf(octets: Uint8Array): string {
  return Buffer.from(sha256(octets)).toString('hex')
}
