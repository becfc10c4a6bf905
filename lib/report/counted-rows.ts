/** Which rows of a block had a part in the window, noted while shares of them are dealt: a row may have several in turn. */
export class CountedRows {
  /** Numbers of rows, each once; the first `count` are meant. */
  list: Uint32Array = new Uint32Array(0)
  count = 0
  #last = -1

  /** Forgets those of the block before; at most `rows` will come. */
  begin(rows: number): void {
    // The row before may be put down once more behind the last one.
    if (this.list.length <= rows) this.list = new Uint32Array(rows + 1)
    this.count = 0
    this.#last = -1
  }

  /** Shares of one row follow one another, also from one call to the next. */
  add(rows: Uint32Array, count: number): void {
    const { list } = this
    let last = this.#last
    let known = this.count
    for (let i = 0; i < count; i++) {
      const row = rows[i]!
      list[known] = row
      if (row !== last) known++
      last = row
    }
    this.count = known
    this.#last = last
  }
}
