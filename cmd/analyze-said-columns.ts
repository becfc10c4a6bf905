import type { Column, OctetsColumn } from '../lib/flow/batch.ts'
import { defineField, F, type Field } from '../lib/flow/fields.ts'
import { APPLICATION_ID, type Said, SaidTexts } from '../lib/flow/said-texts.ts'
import type { AddressCodes, FlowBlock, Problem, ReadColumn } from '../lib/flow/source.ts'
import type { Naming } from './analyze-setting.ts'

// Columns of listings that no record holds.

const APPLICATION = defineField('said.application', 'text')
const IN = defineField('said.in.if.name', 'text')
const OUT = defineField('said.out.if.name', 'text')

/** The columns of names that exporters gave, by the words for them. */
export const SAID_COLUMNS: ReadonlyMap<string, Field> = new Map([
  ['application', APPLICATION],
  ['app', APPLICATION],
  ['app.name', APPLICATION],
  ['network.application', APPLICATION],
  ['in.if.name', IN],
  ['out.if.name', OUT],
])

/** A block that has these columns, too; without a name interfaces are called by their numbers. */
export class SaidBlock implements FlowBlock {
  readonly info: FlowBlock['info']
  readonly columns: FlowBlock['columns']
  readonly addresses: AddressCodes
  readonly #block: FlowBlock
  readonly #naming: Naming

  constructor(block: FlowBlock, naming: Naming) {
    this.#block = block
    this.#naming = naming
    this.info = block.info
    this.columns = block.columns
    this.addresses = block.addresses
  }

  layout(number: number): ReturnType<FlowBlock['layout']> {
    return this.#block.layout(number)
  }

  read(field: Field, problems: Problem[]): ReadColumn | null {
    const said = saidOf(field, this.#naming)
    if (said === null) return this.#block.read(field, problems)
    const names = SaidTexts.of(said, {
      addresses: this.addresses,
      column: (own): Column | null => this.#block.read(own, problems)?.column ?? null,
      codes: (own) => this.#block.readCodes(own, problems)?.codes ?? null,
    })
    return names === null ? null : { column: columnOf(field, names, this.info.rows), codes: null }
  }

  readCodes(field: Field, problems: Problem[]): ReturnType<FlowBlock['readCodes']> {
    return this.#block.readCodes(field, problems)
  }
}

function saidOf(field: Field, { applicationName, interfaceName }: Naming): Said | null {
  if (field === APPLICATION) return { of: 'application', field: APPLICATION_ID, name: applicationName }
  const name = (exporter: string, index: number) => interfaceName(exporter, index) || String(index)
  if (field === IN) return { of: 'interface', field: F.ingressInterface, name }
  return field === OUT ? { of: 'interface', field: F.egressInterface, name } : null
}

function columnOf(field: Field, names: SaidTexts, rows: number): OctetsColumn {
  const starts = new Uint32Array(rows)
  const lengths = new Uint32Array(rows)
  const present = new Uint8Array(rows)
  const places: { readonly start: number; readonly octets: number }[] = []
  const pieces: Buffer[] = []
  let used = 0
  for (let row = 0; row < rows; row++) {
    const place = names.at(row)
    if (place < 0) continue
    if (place === places.length) {
      const piece = Buffer.from(names.texts[place]!, 'utf8')
      places.push({ start: used, octets: piece.length })
      pieces.push(piece)
      used += piece.length
    }
    starts[row] = places[place]!.start
    lengths[row] = places[place]!.octets
    present[row] = 1
  }
  return { field, shape: 'octets', starts, lengths, data: Buffer.concat(pieces), used, present }
}
