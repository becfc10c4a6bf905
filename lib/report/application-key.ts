import { APPLICATION_ID, ApplicationTexts } from '../flow/application-texts.ts'
import { F } from '../flow/fields.ts'
import { type BlockRows, partial } from './block-rows.ts'
import type { CompiledKey, KeySource } from './compiled-key.ts'
import type { Key } from './query.ts'
import type { TextInterner } from './text-interner.ts'

/** What exporters call the applications of flows: ids with one name are one group, whoever sent them. */
export function compileApplication(key: Key & { kind: 'application' }, interner: TextInterner): CompiledKey {
  return {
    key,
    parts: [{ bits: 32 }],
    fields: [F.exporterAddress, APPLICATION_ID],
    unit: 'text',
    isInterned: true,
    source: (rows) => rows.once(key.text, 'application', () => numbersOf(key, rows, interner)),
    cell: (words, at) => interner.text(words[at]!),
  }
}

function numbersOf(key: Key & { kind: 'application' }, rows: BlockRows, interner: TextInterner): KeySource {
  const ids = rows.column(APPLICATION_ID)?.column
  if (ids?.shape !== 'octets') return { parts: null, present: null }
  const codes = rows.codes(F.exporterAddress)?.codes ?? null
  const column = codes === null ? rows.fixed(F.exporterAddress) : null
  const exporters = { codes, addresses: rows.block.addresses, column }
  const names = new ApplicationTexts(ids, exporters, key.text)
  const interned: number[] = []
  const values = new Uint32Array(rows.rows)
  const present = new Uint8Array(rows.rows)
  for (let row = 0; row < values.length; row++) {
    const place = names.at(row)
    if (place < 0) continue
    if (place === interned.length) {
      const octets = Buffer.from(names.texts[place]!, 'utf8')
      interned.push(interner.numberOf(octets, 0, octets.length))
    }
    values[row] = interned[place]!
    present[row] = 1
  }
  return { parts: [{ values, half: -1 }], present: partial(present, rows.rows) }
}
