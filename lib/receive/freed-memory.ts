import { openLibc } from './ffi.ts'

/** mallopt(3): the size from which memory is the system's again as soon as it is freed. */
const M_MMAP_THRESHOLD = -3
/** What it is at first; glibc raises it up to 32 MiB when such memory is freed, unless it was set. */
const THRESHOLD_OCTETS = 128 << 10

/**
 * Has large buffers given back to the system when they are freed, for all threads: else each keeps what it once needed.
 * False where the C library is another.
 */
export function giveFreedMemoryBack(): boolean {
  return openLibc()?.mallopt(M_MMAP_THRESHOLD, THRESHOLD_OCTETS) === 1
}
