/** The greatest `limit` of the numbers added, in a heap: what is below the least of them is none of the first. */
export class BestScores {
  readonly #heap: Float64Array

  constructor(limit: number) {
    this.#heap = new Float64Array(limit).fill(Number.NEGATIVE_INFINITY)
  }

  /** What a number must have to be among the greatest so far: minus infinity as long as there is room. */
  get least(): number {
    return this.#heap[0] ?? Number.POSITIVE_INFINITY
  }

  add(score: number): void {
    const heap = this.#heap
    if (!(score > this.least)) return
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++
      if (heap[child]! >= score) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = score
  }
}
