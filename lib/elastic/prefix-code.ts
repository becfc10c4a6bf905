/** Symbols' codes, each turned around so that its first bit is the lowest (RFC 1951 §3.1.1), and how many bits they have. */
export interface PrefixCode {
  readonly codes: Uint16Array
  readonly lengths: Uint8Array
}

/** An empty code of so many symbols. */
export function newPrefixCode(symbols: number): PrefixCode {
  return { codes: new Uint16Array(symbols), lengths: new Uint8Array(symbols) }
}

/**
 * Makes the code for symbols of these frequencies, none longer than `most` bits. At least two symbols get one, so that the
 * code is complete: inflaters refuse others.
 */
export function fitPrefixCode(code: PrefixCode, frequencies: Uint32Array, most: number): void {
  const weights = Uint32Array.from(frequencies)
  let used = 0
  for (const weight of weights) if (weight > 0) used++
  for (let symbol = 0; used < 2; symbol++) {
    if (weights[symbol] === 0) used++
    weights[symbol] ||= 1
  }
  while (!fitLengths(code.lengths, weights, most)) {
    // Flatter frequencies make a flatter tree.
    for (let i = 0; i < weights.length; i++) if (weights[i]! > 0) weights[i] = (weights[i]! >>> 1) | 1
  }
  giveCodes(code)
}

/** Huffman's tree: the two lightest become one, until one is left. False where a symbol lies deeper than `most`. */
function fitLengths(lengths: Uint8Array, weights: Uint32Array, most: number): boolean {
  const leaves = [...weights.keys()].filter((symbol) => weights[symbol]! > 0)
  leaves.sort((a, b) => weights[a]! - weights[b]! || a - b)
  const count = leaves.length
  const nodes = leaves.map((symbol) => weights[symbol]!)
  const parents: number[] = []
  // Leaves by weight, then what was joined, which comes by weight too: the lightest is at the head of one of the two.
  let leaf = 0
  let joined = count
  const lightest = () =>
    leaf < count && (joined >= nodes.length || nodes[leaf]! <= nodes[joined]!) ? leaf++ : joined++
  while (nodes.length < count * 2 - 1) {
    const [a, b] = [lightest(), lightest()]
    parents[a] = parents[b] = nodes.length
    nodes.push(nodes[a]! + nodes[b]!)
  }
  const depths = new Uint32Array(nodes.length)
  lengths.fill(0)
  let deepest = 0
  for (let node = nodes.length - 2; node >= 0; node--) {
    depths[node] = depths[parents[node]!]! + 1
    deepest = Math.max(deepest, depths[node]!)
    if (node < count) lengths[leaves[node]!] = Math.min(255, depths[node]!)
  }
  return deepest <= most
}

/** Codes of one length count up in the order of their symbols (RFC 1951 §3.2.2). */
function giveCodes({ codes, lengths }: PrefixCode): void {
  const counts = new Uint32Array(17)
  for (const length of lengths) if (length > 0) counts[length]!++
  const next = new Uint32Array(17)
  for (let length = 1; length < 16; length++) next[length + 1] = (next[length]! + counts[length]!) * 2
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol]!
    let code = length === 0 ? 0 : next[length]!++
    let turned = 0
    for (let bit = 0; bit < length; bit++, code >>>= 1) turned = (turned << 1) | (code & 1)
    codes[symbol] = turned
  }
}
