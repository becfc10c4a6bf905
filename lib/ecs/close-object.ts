/**
 * Ends an object behind whose values commas stand (PRINT.close): an empty one is taken back by `start` octets unless that
 * is 0, any other gets its bracket, and a comma behind it if `comma` is 1. Returns the position behind.
 */
export function closeObject(out: Uint8Array, position: number, start: number, comma: number): number {
  if (out[position - 1] === 0x2c) position--
  else if (start > 0) return position - start
  out[position++] = 0x7d
  if (comma === 1) out[position++] = 0x2c
  return position
}
