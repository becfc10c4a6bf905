import { formatAddress } from '../bytes/address.ts'
import type { FixedColumn, FlowBatch, OctetsColumn } from '../flow/batch.ts'
import { F, type Field } from '../flow/fields.ts'
import { protocolName } from '../flow/protocol-names.ts'
import type { FlowSink } from '../flow/stages.ts'
import type { WriteOctets } from './block-sink.ts'

const encoder = new TextEncoder()
/** flowEndReason (RFC 5102 §5.11.3) in words. */
const ENDS: readonly string[] = ['', 'ended', 'goes on', 'ended', 'ended', 'pushed out']
const ICMP = 1
const ICMPV6 = 58
const ARP = 0x0806
/** Widths of columns; what is longer moves the rest. */
const WIDTH = { protocol: 9, end: 21, count: 16, age: 6 } as const

/**
 * A sink that prints a line for each flow, for people to read: when, who with whom, what was sent each way since the
 * line before, how old it is. Both rows of a tracked flow make one line; flows of which nothing new came make none.
 */
export function newFlowLines(write: WriteOctets): FlowSink {
  return {
    write(batch) {
      const text = linesOf(batch)
      const octets = encoder.encode(text)
      if (octets.length > 0) write(octets, 0, octets.length)
    },
    flush() {},
    close() {},
  }
}

function linesOf(batch: FlowBatch): string {
  const rows = new RowTexts(batch)
  let text = ''
  for (let row = 0; row < batch.rowCount; row++) {
    const hasAnswer = rows.isForward(row) && row + 1 < batch.rowCount && rows.isReverse(row + 1)
    if (rows.isNew(row) || hasAnswer) text += `${rows.line(row, hasAnswer ? row + 1 : -1)}\n`
    if (hasAnswer) row++
  }
  return text
}

/** Reads what lines say out of a batch. Strings are made: nobody reads a million lines. */
class RowTexts {
  readonly #batch: FlowBatch

  constructor(batch: FlowBatch) {
    this.#batch = batch
  }

  /** Rows of a tracked flow's two directions stand together, the source's first. */
  isForward(row: number): boolean {
    const ids = this.#batch.find(F.trackedFlowId) as OctetsColumn | undefined
    return ids?.present[row] === 1
  }

  isReverse(row: number): boolean {
    return this.#number(F.biflowHalf, row) === 1 && !this.isForward(row)
  }

  isNew(row: number): boolean {
    return !this.isForward(row) || this.#wide(F.packetDeltaCount, row) > 0n
  }

  line(row: number, answer: number): string {
    const ended = this.#number(F.flowEndReason, row)
    const answered = answer < 0 ? '' : `< ${this.#count(answer)}`
    const cells = [
      this.#time(row),
      this.#protocol(row).padEnd(WIDTH.protocol),
      `${this.#end(F.sourceAddress, F.sourceTransportPort, F.sourceMacAddress, row).padEnd(WIDTH.end)} >`,
      this.#end(F.destinationAddress, F.destinationTransportPort, F.destinationMacAddress, row).padEnd(
        WIDTH.end,
      ),
      `> ${this.#count(row)}`.padEnd(WIDTH.count),
      answered.padEnd(WIDTH.count),
      this.#age(row).padStart(WIDTH.age),
      ended < 0 ? '' : (ENDS[ended] ?? ''),
    ]
    return cells.join(' ').trimEnd()
  }

  #column(field: Field, row: number): FixedColumn | null {
    const column = this.#batch.find(field)
    return column?.shape === 'fixed' && column.present[row] === 1 ? column : null
  }

  #number(field: Field, row: number): number {
    return this.#column(field, row)?.values[row] ?? -1
  }

  #wide(field: Field, row: number): bigint {
    return this.#column(field, row)?.wide[row] ?? 0n
  }

  #time(row: number): string {
    const ns = this.#wide(F.timeReceived, row)
    return new Date(Number(ns / 1_000_000n)).toISOString().slice(0, 23).replace('T', ' ')
  }

  #protocol(row: number): string {
    const protocol = this.#number(F.protocolIdentifier, row)
    if (protocol >= 0) {
      const typeCode = this.#number(F.icmpTypeCode, row)
      const isIcmp = (protocol === ICMP || protocol === ICMPV6) && typeCode >= 0
      if (!isIcmp) return protocolName(protocol)
      return `${protocol === ICMP ? 'icmp' : 'icmp6'} ${typeCode >> 8}/${typeCode & 255}`
    }
    const etherType = this.#number(F.ethernetType, row)
    if (etherType === ARP) return 'arp'
    return etherType < 0 ? '' : `0x${etherType.toString(16).padStart(4, '0')}`
  }

  /** An address and a port; where there is no address, a MAC. */
  #end(address: Field, port: Field, mac: Field, row: number): string {
    const words = this.#column(address, row)?.words
    if (words === undefined) {
      const octets = this.#column(mac, row)?.words
      if (octets === undefined) return ''
      const hex = (word: number, digits: number) => word.toString(16).padStart(digits, '0')
      return `${hex(octets[row * 2]!, 4)}${hex(octets[row * 2 + 1]!, 8)}`.replace(/(..)(?=.)/g, '$1:')
    }
    const text = formatAddress(words, row * 4)
    const number = this.#number(port, row)
    if (number < 0) return text
    return text.includes(':') ? `[${text}]:${number}` : `${text}:${number}`
  }

  #count(row: number): string {
    const packets = this.#wide(F.packetDeltaCount, row)
    return `${scaled(this.#wide(F.octetDeltaCount, row))}B ${packets}p`
  }

  #age(row: number): string {
    const start = this.#wide(F.trackedStart, row) || this.#wide(F.flowStart, row)
    const end = this.#wide(F.flowEnd, row)
    const ms = start === 0n || end < start ? 0 : Number((end - start) / 1_000_000n)
    if (ms < 60_000) return `${(ms / 1000).toFixed(1)}s`
    const seconds = Math.floor(ms / 1000)
    return seconds < 3600
      ? `${Math.floor(seconds / 60)}m${seconds % 60}s`
      : `${Math.floor(seconds / 3600)}h${Math.floor((seconds % 3600) / 60)}m`
  }
}

/** `532`, `1.2k`, `34M`: thousands. */
function scaled(octets: bigint): string {
  let value = Number(octets)
  for (const unit of ['', 'k', 'M', 'G', 'T']) {
    if (value < 1000)
      return unit === '' || value >= 10 ? `${Math.round(value)}${unit}` : `${value.toFixed(1)}${unit}`
    value /= 1000
  }
  return `${Math.round(value)}P`
}
