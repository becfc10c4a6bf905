import type { Layout } from '../flow/layout.ts'
import type { LineProgram } from './line-program.ts'
import type { Shape } from './line-sources.ts'

/** Templates whose programs are remembered; with more of them, they are looked up anew by what they hold. */
const MAX_PROGRAMS = 4096
/** Mixtures of columns remembered for one template. */
const MAX_MIXTURES = 256

interface Compiled {
  readonly protocol: number
  readonly mask: Uint32Array
  readonly program: LineProgram
}

/** Remembers compiled programs by what the template looked like, protocol, and the columns that rows hold. */
export class LinePrograms {
  readonly #mask: Uint32Array
  readonly #compile: (shape: Shape) => LineProgram
  /** By template; null where the protocol has none. */
  readonly #programs = new Map<Layout | null, Compiled[]>()
  #count = 0

  /** `mask` says at each `find` which columns the rows hold. */
  constructor(mask: Uint32Array, compile: (shape: Shape) => LineProgram) {
    this.#mask = mask
    this.#compile = compile
  }

  /** The program for rows of this protocol and template whose columns are those of the mask. */
  find(protocol: number, layout: Layout | null): LineProgram {
    const mask = this.#mask
    let known = this.#programs.get(layout)
    if (known !== undefined) {
      for (let i = 0; i < known.length; i++) {
        const compiled = known[i]!
        if (compiled.protocol !== protocol || !isEqual(compiled.mask, mask)) continue
        // What is asked for often is found soon.
        known[i] = known[0]!
        known[0] = compiled
        return compiled.program
      }
      if (known.length >= MAX_MIXTURES) {
        this.#count -= known.length
        known.length = 0
      }
    }
    if (this.#count >= MAX_PROGRAMS) {
      this.#programs.clear()
      this.#count = 0
      known = undefined
    }
    if (known === undefined) {
      known = []
      this.#programs.set(layout, known)
    }
    const program = this.#compile({ protocol, layout })
    known.push({ protocol, mask: mask.slice(), program })
    this.#count++
    return program
  }
}

function isEqual(one: Uint32Array, other: Uint32Array): boolean {
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false
  return true
}
