import type { Coding } from './address-scope.ts'
import { bitsFor } from './key-layout.ts'

/** Bits kept free for numbers that are still to come. */
export const SPARE_BITS = 3
const MOST_NUMBERS = 2 ** 20
const FIRST_NUMBERS = 1024

/** Numbers of 32 bits, numbered by first appearance: there are few of them. */
export class NumberCoding implements Coding {
  readonly map = null
  count = 0
  meaning = new Uint32Array(FIRST_NUMBERS)
  readonly meaningWords = 1
  /** 1 + number by hash, or 0; a power of two, at least twice the numbers. */
  #slots = new Uint32Array(FIRST_NUMBERS * 2)

  /** Whether the next block should begin anew: whoever sends numbers may make them up. */
  get isFull(): boolean {
    return this.count > MOST_NUMBERS
  }

  /** Bits for the numbers, with some for those that are still to come. */
  get bits(): number {
    return Math.min(32, bitsFor(this.count) + SPARE_BITS)
  }

  /** The number of each value. */
  encode(values: Uint32Array, numbers: Uint32Array): void {
    for (let row = 0; row < values.length; row++) {
      const value = values[row]!
      const slots = this.#slots
      const mask = slots.length - 1
      let slot = mixed(value) & mask
      let number = slots[slot]! - 1
      while (number >= 0 && this.meaning[number] !== value) {
        slot = (slot + 1) & mask
        number = slots[slot]! - 1
      }
      if (number < 0) {
        if (this.count === this.meaning.length) this.#grow()
        number = this.#add(value)
      }
      numbers[row] = number
    }
  }

  #add(value: number): number {
    const slots = this.#slots
    const number = this.count++
    let slot = mixed(value) & (slots.length - 1)
    while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1)
    slots[slot] = number + 1
    this.meaning[number] = value
    return number
  }

  #grow(): void {
    this.meaning = grown(this.meaning, this.count * 2)
    const slots = new Uint32Array(this.#slots.length * 2)
    for (let number = 0; number < this.count; number++) {
      let slot = mixed(this.meaning[number]!) & (slots.length - 1)
      while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1)
      slots[slot] = number + 1
    }
    this.#slots = slots
  }
}

function mixed(value: number): number {
  const h = Math.imul(value ^ (value >>> 16), 0x7feb352d)
  return h ^ (h >>> 15)
}

function grown(values: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const bigger = new Uint32Array(length)
  bigger.set(values)
  return bigger
}
