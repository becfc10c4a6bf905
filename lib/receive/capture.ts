import { FlowError } from '../diagnostics/flow-error.ts'
import type { Log } from '../diagnostics/log.ts'
import { type Datagram, newDatagram } from '../flow/datagram.ts'
import { type CaptureFormat, STEP, type Step } from './capture-format.ts'
import { type CaptureInput, openCaptureInput } from './capture-input.ts'
import { PacketDatagrams } from './packet-datagram.ts'
import { newPcapFormat } from './pcap.ts'
import { PcapngFormat } from './pcapng.ts'

export interface CaptureOptions {
  /**
   * Takes each UDP datagram in the order of the capture, received at its capture time from its IP source. Its
   * octets are good until it returns, or until its promise is done.
   */
  onDatagram(datagram: Datagram): void | Promise<void>
  /** UDP destination ports wanted; all unless told. */
  readonly ports?: ReadonlySet<number>
  readonly log: Log
}

/** What was found in a capture. */
export interface CaptureStatistics {
  /** Packets read. */
  packets: number
  /** Datagrams handed on. */
  datagrams: number
  /** Packets of other protocols, ports or link types. */
  skipped: number
  /** Fragments of UDP datagrams, and datagrams that stayed incomplete or whose fragments overlapped. */
  fragments: number
  incomplete: number
  /** Datagrams that the capture cut (snap length); given as far as they go. */
  cut: number
  /** Packets in malformed blocks. */
  unreadable: number
  /** Why the rest of the file could not be read, with the place; absent if all was. */
  damage?: string
}

/**
 * Reads a capture file, `-` for standard input: pcap or pcapng, gzip or zstd around it. What comes before damage is
 * given, and the damage told in the result; throws FILE_UNREADABLE, or CAPTURE_CORRUPT where it is no capture.
 */
export async function readCapture(path: string, options: CaptureOptions): Promise<CaptureStatistics> {
  return readOpenCapture(path, await openCaptureInput(path), options)
}

/** As `readCapture`, from an input that is open and still at its beginning; closes it. */
export async function readOpenCapture(
  path: string,
  input: CaptureInput,
  options: CaptureOptions,
): Promise<CaptureStatistics> {
  try {
    const reader = new CaptureReader(input, await findFormat(path, input), options)
    await reader.read()
    const { statistics } = reader
    if (statistics.damage !== undefined) {
      options.log.warn('capture is damaged', { file: path, damage: statistics.damage })
    }
    return statistics
  } finally {
    await input.close()
  }
}

async function findFormat(path: string, input: CaptureInput): Promise<CaptureFormat> {
  const name = path === '-' ? 'standard input' : path
  if (!(await input.more(4))) {
    const why = input.damage ?? (input.to === input.from ? 'it is empty' : 'it is too short')
    throw new FlowError('CAPTURE_CORRUPT', `cannot read ${name} as a capture: ${why}`)
  }
  // The block type of a section header, the same in both byte orders.
  if (input.view.getUint32(input.from) === 0x0a0d_0d0a) return new PcapngFormat()
  const format = await newPcapFormat(input)
  if (format !== null) return format
  const magic = input.view.getUint32(input.from).toString(16).padStart(8, '0')
  throw new FlowError(
    'CAPTURE_CORRUPT',
    `cannot read ${name} as a capture: it begins with ${magic}; pcap and pcapng, also in gzip or zstd, are known`,
  )
}

class CaptureReader {
  readonly statistics: CaptureStatistics = {
    packets: 0,
    datagrams: 0,
    skipped: 0,
    fragments: 0,
    incomplete: 0,
    cut: 0,
    unreadable: 0,
  }
  readonly #input: CaptureInput
  readonly #format: CaptureFormat
  readonly #options: CaptureOptions
  readonly #packets: PacketDatagrams
  readonly #datagram = newDatagram()
  #pending: Promise<void> | undefined

  constructor(input: CaptureInput, format: CaptureFormat, options: CaptureOptions) {
    this.#input = input
    this.#format = format
    this.#options = options
    this.#packets = new PacketDatagrams(options.ports)
  }

  async read(): Promise<void> {
    const { statistics } = this
    const input = this.#input
    const format = this.#format
    for (;;) {
      const step = this.#readWindow()
      if (this.#pending !== undefined) {
        await this.#pending
        this.#pending = undefined
        continue
      }
      if (step === STEP.more && (await input.more(format.needed))) continue
      if (step === STEP.skip && (await input.skip(format.needed))) continue
      if (step === STEP.damaged) statistics.damage = format.damage
      else if (input.damage !== undefined) statistics.damage = `${input.damage} at octet ${input.position}`
      else if (step === STEP.skip || input.to > input.from) {
        statistics.damage = `it ends within a block or packet at octet ${input.position}`
      }
      break
    }
    const { reassembly, fragments, cut } = this.#packets
    statistics.fragments = fragments
    statistics.incomplete = reassembly.abandoned + reassembly.pending
    statistics.cut = cut
    statistics.unreadable = format.unreadable
  }

  /** Reads packets until the window is used up, or someone must be waited for. */
  #readWindow(): Step {
    const { statistics } = this
    const input = this.#input
    const format = this.#format
    const packets = this.#packets
    const datagram = this.#datagram
    for (;;) {
      const step = format.next(input)
      if (step === STEP.other) continue
      if (step !== STEP.packet) return step
      statistics.packets++
      const { fragments } = packets
      if (!packets.read(input.octets, input.view, format.packet, datagram)) {
        if (packets.fragments === fragments) statistics.skipped++
        continue
      }
      statistics.datagrams++
      const promise = this.#options.onDatagram(datagram)
      if (promise !== undefined) {
        this.#pending = promise
        return step
      }
    }
  }
}
