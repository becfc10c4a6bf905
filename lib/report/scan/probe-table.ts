/** What is known of one probe: that it was sent, that it was answered. */
export const SENT = 1
export const ANSWERED = 2

const FIRST_SLOTS = 1 << 14

/**
 * Pairs of addresses and ports with what was seen of them, in one growing table: 16 octets an entry and the slots.
 * Beyond `mostEntries` those of sources with few are given up.
 */
export class ProbeTable {
  size = 0
  /** Entries given up because memory was bounded. */
  forgotten = 0
  sources = new Uint32Array(FIRST_SLOTS / 2)
  targets = new Uint32Array(FIRST_SLOTS / 2)
  /** Protocol times 65536 plus port. */
  services = new Uint32Array(FIRST_SLOTS / 2)
  seen = new Uint8Array(FIRST_SLOTS / 2)
  #slots = new Uint32Array(FIRST_SLOTS)
  readonly #mostEntries: number

  constructor(mostEntries: number) {
    this.#mostEntries = Math.max(1024, mostEntries)
  }

  /** Marks a probe of a source as SENT or ANSWERED; true where it had not been marked so. */
  mark(source: number, target: number, service: number, what: number): boolean {
    const entry = this.#entryOf(source, target, service)
    const before = this.seen[entry]!
    this.seen[entry] = before | what
    return (before & what) === 0
  }

  #entryOf(source: number, target: number, service: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    let slot = hash(source, target, service) & mask
    for (;;) {
      const entry = slots[slot]! - 1
      if (entry < 0) break
      if (
        this.sources[entry] === source &&
        this.targets[entry] === target &&
        this.services[entry] === service
      )
        return entry
      slot = (slot + 1) & mask
    }
    if (this.size >= this.#mostEntries) {
      this.#forget()
      return this.#entryOf(source, target, service)
    }
    if (this.size === this.sources.length) {
      this.#resize(this.size * 2)
      return this.#entryOf(source, target, service)
    }
    const entry = this.size++
    slots[slot] = entry + 1
    this.sources[entry] = source
    this.targets[entry] = target
    this.services[entry] = service
    this.seen[entry] = 0
    return entry
  }

  #resize(capacity: number): void {
    for (const name of ['sources', 'targets', 'services'] as const) {
      const bigger = new Uint32Array(capacity)
      bigger.set(this[name].subarray(0, this.size))
      this[name] = bigger
    }
    const seen = new Uint8Array(capacity)
    seen.set(this.seen.subarray(0, this.size))
    this.seen = seen
    this.#slots = new Uint32Array(capacity * 2)
    this.#index()
  }

  #index(): void {
    const slots = this.#slots
    const mask = slots.length - 1
    for (let entry = 0; entry < this.size; entry++) {
      let slot = hash(this.sources[entry]!, this.targets[entry]!, this.services[entry]!) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = entry + 1
    }
  }

  /** Keeps the sources with most probes: at least half of the table is free then. */
  #forget(): void {
    const counts = new Map<number, number>()
    for (let entry = 0; entry < this.size; entry++) {
      const source = this.sources[entry]!
      counts.set(source, (counts.get(source) ?? 0) + 1)
    }
    const bySize = [...counts].sort((a, b) => b[1] - a[1])
    const kept = new Set<number>()
    let room = this.#mostEntries / 2
    for (const [source, count] of bySize) {
      room -= count
      if (room < 0) break
      kept.add(source)
    }
    let size = 0
    for (let entry = 0; entry < this.size; entry++) {
      if (!kept.has(this.sources[entry]!)) continue
      this.sources[size] = this.sources[entry]!
      this.targets[size] = this.targets[entry]!
      this.services[size] = this.services[entry]!
      this.seen[size++] = this.seen[entry]!
    }
    this.forgotten += this.size - size
    this.size = size
    this.#slots.fill(0)
    this.#index()
  }
}

function hash(a: number, b: number, c: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35)
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d)
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b)
  return (h ^ (h >>> 16)) >>> 0
}
