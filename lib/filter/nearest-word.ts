/** The word of `words` nearest to `word`, if one is at most two edits away and most of the word stays. */
export function nearestWord(word: string, words: Iterable<string>): string | undefined {
  if (word.length > 40) return undefined
  const lower = word.toLowerCase()
  let best: string | undefined
  let bestDistance = Math.min(3, Math.max(2, Math.ceil(word.length / 2)))
  for (const candidate of words) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue
    const known = candidate.toLowerCase()
    // Of two that are as near, the one that goes on as the word began.
    const distance = editDistance(lower, known) - (known.startsWith(lower) ? 0.5 : 0)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** Edits that make one of the other; two letters exchanged are one edit. */
function editDistance(one: string, other: string): number {
  let before: number[] = []
  let row = Array.from({ length: other.length + 1 }, (_, i) => i)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++) {
      const same = one[i - 1] === other[j - 1]
      let least = Math.min(row[j - 1]! + (same ? 0 : 1), row[j]! + 1, next[j - 1]! + 1)
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1])
        least = Math.min(least, before[j - 2]! + 1)
      next.push(least)
    }
    before = row
    row = next
  }
  return row[other.length]!
}
