import { parseAddress } from '../bytes/address.ts'
import { appendAddress, appendOctets, appendWord, type FlowBatch, setOctets } from '../flow/batch.ts'
import { F, findField } from '../flow/fields.ts'
import type { Layout } from '../flow/layout.ts'

/** A value as a test writes it: addresses and MACs as text, octets as hexadecimal, lists as arrays. */
export type CellValue = string | number | bigint | readonly (string | number)[]

/** Appends a row with these columns, by name; `layout` is what its template looked like. Returns its number. */
export function fillRow(
  batch: FlowBatch,
  values: Readonly<Record<string, CellValue>>,
  layout: Layout | null = null,
): number {
  const row = batch.rowCount++
  if (layout !== null) fillCell(batch, row, F.layout.name, batch.layoutNumber(layout))
  for (const [name, value] of Object.entries(values)) fillCell(batch, row, name, value)
  return row
}

/** Sets one value of a row. */
export function fillCell(batch: FlowBatch, row: number, name: string, value: CellValue): void {
  const field = findField(name)
  if (field === undefined) throw new Error(`no field is called ${name}`)
  const column = batch.column(field)
  column.present[row] = 1
  switch (column.shape) {
    case 'octets': {
      const octets = Buffer.from(String(value), field.kind === 'text' ? 'utf8' : 'hex')
      setOctets(column, row, octets, 0, octets.length)
      return
    }
    case 'octets-list':
      for (const item of value as readonly string[]) {
        const octets = Buffer.from(item, 'hex')
        appendOctets(column, row, octets, 0, octets.length)
      }
      return
    case 'list':
      for (const item of value as readonly (string | number)[]) {
        if (column.stride === 1) appendWord(column, row, Number(item))
        else {
          const [a, b, c, d] = address(String(item))
          appendAddress(column, row, a!, b!, c!, d!)
        }
      }
      return
  }
  if (field.kind === 'address') column.words.set(address(String(value)), row * 4)
  else if (field.kind === 'u64' || field.kind === 'i64') column.wide[row] = BigInt(value as number | bigint)
  else if (field.kind === 'mac') {
    const digits = String(value).replaceAll(':', '')
    column.words[row * 2] = Number.parseInt(digits.slice(0, 4), 16)
    column.words[row * 2 + 1] = Number.parseInt(digits.slice(4), 16)
  } else column.values[row] = Number(value)
}

function address(text: string): Uint32Array {
  const words = new Uint32Array(4)
  if (!parseAddress(text, words)) throw new Error(`${text} is no address`)
  return words
}
