const FIRST_SLOTS = 1 << 14

/** What a target got in one bin of time. */
export interface Volume {
  readonly octets: number
  readonly packets: number
  readonly flows: number
}

/** Sums by target and bin in one growing table, 48 octets a cell; beyond `mostCells` the smallest are given up. */
export class CellTable {
  size = 0
  forgotten = 0
  targets = new Uint32Array(FIRST_SLOTS / 2)
  bins = new Uint32Array(FIRST_SLOTS / 2)
  octets = new Float64Array(FIRST_SLOTS / 2)
  packets = new Float64Array(FIRST_SLOTS / 2)
  flows = new Float64Array(FIRST_SLOTS / 2)
  #slots = new Uint32Array(FIRST_SLOTS)
  readonly #mostCells: number

  constructor(mostCells: number) {
    this.#mostCells = Math.max(4096, mostCells)
  }

  add(target: number, bin: number, octets: number, packets: number, flows: number): void {
    const cell = this.#cellOf(target, bin)
    this.octets[cell]! += octets
    this.packets[cell]! += packets
    this.flows[cell]! += flows
  }

  #cellOf(target: number, bin: number): number {
    for (;;) {
      const slots = this.#slots
      const mask = slots.length - 1
      let slot = hash(target, bin) & mask
      for (;;) {
        const cell = slots[slot]! - 1
        if (cell < 0) break
        if (this.targets[cell] === target && this.bins[cell] === bin) return cell
        slot = (slot + 1) & mask
      }
      if (this.size >= this.#mostCells) this.#forget()
      else if (this.size === this.targets.length) this.#resize(this.size * 2)
      else {
        const cell = this.size++
        slots[slot] = cell + 1
        this.targets[cell] = target
        this.bins[cell] = bin
        this.octets[cell] = this.packets[cell] = this.flows[cell] = 0
        return cell
      }
    }
  }

  #resize(capacity: number): void {
    this.targets = grownWords(this.targets, capacity)
    this.bins = grownWords(this.bins, capacity)
    this.octets = grownNumbers(this.octets, capacity)
    this.packets = grownNumbers(this.packets, capacity)
    this.flows = grownNumbers(this.flows, capacity)
    this.#slots = new Uint32Array(capacity * 2)
    this.#index()
  }

  #index(): void {
    const slots = this.#slots
    const mask = slots.length - 1
    for (let cell = 0; cell < this.size; cell++) {
      let slot = hash(this.targets[cell]!, this.bins[cell]!) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = cell + 1
    }
  }

  /** Keeps the half with most packets: what is small is no attack, and counts as nothing in what is usual. */
  #forget(): void {
    const order = Array.from(this.packets.subarray(0, this.size)).sort((a, b) => a - b)
    const least = order[order.length >>> 1]!
    let size = 0
    for (let cell = 0; cell < this.size; cell++) {
      if (this.packets[cell]! <= least) continue
      this.targets[size] = this.targets[cell]!
      this.bins[size] = this.bins[cell]!
      this.octets[size] = this.octets[cell]!
      this.packets[size] = this.packets[cell]!
      this.flows[size++] = this.flows[cell]!
    }
    this.forgotten += this.size - size
    this.size = size
    this.#slots.fill(0)
    this.#index()
  }
}

function grownWords(values: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const bigger = new Uint32Array(length)
  bigger.set(values)
  return bigger
}

function grownNumbers(values: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const bigger = new Float64Array(length)
  bigger.set(values)
  return bigger
}

function hash(a: number, b: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d)
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b)
  return (h ^ (h >>> 16)) >>> 0
}
