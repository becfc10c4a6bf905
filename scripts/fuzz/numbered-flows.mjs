// Flows that know their number, so that whoever finds them can tell whether they are right: a flow's source address is
// its number, its destination address follows from it.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { openArchive } from '../../lib/archive/archive-reader.ts'
import { F } from '../../lib/flow/fields.ts'
import { netflow5Datagram } from '../../lib/testing/datagrams.ts'

export const otherOf = (number) => Math.imul(number, 2_654_435_761) >>> 0
const text = (word) => [24, 16, 8, 0].map((shift) => (word >>> shift) & 255).join('.')

/** goflow2's lines of flows `from` to below `to`. */
export function numberedLines(from, to) {
  let lines = ''
  for (let i = from; i < to; i++) {
    lines += `{"type":"NETFLOW_V9","time_received_ns":1767225600000000000,"bytes":${i},"packets":1,"src_addr":"${text(i)}","dst_addr":"${text(otherOf(i))}"}\n`
  }
  return lines
}

/** A NetFlow v5 datagram of the flows `from` to below `to`, at most 30. */
export function numberedDatagram(from, to) {
  const records = []
  for (let i = from; i < to; i++) records.push({ source: text(i), destination: text(otherOf(i)) })
  return netflow5Datagram(records, { sequence: from })
}

/** Fills a batch with the flows `from` to below `to`. */
export function fillNumbered(batch, from, to) {
  batch.reset()
  const source = batch.fixed(F.sourceAddress)
  const destination = batch.fixed(F.destinationAddress)
  for (let i = from, row = 0; i < to; i++, row++) {
    for (const [column, word] of [
      [source, i],
      [destination, otherOf(i)],
    ]) {
      column.words[row * 4 + 2] = 0xffff
      column.words[row * 4 + 3] = word
      column.present[row] = 1
    }
  }
  batch.rowCount = to - from
}

/** The archive files in a folder and below, in order. */
export function archiveNames(directory) {
  return readdirSync(directory, { recursive: true })
    .filter((name) => /\.weir(\.part)?$/.test(name))
    .sort()
    .map((name) => join(directory, name))
}

/** The numbers of the block's flows; throws where a flow is wrong. Null where the block says that it is damaged. */
export function numbersOf(reader, index) {
  const before = reader.problems.length
  const block = reader.block(index)
  const [source, destination] = [F.sourceAddress, F.destinationAddress].map(
    (field) => block?.read(field, reader.problems)?.column.words,
  )
  if (reader.problems.length > before) return null
  const { rows } = reader.blocks[index]
  if (source === undefined || destination === undefined) {
    throw new Error(`${reader.path}: block ${index}: a column of ${rows} rows is gone and nothing says so`)
  }
  const numbers = []
  for (let row = 0; row < rows; row++) {
    const number = source[row * 4 + 3]
    if (source[row * 4 + 2] !== 0xffff || destination[row * 4 + 3] !== otherOf(number))
      throw new Error(`${reader.path}: block ${index}: row ${row} is wrong`)
    numbers.push(number)
  }
  return numbers
}

/** The numbers in all files of a folder; throws where a flow is wrong, twice, or in a block that cannot be read. */
export function allNumbers(directory) {
  const all = new Set()
  for (const path of archiveNames(directory)) {
    const reader = openArchive(path)
    for (let index = 0; index < reader.blocks.length; index++) {
      const numbers = numbersOf(reader, index)
      if (numbers === null) throw new Error(`${path}: ${reader.problems[0].what}`)
      for (const number of numbers) {
        if (all.has(number)) throw new Error(`${path}: flow ${number} is there twice`)
        all.add(number)
      }
    }
    if (reader.problems.length > 0) throw new Error(`${path}: ${reader.problems[0].what}`)
    reader.close()
  }
  return all
}

/** Throws where the numbers are not 0, 1, 2, … */
export function checkUnbroken(numbers) {
  for (let i = 0; i < numbers.size; i++) if (!numbers.has(i)) throw new Error(`flow ${i} is missing`)
}
