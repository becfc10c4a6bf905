import { zstdDecompressSync } from 'node:zlib'
import { FlowError } from '../diagnostics/flow-error.ts'
import { type FamilyRanges, RangeTable } from './range-table.ts'

/** What NOTICE, `version --json`, footers and pages say of the built-in table. */
export const BUILT_IN_ATTRIBUTION = {
  name: 'AS numbers, names and countries of address ranges (@ip-location-db/asn and asn-country 2.3.2026061719)',
  date: '2026-06-17',
  licence: 'CC-BY-4.0',
  /** For footers in text. */
  text: 'AS data: RouteViews, NRO, DB-IP.com (IP Geolocation by DB-IP), 2026-06-17, CC BY 4.0',
  /** DB-IP's terms: a page that shows results carries this link. */
  link: { text: 'IP Geolocation by DB-IP', url: 'https://db-ip.com' },
} as const

interface Section {
  /** Ranges, or names. */
  readonly count: number
  readonly octets: number
}

interface Header {
  readonly date: string
  /** ISO 3166-1 codes; a value of the country table is a place in here plus one. */
  readonly codes: readonly string[]
  readonly sections: Readonly<Record<string, Section>>
}

const MAGIC = 'WNT1'
const LINE_FEED = 10

function damaged(): FlowError {
  return new FlowError('TABLE_INVALID', 'the built-in AS table is damaged: install weir again')
}

/** The table of autonomous systems and countries inside the executable; each part is unpacked when first asked for. */
export class BuiltInNetworks {
  /** The day the data are of. */
  readonly date: string
  readonly #octets: Uint8Array
  readonly #codes: readonly string[]
  readonly #sections = new Map<string, { readonly from: number; readonly section: Section }>()
  #asTable: RangeTable | null = null
  #countryTable: RangeTable | null = null
  #numbers: Uint32Array | null = null
  /** All names, and where each begins; one more start behind the last. */
  #names: { readonly octets: Buffer; readonly starts: Uint32Array } | null = null

  /** `octets` is lib/enrich/data/networks.bin, whose form FILES.md tells. */
  constructor(octets: Uint8Array) {
    const view = Buffer.from(octets.buffer, octets.byteOffset, octets.length)
    if (view.length < 8 || view.toString('latin1', 0, 4) !== MAGIC) throw damaged()
    const front = 8 + view.readUInt32LE(4)
    if (front > view.length) throw damaged()
    let header: Header
    try {
      header = JSON.parse(view.toString('utf8', 8, front))
    } catch {
      throw damaged()
    }
    this.#octets = octets
    this.#codes = header.codes
    this.date = header.date
    let from = front
    for (const [name, section] of Object.entries(header.sections)) {
      this.#sections.set(name, { from, section })
      from += section.octets
    }
    if (from !== octets.length) throw damaged()
  }

  /** AS numbers of addresses. */
  get asTable(): RangeTable {
    const numbers = this.#asNumbers()
    this.#asTable ??= new RangeTable(this.#ranges('as4', 1, 3, numbers), () =>
      this.#ranges('as6', 4, 3, numbers),
    )
    return this.#asTable
  }

  /** Countries of addresses, as numbers that `countryCode` explains: where the range's holder is registered. */
  get countryTable(): RangeTable {
    this.#countryTable ??= new RangeTable(this.#ranges('country4', 1, 1, null), () =>
      this.#ranges('country6', 4, 1, null),
    )
    return this.#countryTable
  }

  /** The ISO 3166-1 code, or the empty text for 0. */
  countryCode(value: number): string {
    return this.#codes[value - 1] ?? ''
  }

  /** The name of an AS, or the empty text. */
  asName(number: number): string {
    const numbers = this.#asNumbers()
    let low = 0
    let high = numbers.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (numbers[middle]! < number) low = middle + 1
      else high = middle
    }
    if (numbers[low] !== number) return ''
    const { octets, starts } = this.#asNames()
    return octets.toString('utf8', starts[low]!, starts[low + 1]! - 1)
  }

  /** Numbers of the systems whose name holds `part`, in any case, ascending. */
  findAs(part: string): number[] {
    const wanted = part.toLowerCase()
    const numbers = this.#asNumbers()
    const found: number[] = []
    const names = this.#asNames().octets.toString('utf8').toLowerCase().split('\n')
    names.forEach((name, i) => {
      if (name.includes(wanted)) found.push(numbers[i]!)
    })
    return found
  }

  #section(name: string, octetsPerItem: number): Uint8Array {
    const place = this.#sections.get(name)
    if (place === undefined) throw damaged()
    const { from, section } = place
    let octets: Uint8Array
    try {
      octets = zstdDecompressSync(this.#octets.subarray(from, from + section.octets))
    } catch {
      throw damaged()
    }
    if (octetsPerItem > 0 && octets.length !== section.count * octetsPerItem) throw damaged()
    return octets
  }

  /** `key`, where given, has what the values 1, 2, … stand for. */
  #ranges(name: string, words: 1 | 4, octets: 1 | 3, key: Uint32Array | null): FamilyRanges {
    const starts = sums(this.#section(`${name}.starts`, words * 4), words)
    const planes = this.#section(`${name}.values`, octets)
    const values = new Uint32Array(planes.length / octets)
    const count = values.length
    if (octets === 1 && key === null) values.set(planes)
    else {
      // In one go: there are half a million of them, and whoever starts waits for it.
      for (let i = 0; i < count; i++) {
        const value =
          octets === 1 ? planes[i]! : (planes[i]! << 16) | (planes[count + i]! << 8) | planes[2 * count + i]!
        values[i] = key === null || value === 0 ? value : key[value - 1]!
      }
    }
    return { starts, values }
  }

  #asNumbers(): Uint32Array {
    this.#numbers ??= sums(this.#section('as.numbers', 4), 1)
    return this.#numbers
  }

  #asNames(): { readonly octets: Buffer; readonly starts: Uint32Array } {
    if (this.#names !== null) return this.#names
    const section = this.#section('as.names', 0)
    const octets = Buffer.from(section.buffer, section.byteOffset, section.length)
    const starts = new Uint32Array(this.#asNumbers().length + 1)
    const item = afterLines(section, starts)
    if (item !== starts.length - 1) throw damaged()
    starts[item] = octets.length + 1
    this.#names = { octets, starts }
    return this.#names
  }
}

/** Puts where each line but the first begins from `starts[1]` on, as many as have room; returns the item behind. */
function afterLines(octets: Uint8Array, starts: Uint32Array): number {
  let item = 1
  for (let at = 0; at < octets.length; at++) if (octets[at] === LINE_FEED) starts[item++] = at + 1
  return item
}

/** Adds up differences of words that are stored octet by octet; `words` per item. */
function sums(planes: Uint8Array, words: number): Uint32Array {
  const count = planes.length / (words * 4)
  const out = new Uint32Array(count * words)
  for (let w = 0; w < words; w++) {
    const a = w * 4 * count
    const b = a + count
    const c = b + count
    const d = c + count
    let word = 0
    for (let i = 0; i < count; i++) {
      word += (planes[a + i]! << 24) | (planes[b + i]! << 16) | (planes[c + i]! << 8) | planes[d + i]!
      word |= 0
      out[i * words + w] = word
    }
  }
  return out
}
