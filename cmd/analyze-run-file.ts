import type { Cell } from '../lib/report/query.ts'
import { SpillFile } from '../lib/report/spill-file.ts'

// Sorted lines on disk. A record is its order (a kind, then the value), the line's length, the line.

/** A printed row and what it is sorted by. */
export interface Line {
  readonly order: Cell
  readonly octets: Uint8Array
}

const PAGE = 2 ** 18
/** What stands before a line at most, but for orders that are texts. */
const HEAD = 16
const [NULL, NUMBER, UNSIGNED, SIGNED, TEXT] = [0, 1, 2, 3, 4]

/** Lines of one run, as they lie in the file. */
interface Run {
  readonly at: number
  readonly octets: number
}

/** A file of runs of lines, each to be read from front to back. */
export class RunFile {
  readonly runs: Run[] = []
  readonly #file: SpillFile
  #page = Buffer.alloc(PAGE)
  #used = 0

  /** Throws FILE_UNWRITABLE. */
  constructor(directory: string) {
    this.#file = new SpillFile(directory)
  }

  /** Writes a run; throws FILE_UNWRITABLE. */
  append(lines: Iterable<Line>): void {
    const at = this.#file.octets
    for (const line of lines) this.#put(line)
    this.#flush()
    this.runs.push({ at, octets: this.#file.octets - at })
  }

  #put({ order, octets }: Line): void {
    const text = typeof order === 'string' ? Buffer.from(order) : null
    const room = HEAD + (text?.length ?? 0) + octets.length
    if (this.#used + room > this.#page.length) this.#flush()
    if (room > this.#page.length) this.#page = Buffer.alloc(room)
    const page = this.#page
    let at = this.#used
    page[at++] = kindOf(order)
    if (text !== null) {
      at = page.writeUInt32LE(text.length, at)
      at += text.copy(page, at)
    } else if (typeof order === 'number') at = page.writeDoubleLE(order, at)
    else if (typeof order === 'bigint') at = page.writeBigUInt64LE(BigInt.asUintN(64, order), at)
    at = page.writeUInt32LE(octets.length, at)
    page.set(octets, at)
    this.#used = at + octets.length
  }

  #flush(): void {
    if (this.#used > 0) this.#file.append(this.#page.subarray(0, this.#used))
    this.#used = 0
  }

  /** Reads a run again, `page` octets at a time; a line is good until the next is asked for. */
  *read({ at, octets }: Run, page: number): Generator<Line> {
    let memory = Buffer.alloc(Math.min(page, octets))
    let from = 0
    let to = 0
    let done = 0
    const need = (count: number) => {
      if (to - from >= count) return
      const rest = memory.subarray(from, to)
      const next = count > memory.length ? Buffer.alloc(count) : memory
      next.set(rest)
      memory = next
      from = 0
      const more = Math.min(memory.length - rest.length, octets - done)
      this.#file.read(memory.subarray(rest.length, rest.length + more), at + done)
      done += more
      to = rest.length + more
    }
    while (done < octets || from < to) {
      need(Math.min(HEAD, to - from + octets - done))
      const kind = memory[from++]!
      let order: Cell = null
      if (kind === TEXT) {
        const length = memory.readUInt32LE(from)
        need(4 + length + 4)
        order = memory.toString('utf8', from + 4, from + 4 + length)
        from += 4 + length
      } else if (kind === NUMBER) order = memory.readDoubleLE(from)
      else if (kind === UNSIGNED) order = memory.readBigUInt64LE(from)
      else if (kind === SIGNED) order = memory.readBigInt64LE(from)
      if (kind !== TEXT && kind !== NULL) from += 8
      const length = memory.readUInt32LE(from)
      need(4 + length)
      from += 4 + length
      yield { order, octets: memory.subarray(from - length, from) }
    }
  }

  close(): void {
    this.#file.close()
  }
}

function kindOf(order: Cell): number {
  if (order === null) return NULL!
  if (typeof order === 'string') return TEXT!
  if (typeof order === 'number') return NUMBER!
  return order < 0n ? SIGNED! : UNSIGNED!
}
