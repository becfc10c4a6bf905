/** Numbers for octet strings by order of first appearance, within one block. */
export class OctetsDictionary {
  count = 0
  /** All strings joined. */
  data = new Uint8Array(1024)
  used = 0
  #ends = new Uint32Array(64)
  #hashes = new Uint32Array(64)
  /** Numbers plus 1; 0: free. */
  #slots = new Uint32Array(256)

  reset(): void {
    this.count = 0
    this.used = 0
    this.#slots.fill(0)
  }

  numberOf(source: Uint8Array, from: number, to: number): number {
    const hash = hashOf(source, from, to)
    const mask = this.#slots.length - 1
    let slot = hash & mask
    for (;;) {
      const entry = this.#slots[slot]!
      if (entry === 0) break
      if (this.#hashes[entry - 1] === hash && this.#equals(entry - 1, source, from, to)) return entry - 1
      slot = (slot + 1) & mask
    }
    const number = this.count++
    this.#room(to - from)
    this.data.set(source.subarray(from, to), this.used)
    this.used += to - from
    this.#ends[number] = this.used
    this.#hashes[number] = hash
    this.#slots[slot] = number + 1
    if (this.count * 2 > this.#slots.length) this.#rehash()
    return number
  }

  /** Lengths of all strings. */
  lengths(): Uint32Array {
    const lengths = new Uint32Array(this.count)
    for (let i = 0; i < this.count; i++) lengths[i] = this.#ends[i]! - this.#startOf(i)
    return lengths
  }

  #startOf(number: number): number {
    return number === 0 ? 0 : this.#ends[number - 1]!
  }

  #equals(number: number, source: Uint8Array, from: number, to: number): boolean {
    const start = this.#startOf(number)
    if (this.#ends[number]! - start !== to - from) return false
    for (let i = from, at = start; i < to; i++, at++) if (this.data[at] !== source[i]) return false
    return true
  }

  #room(octets: number): void {
    if (this.used + octets > this.data.length) {
      const data = new Uint8Array(Math.max(this.used + octets, this.data.length * 2))
      data.set(this.data)
      this.data = data
    }
    if (this.count <= this.#ends.length) return
    const ends = new Uint32Array(this.#ends.length * 2)
    ends.set(this.#ends)
    this.#ends = ends
    const hashes = new Uint32Array(ends.length)
    hashes.set(this.#hashes)
    this.#hashes = hashes
  }

  #rehash(): void {
    const slots = new Uint32Array(this.#slots.length * 2)
    const mask = slots.length - 1
    for (let number = 0; number < this.count; number++) {
      let slot = this.#hashes[number]! & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = number + 1
    }
    this.#slots = slots
  }
}

// Differs per process, so that nobody can choose strings that collide.
const SEED = (Math.random() * 0x100000000) | 0

function hashOf(source: Uint8Array, from: number, to: number): number {
  let h = SEED
  for (let i = from; i < to; i++) h = Math.imul(h ^ source[i]!, 0x01000193) + (h >>> 15)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  return (h ^ (h >>> 13)) >>> 0
}
