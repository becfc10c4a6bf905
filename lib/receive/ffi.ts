import type * as Ffi from 'node:ffi'

/**
 * The system calls that receiving needs, as libc has them: they return -1 and set `errno` on failure. Whatever the
 * kernel keeps a pointer to must stay reachable by its owner; the garbage collector does not know of such pointers.
 */
export interface Libc {
  socket(family: number, type: number, protocol: number): number
  bind(fd: number, address: Uint8Array, octets: number): number
  connect(fd: number, address: Uint8Array, octets: number): number
  setsockopt(fd: number, level: number, option: number, value: Uint8Array, octets: number): number
  getsockopt(fd: number, level: number, option: number, value: Uint8Array, octets: Uint8Array): number
  getsockname(fd: number, address: Uint8Array, octets: Uint8Array): number
  recvmmsg(fd: number, messages: Uint8Array, count: number, flags: number, timeout: null): number
  sendmmsg(fd: number, messages: Uint8Array, count: number, flags: number): number
  poll(entries: Uint8Array, count: number, timeoutMs: number): number
  close(fd: number): number
  /** Why the last call of this thread failed; only meaningful right after it. */
  errno(): number
  /** Where the buffer's octets lie. It must not be one that V8 keeps on its moving heap: over 64 octets. */
  addressOf(buffer: Uint8Array): bigint
}

const DEFINITIONS = {
  socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
  bind: { arguments: ['int32', 'buffer', 'uint32'], return: 'int32' },
  connect: { arguments: ['int32', 'buffer', 'uint32'], return: 'int32' },
  setsockopt: { arguments: ['int32', 'int32', 'int32', 'buffer', 'uint32'], return: 'int32' },
  getsockopt: { arguments: ['int32', 'int32', 'int32', 'buffer', 'buffer'], return: 'int32' },
  getsockname: { arguments: ['int32', 'buffer', 'buffer'], return: 'int32' },
  recvmmsg: { arguments: ['int32', 'buffer', 'uint32', 'int32', 'pointer'], return: 'int32' },
  sendmmsg: { arguments: ['int32', 'buffer', 'uint32', 'int32'], return: 'int32' },
  poll: { arguments: ['buffer', 'uint32', 'int32'], return: 'int32' },
  close: { arguments: ['int32'], return: 'int32' },
  __errno_location: { arguments: [], return: 'pointer' },
} as const

let opened: Libc | null | undefined

/**
 * This thread's libc, or null where it cannot be had: no node:ffi, not Linux, another processor than the two whose
 * structures the callers know (x64 and arm64 lay them out alike), or another C library than glibc.
 */
export function openLibc(): Libc | null {
  if (opened === undefined) opened = load()
  return opened
}

function load(): Libc | null {
  if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64')) return null
  try {
    const ffi = process.getBuiltinModule('node:ffi') as typeof Ffi | undefined
    if (ffi === undefined) return null
    const { lib, functions } = ffi.dlopen('libc.so.6', DEFINITIONS)
    // errno is a variable of the thread, so its place can be asked for once.
    const errnoAt = functions.__errno_location()
    return Object.assign(functions, {
      errno: () => ffi.getInt32(errnoAt, 0),
      addressOf: (buffer: Uint8Array) => ffi.getRawPointer(buffer),
      /** The functions are only good as long as the library is. */
      library: lib,
    })
  } catch {
    return null
  }
}
