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
  ioctl(fd: number, request: bigint, argument: Uint8Array): number
  /** Returns where the kernel put the memory, or 2^64-1. */
  mmap(at: null, octets: bigint, protection: number, flags: number, fd: number, offset: bigint): bigint
  munmap(at: bigint, octets: bigint): number
  capget(header: Uint8Array, data: Uint8Array): number
  capset(header: Uint8Array, data: Uint8Array): number
  /** Returns 1, or 0 for a parameter that it does not know. */
  mallopt(parameter: number, value: number): number
  /** Why the last call of this thread failed; only meaningful right after it. */
  errno(): number
  /** Where the buffer's octets lie. It must not be one that V8 keeps on its moving heap: over 64 octets. */
  addressOf(buffer: Uint8Array): bigint
  /** The memory itself as a buffer; must not be touched once it is unmapped. */
  memoryAt(address: bigint, octets: number): ArrayBuffer
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
  ioctl: { arguments: ['int32', 'uint64', 'buffer'], return: 'int32' },
  mmap: { arguments: ['pointer', 'uint64', 'int32', 'int32', 'int32', 'int64'], return: 'pointer' },
  munmap: { arguments: ['pointer', 'uint64'], return: 'int32' },
  capget: { arguments: ['buffer', 'buffer'], return: 'int32' },
  capset: { arguments: ['buffer', 'buffer'], return: 'int32' },
  mallopt: { arguments: ['int32', 'int32'], return: 'int32' },
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
      memoryAt: (address: bigint, octets: number) => ffi.toArrayBuffer(address, octets, false),
      /** The functions are only good as long as the library is. */
      library: lib,
    })
  } catch {
    return null
  }
}

/** What libpcap gives: a filter expression compiled to classic BPF. */
export interface Libpcap {
  /** The program's instructions of 8 octets each; or why the expression is wrong. */
  compile(expression: string, linkType: number, snapOctets: number): Uint8Array | string
}

const PCAP_DEFINITIONS = {
  pcap_open_dead: { arguments: ['int32', 'int32'], return: 'pointer' },
  pcap_compile: { arguments: ['pointer', 'buffer', 'buffer', 'int32', 'uint32'], return: 'int32' },
  pcap_geterr: { arguments: ['pointer'], return: 'pointer' },
  pcap_freecode: { arguments: ['buffer'], return: 'void' },
  pcap_close: { arguments: ['pointer'], return: 'void' },
} as const

const NETMASK_UNKNOWN = 0xffff_ffff
const INSTRUCTION_OCTETS = 8

/** libpcap, where the machine has it; else null. */
export function openLibpcap(): Libpcap | null {
  try {
    const ffi = process.getBuiltinModule('node:ffi') as typeof Ffi | undefined
    if (ffi === undefined) return null
    const { lib, functions } = ffi.dlopen('libpcap.so.0.8', PCAP_DEFINITIONS)
    return Object.assign(
      { library: lib },
      {
        compile(expression: string, linkType: number, snapOctets: number): Uint8Array | string {
          const handle = functions.pcap_open_dead(linkType, snapOctets)
          // struct bpf_program: a count, and behind padding where the instructions lie.
          const program = new Uint8Array(4096)
          const text = Buffer.alloc(Math.max(4096, Buffer.byteLength(expression) + 1))
          text.write(expression)
          try {
            if (functions.pcap_compile(handle, program, text, 1, NETMASK_UNKNOWN) !== 0) {
              return ffi.toString(functions.pcap_geterr(handle)) ?? 'it is no filter expression'
            }
            const view = new DataView(program.buffer)
            const octets = view.getUint32(0, true) * INSTRUCTION_OCTETS
            const copy = new Uint8Array(ffi.toArrayBuffer(view.getBigUint64(8, true), octets, true))
            functions.pcap_freecode(program)
            return copy
          } finally {
            functions.pcap_close(handle)
          }
        },
      },
    )
  } catch {
    return null
  }
}
