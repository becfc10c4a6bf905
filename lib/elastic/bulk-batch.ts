/**
 * Where the values of items stand, for those who pack them. Items of one shape differ in their actions and in their values
 * alone: what stands before, between and behind the values is the same, octet for octet.
 */
export interface ItemValues {
  /** Each item's shape; 0 where nobody tells. */
  readonly shapes: Uint32Array
  /** Where the marks of each item begin, and behind that those of the last one end. */
  readonly firsts: Uint32Array
  /** Of each value: where it begins and ends in the octets, and where its item has the same text before; 0 for nowhere. */
  readonly marks: Int32Array
}

/** Actions and documents of a bulk request: item `i` is `octets[starts[i], ends[i])`, both of its lines. */
export interface BulkBatch {
  readonly octets: Uint8Array
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly count: number
  /** Null, or missing, where nobody knows. */
  readonly values?: ItemValues | null
}

/** The batch's items that `numbers` names, in their order; all of them are the batch itself. */
export function itemsOf(batch: BulkBatch, numbers: readonly number[]): BulkBatch {
  if (numbers.length === batch.count) return batch
  const { octets, starts, ends } = batch
  const length = numbers.reduce((sum, i) => sum + ends[i]! - starts[i]!, 0)
  const copy = new Uint8Array(length)
  const copyStarts = new Uint32Array(numbers.length)
  const copyEnds = new Uint32Array(numbers.length)
  let at = 0
  for (const [to, i] of numbers.entries()) {
    const item = octets.subarray(starts[i]!, ends[i]!)
    copy.set(item, at)
    copyStarts[to] = at
    at += item.length
    copyEnds[to] = at
  }
  return { octets: copy, starts: copyStarts, ends: copyEnds, count: numbers.length }
}

/** Where all items lie, one behind the other without gaps. */
export function bodyOf({ octets, starts, ends, count }: BulkBatch): Uint8Array {
  return octets.subarray(starts[0] ?? 0, ends[count - 1] ?? 0)
}

/** The document's line of item `i`, without its line feed. */
export function documentOf({ octets, starts, ends }: BulkBatch, i: number): Uint8Array {
  const document = octets.indexOf(0x0a, starts[i]!) + 1
  return octets.subarray(document, ends[i]! - 1)
}
