import { F } from '../flow/fields.ts'
import { APPLICATION_ID, SaidTexts } from '../flow/said-texts.ts'
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
  const said = { of: 'application', field: APPLICATION_ID, name: key.text } as const
  const names = SaidTexts.of(said, {
    addresses: rows.block.addresses,
    column: (field) => rows.column(field)?.column ?? null,
    codes: (field) => rows.codes(field)?.codes ?? null,
  })
  if (names === null) return { parts: null, present: null }
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
