/** The name of `names` nearest to `word`, if one is near: equal but for case and underscores, or two edits away. */
export function nearestName(word: string, names: Iterable<string>): string | undefined {
  if (word.length > 64) return undefined
  const plain = (text: string) => text.toLowerCase().replaceAll(/[_-]/g, '')
  let best: string | undefined
  let bestDistance = 3
  for (const name of names) {
    const distance = plain(name) === plain(word) ? 0 : editDistance(word, name)
    if (distance < bestDistance) {
      best = name
      bestDistance = distance
    }
  }
  return best
}

function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, i) => i)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++) {
      const change = row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1)
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[other.length]!
}
