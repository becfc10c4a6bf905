import { FlowError } from '../../diagnostics/flow-error.ts'
import { momentNs } from '../moment.ts'
import { formatNs } from '../time-text.ts'
import { readTextFile, writeTextFile } from './text-file.ts'

const HEADER = '# weir keys seen 1: '

interface Presence {
  firstNs: bigint
  lastNs: bigint
}

/**
 * A list of keys with the times they were first and last seen: text, a key a line behind both times, sorted. Exact: it
 * holds every key, about 70 octets each in the file.
 */
export class SeenFile {
  readonly isNew: boolean
  readonly #path: string
  readonly #by: string
  readonly #keys: Map<string, Presence>

  private constructor(path: string, by: string, keys: Map<string, Presence> | null) {
    this.#path = path
    this.#by = by
    this.#keys = keys ?? new Map()
    this.isNew = keys === null
  }

  /** Reads the list, if there is one. Throws FILE_UNREADABLE, and QUERY_INVALID for a list of other keys or none. */
  static open(path: string, keys: readonly string[]): SeenFile {
    const by = keys.join(',')
    const text = readTextFile(path)
    if (text === null) return new SeenFile(path, by, null)
    const lines = text.split('\n')
    const header = lines[0] ?? ''
    if (!header.startsWith(HEADER))
      throw new FlowError('QUERY_INVALID', `--seen ${path}: this is no list of keys that weir made`)
    if (header.slice(HEADER.length) !== by)
      throw new FlowError(
        'QUERY_INVALID',
        `--seen ${path} has keys by ${header.slice(HEADER.length)}, not by ${by}: give each question its own list`,
      )
    const known = new Map<string, Presence>()
    for (const [i, line] of lines.entries()) {
      if (i === 0 || line === '') continue
      const [first = '', last = ''] = line.split('\t', 2)
      const [firstNs, lastNs] = [momentNs(first), momentNs(last)]
      if (firstNs === null || lastNs === null)
        throw new FlowError('QUERY_INVALID', `--seen ${path}, line ${i + 1}: want two times and a key`)
      known.set(line.slice(first.length + last.length + 2), { firstNs, lastNs })
    }
    return new SeenFile(path, by, known)
  }

  get size(): number {
    return this.#keys.size
  }

  /** Notes that a key was there; returns since when it is, without having been away for longer than `awayNs`. */
  meet(key: string, beginNs: bigint, endNs: bigint, awayNs: bigint): bigint {
    const known = this.#keys.get(key)
    if (known === undefined) {
      this.#keys.set(key, { firstNs: beginNs, lastNs: endNs })
      return beginNs
    }
    const isBefore = beginNs < known.firstNs && endNs + awayNs >= known.firstNs
    if (isBefore || known.lastNs + awayNs < beginNs) known.firstNs = beginNs
    if (endNs > known.lastNs) known.lastNs = endNs
    return known.firstNs
  }

  /** Writes the list without keys that were last there before `sinceNs`; throws FILE_UNWRITABLE. */
  write(sinceNs: bigint): void {
    const kept = [...this.#keys].filter(([, { lastNs }]) => lastNs >= sinceNs)
    kept.sort(([a], [b]) => (a < b ? -1 : 1))
    const lines = kept.map(
      ([key, { firstNs, lastNs }]) => `${formatNs(firstNs)}\t${formatNs(lastNs)}\t${key}\n`,
    )
    writeTextFile(this.#path, [`${HEADER}${this.#by}\n`, ...lines])
  }
}
