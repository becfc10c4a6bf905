/** Octets that one remembered text costs beyond its own. */
const OVERHEAD = 64

interface Text {
  readonly specifiers: string
  uses: number
}

/** Field Specifiers of templates in memory: one text for equal templates of all exporters, kept while one uses it. */
export class SpecifierTexts {
  /** What the texts cost, each counted once. */
  octets = 0
  readonly #texts = new Map<string, Text>()

  /** What `take` would add to `octets`. */
  costOf(specifiers: string): number {
    return this.#texts.has(specifiers) ? 0 : specifiers.length + OVERHEAD
  }

  /** The text to keep in place of an equal one; to be released when it is no longer kept. */
  take(specifiers: string): string {
    const known = this.#texts.get(specifiers)
    if (known !== undefined) {
      known.uses++
      return known.specifiers
    }
    this.#texts.set(specifiers, { specifiers, uses: 1 })
    this.octets += specifiers.length + OVERHEAD
    return specifiers
  }

  release(specifiers: string): void {
    const known = this.#texts.get(specifiers)
    if (known === undefined || --known.uses > 0) return
    this.#texts.delete(specifiers)
    this.octets -= specifiers.length + OVERHEAD
  }
}
