// Loops over columns. Each sees one kind of typed array only: a loop that sees several is two times slower, which is
// why some stand here twice.

/** Rows that are worked on together: their columns fit the processor's cache. */
export const VECTOR_ROWS = 8192

export function gatherOctets(
  values: Uint8Array,
  rows: Uint32Array,
  from: number,
  count: number,
  out: Uint32Array,
): void {
  for (let i = 0; i < count; i++) out[i] = values[rows[from + i]!]!
}

export function gatherPairs(
  values: Uint16Array,
  rows: Uint32Array,
  from: number,
  count: number,
  out: Uint32Array,
): void {
  for (let i = 0; i < count; i++) out[i] = values[rows[from + i]!]!
}

export function gatherWords(
  values: Uint32Array,
  rows: Uint32Array,
  from: number,
  count: number,
  out: Uint32Array,
): void {
  for (let i = 0; i < count; i++) out[i] = values[rows[from + i]!]!
}

/** Every second word: halves of 64-bit columns. */
export function gatherHalves(
  values: Uint32Array,
  half: number,
  rows: Uint32Array,
  from: number,
  count: number,
  out: Uint32Array,
): void {
  for (let i = 0; i < count; i++) out[i] = values[rows[from + i]! * 2 + half]!
}

/** 1 for rows that lack the column. */
export function gatherAbsent(
  present: Uint8Array,
  rows: Uint32Array,
  from: number,
  count: number,
  out: Uint32Array,
): void {
  for (let i = 0; i < count; i++) out[i] = present[rows[from + i]!]! ^ 1
}

export function mapThrough(map: Uint32Array, values: Uint32Array, count: number): void {
  for (let i = 0; i < count; i++) values[i] = map[values[i]!]!
}

/** Begins each word with a piece of each value. */
export function setPiece(
  values: Uint32Array,
  count: number,
  shift: number,
  mask: number,
  left: number,
  word: Uint32Array,
): void {
  if (shift === 0 && left === 0) {
    for (let i = 0; i < count; i++) word[i] = values[i]! & mask
  } else {
    for (let i = 0; i < count; i++) word[i] = ((values[i]! >>> shift) & mask) << left
  }
}

/** Adds a piece of each value to each word. */
export function putPiece(
  values: Uint32Array,
  count: number,
  shift: number,
  mask: number,
  left: number,
  word: Uint32Array,
): void {
  if (shift === 0 && left === 0) {
    for (let i = 0; i < count; i++) word[i]! |= values[i]! & mask
  } else {
    for (let i = 0; i < count; i++) word[i]! |= ((values[i]! >>> shift) & mask) << left
  }
}

/** Adds to each value the piece of it that stands in the words at `at`, `at + stride`, … */
export function takePiece(
  words: Uint32Array,
  at: number,
  stride: number,
  count: number,
  shift: number,
  mask: number,
  left: number,
  values: Uint32Array,
): void {
  for (let i = 0, k = at; i < count; i++, k += stride) values[i]! |= ((words[k]! >>> left) & mask) << shift
}

export function startHash(hashes: Uint32Array, count: number): void {
  hashes.fill(0x9e3779b1, 0, count)
}

export function hashWord(words: Uint32Array, hashes: Uint32Array, count: number): void {
  for (let i = 0; i < count; i++) {
    const h = Math.imul(hashes[i]! ^ words[i]!, 0x85ebca6b)
    hashes[i] = h ^ (h >>> 15)
  }
}

/** Lets every bit of the words reach every bit of the hashes. */
export function endHash(hashes: Uint32Array, count: number): void {
  for (let i = 0; i < count; i++) {
    let h = Math.imul(hashes[i]! ^ (hashes[i]! >>> 16), 0x7feb352d)
    h = Math.imul(h ^ (h >>> 15), 0x846ca68b)
    hashes[i] = h ^ (h >>> 16)
  }
}

export function markSeen(seen: Uint8Array, groups: Uint32Array, count: number): void {
  for (let i = 0; i < count; i++) seen[groups[i]!] = 1
}
