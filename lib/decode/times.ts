import { highWord, lowWord, type Run } from './run.ts'

/** The datagram's clocks, as the kernels need them; one object is reused. */
export interface Clock {
  /** Export time in nanoseconds since the epoch, as two words. */
  high: number
  low: number
  /** The exporter's uptime in milliseconds as a signed 32-bit integer. */
  uptimeMs: number
}

// Nanoseconds need 61 bits. All below is exact in doubles because no intermediate value reaches 2^53, and a few
// times faster than BigInt values would be.

const WORD = 4294967296

/** Writes (high * 2^32 + low) * factor modulo 2^64 as the words of `row`; factor at most 10^9. */
export function writeScaled(out: Uint32Array, row: number, high: number, low: number, factor: number): void {
  const upper = (low >>> 16) * factor
  const carry = Math.floor(upper / 65536)
  const sum = (upper - carry * 65536) * 65536 + (low & 0xffff) * factor
  const over = Math.floor(sum / WORD)
  out[row * 2] = sum - over * WORD
  out[row * 2 + 1] = Math.imul(high, factor) + carry + over
}

/** Writes clock minus `ns`, which may be negative, as the words of `row`. */
function writeBefore(out: Uint32Array, row: number, clock: Clock, ns: number): void {
  const difference = clock.low - ns
  const over = Math.floor(difference / WORD)
  out[row * 2] = difference - over * WORD
  out[row * 2 + 1] = clock.high + over
}

/**
 * Uptime into epoch nanoseconds. The uptime wraps after 49.7 days and flows may end a little after the header's, so
 * the age is a signed 32-bit difference.
 */
export function copyUptime(run: Run, clock: Clock, out: Uint32Array): void {
  const { view, stride, end } = run
  const now = clock.uptimeMs
  for (let row = run.row, at = run.at; row < end; row++, at += stride) {
    writeBefore(out, row, clock, ((now - view.getInt32(at)) | 0) * 1e6)
  }
}

/**
 * The same of other widths. Of eight octets (NX-OS) the low four are the uptime, unless the whole is milliseconds
 * since the epoch: an uptime of 31 years is not believed.
 */
export function copyUptimeAny(run: Run, octets: number, clock: Clock, out: Uint32Array): void {
  const { view, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) {
    const low = lowWord(view, at, octets)
    const high = highWord(view, at, octets)
    const ms = high * WORD + low
    if (ms >= 1e12 && ms < 4e12) writeScaled(out, row, high, low, 1e6)
    else writeBefore(out, row, clock, ((clock.uptimeMs - low) | 0) * 1e6)
  }
}

/** flowStartDeltaMicroseconds and flowEndDeltaMicroseconds: before the export time (RFC 5102 §5.9.9). */
export function copyDeltaMicroseconds(run: Run, octets: number, clock: Clock, out: Uint32Array): void {
  const { view, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) {
    writeBefore(out, row, clock, lowWord(view, at, octets) * 1e3)
  }
}

export function copySeconds(run: Run, octets: number, out: Uint32Array): void {
  const { view, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) {
    writeScaled(out, row, highWord(view, at, octets), lowWord(view, at, octets), 1e9)
  }
}

export function copyMilliseconds(run: Run, octets: number, out: Uint32Array): void {
  const { view, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) {
    writeScaled(out, row, highWord(view, at, octets), lowWord(view, at, octets), 1e6)
  }
}

/** 1900 to 1970 in seconds. */
const NTP_EPOCH = 2_208_988_800

/**
 * NTP timestamps (RFC 7011 §6.1.9, §6.1.10), exact to the nanosecond below. Seconds before 1970 belong to the era
 * that begins in 2036; all zero stays zero. The lower 11 bits of a fraction of microseconds, which may be ignored,
 * are used: they only make it finer.
 */
export function copyNtp(run: Run, out: Uint32Array): void {
  const { view, stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) {
    const seconds = view.getUint32(at)
    const fraction = view.getUint32(at + 4)
    if (seconds === 0 && fraction === 0) {
      out[row * 2] = 0
      out[row * 2 + 1] = 0
      continue
    }
    writeScaled(out, row, 0, (seconds - NTP_EPOCH) >>> 0, 1e9)
    const ns = Math.floor(((fraction >>> 16) * 1e9 + Math.floor(((fraction & 0xffff) * 1e9) / 65536)) / 65536)
    const low = out[row * 2]! + ns
    out[row * 2] = low
    if (low >= WORD) out[row * 2 + 1]! += 1
  }
}
