import { openLibc } from './ffi.ts'

const CAP_NET_ADMIN = 12
const CAP_NET_RAW = 13
/** _LINUX_CAPABILITY_VERSION_3 (linux/capability.h): two sets of 32 bits for each kind. */
const VERSION = 0x2008_0522

/**
 * Gives up the right to capture, once the sockets are open: for this thread and those that it starts from now on.
 * Returns whether that could be done.
 */
export function dropCaptureRights(): boolean {
  const libc = openLibc()
  if (libc === null) return false
  const header = new Uint8Array(4096)
  new DataView(header.buffer).setUint32(0, VERSION, true)
  const data = new Uint8Array(4096)
  if (libc.capget(header, data) !== 0) return false
  const view = new DataView(data.buffer)
  const kept = ~((1 << CAP_NET_RAW) | (1 << CAP_NET_ADMIN))
  // Effective, permitted and inheritable, of the capabilities up to 31.
  for (const at of [0, 4, 8]) view.setUint32(at, view.getUint32(at, true) & kept, true)
  return libc.capset(header, data) === 0
}
