/** Rows are counted up in such steps, so that blocks of nearly the same length share the memory. */
const STEP = 65_536
let ones = new Uint8Array(0)

/** 1 for each of `rows` rows. The memory is shared with all who ask: nobody writes to it. */
export function allPresent(rows: number): Uint8Array {
  if (ones.length < rows) ones = new Uint8Array(Math.ceil(rows / STEP) * STEP).fill(1)
  return ones.subarray(0, rows)
}

/** Whether all of the first `rows` rows hold a column, by their presence. */
export function holdAll(present: Uint8Array, rows: number): boolean {
  if (present.buffer === ones.buffer) return true
  const first = present.indexOf(0)
  return first < 0 || first >= rows
}
