import { F } from '../flow/fields.ts'
import type { EncodedFrame } from './block-writer.ts'
import { Damage } from './damage.ts'
import { INDEX_EXPORTERS, INDEX_FIXED_OCTETS } from './encoding.ts'
import type { Frame } from './frame-scan.ts'
import type { Gathered } from './gathered.ts'
import { StreamReader } from './stream-reader.ts'
import { StreamWriter } from './stream-writer.ts'

/** A file of more exporters says nothing of them. */
const MOST_EXPORTERS = 4096

/** Counts a file's flows by exporter while it is written (FORMAT.md 7). */
export class ExporterTally {
  readonly #rows = new Map<number, number>()

  /** Takes a block's columns: flows come in runs of one exporter. */
  add(columns: ReadonlyMap<number, Gathered>, rows: number): void {
    const gathered = columns.get(F.exporterAddress.index)
    if (gathered === undefined || this.#rows.size > MOST_EXPORTERS) return
    const { values, present } = gathered
    for (let row = 0, from = 0; row <= rows; row++) {
      if (row < rows && values[row] === values[from] && present[row] === present[from]) continue
      if (present[from] === 1) {
        const code = values[from]!
        this.#rows.set(code, (this.#rows.get(code) ?? 0) + row - from)
      }
      from = row
    }
  }

  /** The parts of the I frame; null where there are too many exporters. */
  encode(): EncodedFrame | null {
    const count = this.#rows.size
    if (count > MOST_EXPORTERS) return null
    const out = new StreamWriter()
    const s1 = out.narrow(Uint32Array.from(this.#rows.keys()), count)
    const s2 = out.narrow(Uint32Array.from(this.#rows.values()), count)
    const head = Buffer.alloc(INDEX_FIXED_OCTETS)
    const fixed = [INDEX_EXPORTERS, count, out.streamCount, out.planeCount, s1, s2]
    for (const [i, value] of fixed.entries()) head.writeUInt32LE(value, i * 4)
    return { head: Buffer.concat([head, out.tables()]), body: out.body }
  }
}

/** The two streams of an I frame, of `places`, which ascend, only where they are given; null where it cannot be read. */
export function readIndex(
  frame: Frame,
  places: Uint32Array | null,
): readonly [Uint32Array, Uint32Array] | null {
  const [codes, streams, planes, s1, s2] = [4, 8, 12, 16, 20].map((at) => frame.head.readUInt32LE(at)) as [
    number,
    number,
    number,
    number,
    number,
  ]
  try {
    const tables = frame.head.subarray(INDEX_FIXED_OCTETS)
    const reader = new StreamReader(tables, { streams, planes }, frame.body, null)
    if (places === null) return [reader.narrow(s1, codes), reader.narrow(s2, codes)]
    const { length } = places
    if (length > 0 && places[length - 1]! >= codes) return null
    const [first, second] = [new Uint32Array(length), new Uint32Array(length)]
    const isThere = [first, second].every((out, i) =>
      reader.gather(i === 0 ? s1 : s2, codes, places, length, out),
    )
    return isThere ? [first, second] : null
  } catch (error) {
    if (error instanceof Damage) return null
    throw error
  }
}
