import type * as Ffi from 'node:ffi'
import { zstdDecompressSync } from 'node:zlib'

/** Decompresses one zstd frame (RFC 8878) into `out`, which it has to fill; false where it does not. */
export type Expand = (stored: Uint8Array, out: Uint8Array) => boolean

/** By node:zlib, which makes a context and a buffer for every call. */
export function expandByZlib(stored: Uint8Array, out: Uint8Array): boolean {
  try {
    const octets = out.length
    const raw = zstdDecompressSync(stored, { maxOutputLength: octets, chunkSize: Math.max(64, octets) })
    if (raw.length !== octets) return false
    out.set(raw)
    return true
  } catch {
    return false
  }
}

/**
 * By the zstd inside the executable that runs us, whose functions are open to node:ffi: one context for all calls, and
 * what it gives goes where it is wanted. Null where they cannot be had.
 */
export function expandInPlace(): Expand | null {
  try {
    const ffi = process.getBuiltinModule('node:ffi') as typeof Ffi | undefined
    if (ffi === undefined) return null
    const { lib, functions } = ffi.dlopen(null, {
      ZSTD_createDCtx: { arguments: [], return: 'pointer' },
      ZSTD_decompressDCtx: {
        arguments: ['pointer', 'buffer', 'uint64', 'buffer', 'uint64'],
        return: 'uint64',
      },
    })
    const context = functions.ZSTD_createDCtx()
    if (context === 0n) return null
    const expand: Expand = (stored, out) => {
      // Errors are told as lengths beyond all that there are.
      const octets = BigInt(out.length)
      const got = functions.ZSTD_decompressDCtx(context, out, octets, stored, BigInt(stored.length))
      return got === octets
    }
    // The functions are only good as long as the library is.
    return Object.assign(expand, { library: lib })
  } catch {
    return null
  }
}

let known: Expand | null = null

/** Decompresses in the quickest way this thread has. */
export function expand(stored: Uint8Array, out: Uint8Array): boolean {
  known ??= expandInPlace() ?? expandByZlib
  return known(stored, out)
}
