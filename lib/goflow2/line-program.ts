/** Numbers in a step, and what they hold. */
export const STEP = 8
export const STEP_FROM = 0
/** First double word of the literal, and its length in octets. */
export const STEP_LITERAL = 1
export const STEP_LENGTH = 2
export const STEP_A = 3
export const STEP_B = 4
export const STEP_C = 5
/** How a value is printed (a RENDER); the tag in protobuf. */
export const STEP_RENDER = 6
/** Where a jump goes, as an index into `steps`. */
export const STEP_TARGET = 7

/** Steps that are not values; numbers follow those of FROM. */
export const CONTROL = {
  /** Goes to the target unless slot `a` is present. */
  jumpIfAbsent: 32,
  jump: 33,
  /** Goes to the target where the sampling rate is surer than a mapping. */
  jumpIfRateIsSure: 34,
  /** Takes back the separator `a` at the end, if something was printed. */
  trim: 35,
} as const

/** Renderers as numbers; only those up to `milliseconds`, and `hexNumber`, hold for numeric sources. */
export const RENDER = {
  decimal: 0,
  mac: 1,
  etype: 2,
  proto: 3,
  datetime: 4,
  nano: 5,
  /** Nanoseconds as whole seconds and milliseconds, as goflow2 1.x prints times. */
  seconds: 6,
  milliseconds: 7,
  ip: 8,
  hex: 9,
  text: 10,
  /** The word `unknown`, whatever the value. */
  unknown: 11,
  layer: 12,
  flowType: 13,
  /** Plus a number of octets: an integer as so many octets in hexadecimal. */
  hexNumber: 16,
} as const

/** Bits of a capture step's `b`: an integer, its low octet first, a field that the mapping declares. */
export const CAPTURE_NUMBER = 1
export const CAPTURE_LITTLE = 2
export const CAPTURE_CUSTOM = 4
/** Octets that are JSON already, and are printed as they are. */
export const CAPTURE_VERBATIM = 8

/** What a printer runs for each row: steps of STEP numbers, each a literal and then a value or a jump. */
export interface LineProgram {
  readonly steps: Int32Array
  /** Literals, each beginning at a double word and followed by at least one spare. */
  readonly literals: BigUint64Array
  readonly lists: readonly (readonly number[])[]
  /** Most octets that a row takes, columns of variable size aside. */
  readonly room: number
  /** Slots of variable size, and how many octets an octet or element of each can take. */
  readonly variable: readonly { readonly slot: number; readonly factor: number }[]
}

/** A jump whose target is not known yet. */
export type Label = number[]

/** More than any fixed value takes: a quoted network of two IPv6 addresses' length. */
const VALUE_ROOM = 64

const encoder = new TextEncoder()
/** Constant text in octets: the keys of lines and a few words, over and over. */
const encoded = new Map<string, Uint8Array>()
const MOST_ENCODED = 10_000

function encode(text: string): Uint8Array {
  let octets = encoded.get(text)
  if (octets === undefined) {
    if (encoded.size === MOST_ENCODED) encoded.clear()
    octets = encoder.encode(text)
    encoded.set(text, octets)
  }
  return octets
}

/** Collects steps; constant text joins its neighbours. */
export class LineProgramBuilder {
  readonly #steps: number[] = []
  readonly #lists: (readonly number[])[] = []
  readonly #variable: { slot: number; factor: number }[] = []
  #literals = new Uint8Array(2048)
  /** Where the text begins that no step has yet, and where it ends. */
  #start = 0
  #end = 0
  #room = 0

  /** Appends constant text. */
  text(text: string): void {
    this.octets(encode(text))
  }

  octets(octets: Uint8Array): void {
    const end = this.#end + octets.length
    if (end > this.#literals.length) this.#literals = grown(this.#literals, end)
    this.#literals.set(octets, this.#end)
    this.#end = end
  }

  /** Appends a value after the text so far. */
  value(from: number, a: number, b: number, c: number, render: number): void {
    this.#step(from, a, b, c, render)
  }

  /** A number for `slots` in a FROM.first. */
  list(slots: readonly number[]): number {
    this.#lists.push(slots)
    return this.#lists.length - 1
  }

  /** Says that a value takes `factor` octets for each octet or element of the column in `slot`. */
  variable(slot: number, factor: number): void {
    this.#variable.push({ slot, factor })
  }

  /** Appends a jump to a label that is placed later. */
  jump(control: number, a: number, label: Label): void {
    label.push(this.#steps.length)
    this.#step(control, a, 0, 0, 0)
  }

  /** Lets the jumps to `label` end here. */
  place(label: Label): void {
    if (label.length === 0) return
    if (this.#end > this.#start) this.#step(0, 0, 0, 0, 0)
    for (const step of label) this.#steps[step + STEP_TARGET] = this.#steps.length
  }

  finish(): LineProgram {
    if (this.#end > this.#start) this.#step(0, 0, 0, 0, 0)
    const literals = new BigUint64Array((this.#end >>> 3) + 2)
    new Uint8Array(literals.buffer).set(this.#literals.subarray(0, this.#end))
    return {
      steps: Int32Array.from(this.#steps),
      literals,
      lists: this.#lists,
      room: this.#room,
      variable: this.#variable,
    }
  }

  #step(from: number, a: number, b: number, c: number, render: number): void {
    const length = this.#end - this.#start
    this.#steps.push(from, this.#start >>> 3, length, a, b, c, render, 0)
    this.#start = (this.#end + 7) & ~7
    if (this.#start > this.#literals.length) this.#literals = grown(this.#literals, this.#start)
    this.#literals.fill(0, this.#end, this.#start)
    this.#end = this.#start
    this.#room += length + VALUE_ROOM
  }
}

function grown(octets: Uint8Array, atLeast: number): Uint8Array<ArrayBuffer> {
  const bigger = new Uint8Array(Math.max(atLeast, octets.length * 2))
  bigger.set(octets)
  return bigger
}
