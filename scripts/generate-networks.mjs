// Makes lib/enrich/data/networks.bin, the table of autonomous systems and countries inside the executable, from npm
// packages that are fetched for it (87 MB of CSV, removed afterwards). FILES.md in lib/enrich has the file's form; NOTICE
// has the data's terms.
//
//   npm run generate -- networks
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { constants, zstdCompressSync } from 'node:zlib'

/** The last versions; their numbers hold the date. */
const VERSION = '2.3.2026061719'
const DATE = '2026-06-17'
const MAGIC = 'WNT1'

/** Fetches a package and returns the folder of its files. */
function fetchPackage(name, work) {
  const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', work, `${name}@${VERSION}`], {
    cwd: work,
    encoding: 'utf8',
  })
  const folder = join(work, name.replace(/\W/g, '-'))
  mkdirSync(folder)
  execFileSync('tar', ['-xzf', join(work, packed.trim().split('\n').at(-1)), '-C', folder])
  return join(folder, 'package')
}

/** Rows of first and last address, and the other columns. */
function readRanges(file) {
  const rows = []
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue
    const [first, last] = line.split(',', 2)
    const rest = line.slice(first.length + last.length + 2)
    const second = rest.indexOf(',')
    const key = second < 0 ? rest : rest.slice(0, second)
    const name = second < 0 ? '' : rest.slice(second + 1)
    rows.push({
      first: BigInt(first),
      last: BigInt(last),
      key: key.trim(),
      name: name.startsWith('"') ? name.slice(1, name.lastIndexOf('"')).replaceAll('""', '"') : name.trim(),
    })
  }
  return rows
}

/** Where the value changes. Of ranges that overlap the earlier keeps what it has. */
function toChanges(rows, toValue) {
  const starts = []
  const values = []
  let next = 0n
  const change = (start, value) => {
    if ((values.at(-1) ?? 0) === value) return
    starts.push(start)
    values.push(value)
  }
  for (const { first, last, key } of rows) {
    if (last < next) continue
    if (first > next) change(next, 0)
    change(first > next ? first : next, toValue(key))
    next = last + 1n
  }
  change(next, 0)
  return { starts, values }
}

/** Differences of 32-bit words, octet by octet: all highest octets, then all second, … which packs well. */
function differences(starts, words) {
  const count = starts.length
  const out = Buffer.alloc(count * words * 4)
  for (let w = 0; w < words; w++) {
    let before = 0
    for (let i = 0; i < count; i++) {
      const word = Number((starts[i] >> BigInt(32 * (words - 1 - w))) & 0xffffffffn)
      const difference = (word - before) >>> 0
      before = word
      for (let o = 0; o < 4; o++) out[(w * 4 + o) * count + i] = (difference >>> (24 - 8 * o)) & 255
    }
  }
  return out
}

/** Numbers octet by octet, as `differences`. */
function octetPlanes(numbers, octets) {
  const out = Buffer.alloc(numbers.length * octets)
  for (let o = 0; o < octets; o++)
    for (let i = 0; i < numbers.length; i++)
      out[o * numbers.length + i] = (numbers[i] >>> (8 * (octets - 1 - o))) & 255
  return out
}

function pack(octets) {
  return zstdCompressSync(octets, {
    params: { [constants.ZSTD_c_compressionLevel]: 22, [constants.ZSTD_c_windowLog]: 23 },
  })
}

/** The octets of lib/enrich/data/networks.bin. */
export function generateNetworks() {
  const work = mkdtempSync(join(tmpdir(), 'weir-networks-'))
  try {
    const asn = fetchPackage('@ip-location-db/asn', work)
    const country = fetchPackage('@ip-location-db/asn-country', work)
    const as4 = readRanges(join(asn, 'asn-ipv4-num.csv'))
    const as6 = readRanges(join(asn, 'asn-ipv6-num.csv'))
    const names = new Map(
      [...as4, ...as6].map(({ key, name }) => [Number(key), name.replace(/\s+/g, ' ').trim()]),
    )
    const numbers = [...names.keys()].sort((a, b) => a - b)
    const places = new Map(numbers.map((number, i) => [String(number), i + 1]))
    const country4 = readRanges(join(country, 'asn-country-ipv4-num.csv'))
    const country6 = readRanges(join(country, 'asn-country-ipv6-num.csv'))
    const codes = [...new Set([...country4, ...country6].map(({ key }) => key))].sort()
    if (codes.length > 255) throw new Error('more countries than one octet can tell apart')
    const sections = {}
    const parts = []
    const add = (name, count, octets) => {
      const packed = pack(octets)
      sections[name] = { count, octets: packed.length }
      parts.push(packed)
    }
    for (const [name, rows, words, toValue, octets] of [
      ['as4', as4, 1, (key) => places.get(key), 3],
      ['as6', as6, 4, (key) => places.get(key), 3],
      ['country4', country4, 1, (key) => codes.indexOf(key) + 1, 1],
      ['country6', country6, 4, (key) => codes.indexOf(key) + 1, 1],
    ]) {
      const { starts, values } = toChanges(rows, toValue)
      add(`${name}.starts`, starts.length, differences(starts, words))
      add(`${name}.values`, values.length, octetPlanes(values, octets))
    }
    add('as.numbers', numbers.length, differences(numbers.map(BigInt), 1))
    add('as.names', numbers.length, Buffer.from(numbers.map((number) => names.get(number)).join('\n')))
    const header = Buffer.from(JSON.stringify({ date: DATE, codes, sections }))
    const front = Buffer.alloc(8)
    front.write(MAGIC, 'latin1')
    front.writeUInt32LE(header.length, 4)
    return Buffer.concat([front, header, ...parts])
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
