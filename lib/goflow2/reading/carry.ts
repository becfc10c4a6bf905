/** Octets of an unfinished line that wait for the rest of it, in a buffer that grows. */
export class Carry {
  octets = new Uint8Array(65_536)
  view = new DataView(this.octets.buffer)
  used = 0

  /** Appends octets; there is always room for one more octet behind them. */
  append(octets: Uint8Array, from: number, to: number): void {
    this.reserve(to - from)
    this.octets.set(octets.subarray(from, to), this.used)
    this.used += to - from
  }

  /** Makes room for `length` octets and one more. */
  reserve(length: number): void {
    const needed = this.used + length + 1
    if (needed <= this.octets.length) return
    const bigger = new Uint8Array(Math.max(needed, this.octets.length * 2))
    bigger.set(this.octets.subarray(0, this.used))
    this.octets = bigger
    this.view = new DataView(bigger.buffer)
  }

  /** Leaves only what stands from `from` on; gives back what a long line took. */
  keep(from: number): void {
    const rest = this.used - from
    if (this.octets.length > 1_048_576 && rest < 65_536) {
      const smaller = new Uint8Array(65_536)
      smaller.set(this.octets.subarray(from, this.used))
      this.octets = smaller
      this.view = new DataView(smaller.buffer)
    } else {
      this.octets.copyWithin(0, from, this.used)
    }
    this.used = rest
  }
}
