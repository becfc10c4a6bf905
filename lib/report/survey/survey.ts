import { formatAddress } from '../../bytes/address.ts'
import type { FixedColumn } from '../../flow/batch.ts'
import { F, type Field } from '../../flow/fields.ts'
import type { FlowBlock, FlowFile, FlowStream, Problem } from '../../flow/source.ts'
import { COUNTING_RECORDS } from '../loss/counting-records.ts'
import { ActiveTimeout, Durations } from './delays.ts'
import { SourceSequence } from './source-sequence.ts'

/** Exporters, layouts and columns told apart; what comes later counts together. */
const MOST_EXPORTERS = 4096
const MOST_LAYOUTS = 4096
const MOST_DOMAINS = 65_536
const SECOND_NS = 1_000_000_000
const LATE_MS = 300_000
/** Exporters are heard more often than this. */
const GAP_MS = 300_000
const MOST_GAPS = 1000
const TUPLES = 1 << 16
/** paddingOctets, which columns leave out where they are zero. */
const PADDING = 210

/** What is known of one exporter. */
export interface ExporterSurvey {
  readonly address: string
  readonly protocols: Set<number>
  readonly domains: Set<number>
  rows: number
  /** Rows by 256 * rate + source. */
  readonly ratesBySource: Map<number, number>
  unknownRate: number
  readonly sequences: SourceSequence[]
  readonly durations: Durations
  readonly timeout: ActiveTimeout
  readonly delays: Durations
  /** Rows that end after they came in: the exporter's clock is ahead. */
  ahead: number
  mostAheadMs: number
  late: number
  readonly directions: [number, number]
  firstNs: bigint
  lastNs: bigint
}

export interface Gap {
  readonly exporter: string
  readonly fromNs: bigint
  readonly toNs: bigint
}

export interface LayoutSurvey {
  readonly exporter: string
  readonly id: number
  readonly protocol: number
  readonly fields: string
  readonly unknown: readonly string[]
  rows: number
}

/** What the inputs consist of: gathered row by row, in memory that does not grow with them. */
export class Survey {
  readonly exporters = new Map<string, ExporterSurvey>()
  readonly layouts = new Map<string, LayoutSurvey>()
  /** Rows that hold each column. */
  readonly columns = new Map<string, number>()
  readonly gaps: Gap[] = []
  rows = 0
  otherRecords = 0
  /** Rows whose addresses, ports and protocol another exporter told of as well, of `sampled` ones. */
  repeated = 0
  compared = 0
  readonly #domains = new Map<string, SourceSequence>()
  readonly #tupleHash = new Uint32Array(TUPLES)
  readonly #tupleExporter = new Uint32Array(TUPLES)

  async read(inputs: readonly (FlowFile | FlowStream)[], onProgress?: (rows: number) => void): Promise<void> {
    for (const input of inputs) {
      if ('blocks' in input) {
        for (const index of input.blocks.keys()) {
          const block = input.block(index)
          if (block !== null) this.take(block, input.problems)
          onProgress?.(this.rows)
          await new Promise((resolve) => setImmediate(resolve))
        }
      } else {
        for (let block = await input.next(); block !== null; block = await input.next())
          this.take(block, input.problems)
      }
    }
    for (const sequence of this.#domains.values()) sequence.end()
  }

  take(block: FlowBlock, problems: Problem[]): void {
    const { kind, rows } = block.info
    const isFlow = kind === 'flow'
    if (isFlow) this.rows += rows
    else this.otherRecords += rows
    const read = (field: Field): FixedColumn | null => {
      const column = block.read(field, problems)?.column ?? null
      return column?.shape === 'fixed' ? column : null
    }
    const exporters = read(F.exporterAddress)
    const codes = block.readCodes(F.exporterAddress, problems)?.codes ?? null
    const columns: Columns = {
      protocol: read(F.exportProtocol),
      domain: read(F.observationDomainId),
      engine: read(F.engineId),
      agent: read(F.subAgentId),
      sequence: read(F.sequenceNumber),
      rate: isFlow ? read(F.samplingRate) : null,
      source: isFlow ? read(F.samplingSource) : null,
      start: isFlow ? read(F.flowStart) : null,
      end: isFlow ? read(F.flowEnd) : null,
      received: read(F.timeReceived),
      direction: isFlow ? read(F.flowDirection) : null,
      half: read(F.biflowHalf),
      layout: read(F.layout),
      template: read(F.templateId),
    }
    let lastCode = -1
    let own: ExporterSurvey | null = null
    const byCode = new Map<number, ExporterSurvey>()
    for (let row = 0; row < rows; row++) {
      const code = codes === null ? 0 : codes[row]!
      if (code !== lastCode || own === null) {
        lastCode = code
        own = byCode.get(code) ?? null
        if (own === null) {
          own = this.#exporter(exporters === null ? 'unknown' : formatAddress(exporters.words, row * 4))
          byCode.set(code, own)
        }
      }
      this.#noteSequence(own, columns, row)
      this.#noteReceived(own, columns, row)
      if (isFlow) this.#noteFlow(own, columns, row)
    }
    this.#takeLayouts(block, columns, byCode, codes)
    if (!isFlow) return
    this.#takeTuples(block, codes, problems)
    for (const { field, name } of block.columns) {
      const present = field === null ? null : (block.read(field, problems)?.column.present ?? null)
      const count = present === null ? rows : present.reduce((sum, one) => sum + (one === 0 ? 0 : 1), 0)
      if (count > 0) this.columns.set(name, (this.columns.get(name) ?? 0) + count)
    }
  }

  #exporter(address: string): ExporterSurvey {
    const name = this.exporters.size < MOST_EXPORTERS || this.exporters.has(address) ? address : 'others'
    let known = this.exporters.get(name)
    if (known === undefined) {
      known = {
        address: name,
        protocols: new Set(),
        domains: new Set(),
        rows: 0,
        ratesBySource: new Map(),
        unknownRate: 0,
        sequences: [],
        durations: new Durations(),
        timeout: new ActiveTimeout(),
        delays: new Durations(),
        ahead: 0,
        mostAheadMs: 0,
        late: 0,
        directions: [0, 0],
        firstNs: 0n,
        lastNs: 0n,
      }
      this.exporters.set(name, known)
    }
    return known
  }

  #lastDomain: { own: ExporterSurvey; id: number; sequence: SourceSequence | null } | null = null

  #noteSequence(own: ExporterSurvey, columns: Columns, row: number): void {
    const { sequence, protocol, domain, engine, agent, half } = columns
    if (sequence === null || sequence.present[row] === 0 || own.address === 'others') return
    // The second half of a biflow is no record of its own (RFC 5103).
    if (half !== null && half.values[row] === 1) return
    const version = protocol === null ? 0 : protocol.values[row]!
    const id =
      (valueAt(domain, row) * 256 + valueAt(engine, row)) * 65_536 + valueAt(agent, row) * 256 + version
    let known = this.#lastDomain
    if (known === null || known.own !== own || known.id !== id) {
      own.protocols.add(version)
      own.domains.add(valueAt(domain, row))
      const key = `${own.address} ${id}`
      let found = this.#domains.get(key) ?? null
      if (found === null && this.#domains.size < MOST_DOMAINS) {
        found = new SourceSequence(COUNTING_RECORDS.has(version) ? 'records' : 'datagrams')
        this.#domains.set(key, found)
        own.sequences.push(found)
      }
      known = { own, id, sequence: found }
      this.#lastDomain = known
    }
    known.sequence?.note(sequence.values[row]!)
  }

  #noteReceived(own: ExporterSurvey, { received }: Columns, row: number): void {
    if (received === null || received.present[row] === 0) return
    const at = received.wide[row]!
    if (own.firstNs === 0n || at < own.firstNs) own.firstNs = at
    if (own.lastNs !== 0n && Number(at - own.lastNs) / 1e6 > GAP_MS && this.gaps.length < MOST_GAPS)
      this.gaps.push({ exporter: own.address, fromNs: own.lastNs, toNs: at })
    if (at > own.lastNs) own.lastNs = at
  }

  #noteFlow(own: ExporterSurvey, columns: Columns, row: number): void {
    const { rate, source, start, end, received, direction } = columns
    own.rows++
    const factor = valueAt(rate, row)
    if (factor === 0) own.unknownRate++
    else {
      const key = factor * 256 + valueAt(source, row)
      if (own.ratesBySource.size < 64 || own.ratesBySource.has(key))
        own.ratesBySource.set(key, (own.ratesBySource.get(key) ?? 0) + 1)
    }
    if (direction !== null && direction.present[row] === 1 && direction.values[row]! < 2)
      own.directions[direction.values[row] as 0 | 1]++
    if (end === null || end.present[row] === 0) return
    if (start !== null && start.present[row] === 1) {
      const ms = between(start, end, row)
      if (ms >= 0) {
        own.durations.add(ms)
        own.timeout.add(ms)
      }
    }
    if (received === null || received.present[row] === 0) return
    const delay = between(end, received, row)
    if (delay < -1000) {
      own.ahead++
      own.mostAheadMs = Math.max(own.mostAheadMs, -delay)
    } else own.delays.add(Math.max(0, delay))
    if (delay > LATE_MS) own.late++
  }

  #takeLayouts(
    block: FlowBlock,
    { layout, template, protocol }: Columns,
    exporters: ReadonlyMap<number, ExporterSurvey>,
    codes: Uint32Array | null,
  ): void {
    if (layout === null) return
    let [last, lastCode] = [-1, -1]
    let known: LayoutSurvey | null = null
    for (let row = 0; row < block.info.rows; row++) {
      const number = layout.values[row]!
      const code = codes === null ? 0 : codes[row]!
      if (number !== last || code !== lastCode) {
        last = number
        lastCode = code
        const exporter = exporters.get(code)?.address ?? ''
        known =
          number === 0
            ? null
            : this.#layout(block, number, exporter, valueAt(template, row), valueAt(protocol, row))
      }
      if (known !== null) known.rows++
    }
  }

  #layout(
    block: FlowBlock,
    number: number,
    exporter: string,
    id: number,
    protocol: number,
  ): LayoutSurvey | null {
    const layout = block.layout(number)
    if (layout === null) return null
    const fields = layout.fields.map(
      ({ enterprise, element, field }) => field?.name ?? `${enterprise}/${element}`,
    )
    const key = `${exporter} ${id} ${fields.join()}`
    let known = this.layouts.get(key)
    if (known === undefined) {
      if (this.layouts.size >= MOST_LAYOUTS) return null
      const unknown = layout.fields
        .filter(
          ({ field, enterprise, element }) => field === null && !(enterprise === 0 && element === PADDING),
        )
        .map(({ enterprise, element }) => `${enterprise}/${element}`)
      known = { exporter, id, protocol, fields: fields.join(' '), unknown, rows: 0 }
      this.layouts.set(key, known)
    }
    return known
  }

  /** Compares what several exporters say: of each tuple met the last exporter is remembered. */
  #takeTuples(block: FlowBlock, exporters: Uint32Array | null, problems: Problem[]): void {
    const read = (field: Field): FixedColumn | null => {
      const column = block.read(field, problems)?.column ?? null
      return column?.shape === 'fixed' ? column : null
    }
    const [from, to, ownPort, port, protocol] = [
      read(F.sourceAddress),
      read(F.destinationAddress),
      read(F.sourceTransportPort),
      read(F.destinationTransportPort),
      read(F.protocolIdentifier),
    ]
    const names = read(F.exporterAddress)
    if (from === null || to === null || exporters === null || names === null) return
    for (let row = 0; row < block.info.rows; row++) {
      const ports = valueAt(ownPort, row) * 65_536 + valueAt(port, row)
      let hash = Math.imul(ports ^ (valueAt(protocol, row) << 8), 0x9e3779b1)
      for (let i = 0; i < 4; i++) {
        hash = Math.imul(hash ^ from.words[row * 4 + i]!, 0x85ebca6b) ^ (hash >>> 15)
        hash = Math.imul(hash ^ to.words[row * 4 + i]!, 0xc2b2ae35) ^ (hash >>> 13)
      }
      // One of sixteen tuples is enough to see it.
      if ((hash & 15) !== 0) continue
      const slot = (hash >>> 4) & (TUPLES - 1)
      const exporter =
        (Math.imul(names.words[row * 4 + 3]!, 31) ^
          Math.imul(names.words[row * 4 + 1]!, 17) ^
          names.words[row * 4]!) >>>
        0
      this.compared++
      if (this.#tupleHash[slot] === hash >>> 0 && this.#tupleExporter[slot] !== exporter) this.repeated++
      this.#tupleHash[slot] = hash
      this.#tupleExporter[slot] = exporter
    }
  }
}

interface Columns {
  readonly protocol: FixedColumn | null
  readonly domain: FixedColumn | null
  readonly engine: FixedColumn | null
  readonly agent: FixedColumn | null
  readonly sequence: FixedColumn | null
  readonly rate: FixedColumn | null
  readonly source: FixedColumn | null
  readonly start: FixedColumn | null
  readonly end: FixedColumn | null
  readonly received: FixedColumn | null
  readonly direction: FixedColumn | null
  readonly half: FixedColumn | null
  readonly layout: FixedColumn | null
  readonly template: FixedColumn | null
}

function valueAt(column: FixedColumn | null, row: number): number {
  return column === null || column.present[row] === 0 ? 0 : column.values[row]!
}

/** Milliseconds from one time to another, without bigints: words of nanoseconds. */
function between(from: FixedColumn, to: FixedColumn, row: number): number {
  const high = to.words[row * 2 + 1]! - from.words[row * 2 + 1]!
  const low = to.words[row * 2]! - from.words[row * 2]!
  return ((high * 4294967296 + low) / SECOND_NS) * 1000
}
