/** Calls `load` for each run of rows of `[from, to)` that stand side by side among those taken; null: all are. */
export async function loadTaken(
  taken: Uint32Array | null,
  from: number,
  to: number,
  load: (first: number, last: number) => Promise<void>,
): Promise<void> {
  if (taken === null) {
    if (to > from) await load(from, to)
    return
  }
  for (let i = lowerBound(taken, from); i < taken.length && taken[i]! < to; ) {
    const first = taken[i]!
    let last = first + 1
    for (i++; i < taken.length && taken[i] === last && last < to; i++) last++
    await load(first, last)
  }
}

/** The first place whose value is `least` or more. */
function lowerBound(sorted: Uint32Array, least: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < least) low = middle + 1
    else high = middle
  }
  return low
}
