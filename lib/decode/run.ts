/** Equal-length records on the wire and the rows that they fill; one object is reused for all. */
export interface Run {
  octets: Uint8Array
  view: DataView
  /** Where the first record's value starts. */
  at: number
  /** Octets from one record to the next. */
  stride: number
  /** First row, and the one behind the last. */
  row: number
  end: number
}

/** Marks the rows of the run as holding the field. */
export function markPresent(run: Run, present: Uint8Array): void {
  const { row, end } = run
  if (end - row > 24) present.fill(1, row, end)
  else for (let i = row; i < end; i++) present[i] = 1
}

/** The last up to four of `octets` octets at `at`. */
export function lowWord(view: DataView, at: number, octets: number): number {
  switch (octets) {
    case 0:
      return 0
    case 1:
      return view.getUint8(at)
    case 2:
      return view.getUint16(at)
    case 3:
      return view.getUint8(at) * 65536 + view.getUint16(at + 1)
    default:
      return view.getUint32(at + octets - 4)
  }
}

/** What stands above the low word; of more than eight octets the last eight count. */
export function highWord(view: DataView, at: number, octets: number): number {
  if (octets <= 4) return 0
  return octets <= 8 ? lowWord(view, at, octets - 4) : view.getUint32(at + octets - 8)
}
