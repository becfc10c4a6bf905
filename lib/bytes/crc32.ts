import type * as Ffi from 'node:ffi'
import { crc32 as crc32OfZlib } from 'node:zlib'

/** CRC-32 of octets behind others that have the CRC `before`. */
export type Crc32 = (octets: Uint8Array, before?: number) => number

/**
 * By the zlib inside the executable that runs us, whose functions are open to node:ffi: node:zlib and its streams take
 * longer to load than a small archive to read. Null where it cannot be had.
 */
export function crc32InPlace(): Crc32 | null {
  try {
    const ffi = process.getBuiltinModule('node:ffi') as typeof Ffi | undefined
    if (ffi === undefined) return null
    const { lib, functions } = ffi.dlopen(null, {
      crc32: { arguments: ['uint32', 'buffer', 'uint32'], return: 'uint32' },
    })
    // Of no octets zlib may get no address, which it takes for the question what the first CRC is.
    const crc32: Crc32 = (octets, before = 0) =>
      octets.length === 0 ? before : functions.crc32(before, octets, octets.length)
    // The functions are only good as long as the library is.
    return crc32(Buffer.from('123456789')) === 0xcbf4_3926 ? Object.assign(crc32, { library: lib }) : null
  } catch {
    return null
  }
}

let known: Crc32 | null = null

/** CRC-32 (of gzip, RFC 1952 §8) of octets behind others that have the CRC `before`. */
export function crc32(octets: Uint8Array, before = 0): number {
  known ??= crc32InPlace() ?? crc32OfZlib
  return known(octets, before)
}
