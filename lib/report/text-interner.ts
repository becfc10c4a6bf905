import { FlowError } from '../diagnostics/flow-error.ts'

const MOST_OCTETS = 2 ** 28

/** Numbers for strings of octets, by first appearance; the same in all inputs of a pass. */
export class TextInterner {
  readonly #numbers = new Map<string, number>()
  readonly #texts: string[] = []
  #octets = 0

  /** Throws QUERY_INVALID when the strings outgrow memory. */
  numberOf(data: Uint8Array, from: number, octets: number): number {
    const text = Buffer.from(data.buffer, data.byteOffset + from, octets).toString('latin1')
    let number = this.#numbers.get(text)
    if (number === undefined) {
      number = this.#texts.length
      this.#numbers.set(text, number)
      this.#texts.push(text)
      this.#octets += octets + 64
      if (this.#octets > MOST_OCTETS)
        throw new FlowError('QUERY_INVALID', 'too many different texts to group by; ask for another key')
    }
    return number
  }

  /** The octets as one character each. */
  octets(number: number): string {
    return this.#texts[number] ?? ''
  }

  text(number: number): string {
    return Buffer.from(this.octets(number), 'latin1').toString('utf8')
  }
}
