import type { Log } from '../diagnostics/log.ts'
import { type Datagram, newDatagram } from '../flow/datagram.ts'
import type { CaptureFormat } from './capture-format.ts'
import { type CaptureInput, openCaptureInput } from './capture-input.ts'
import { findFormat, readPackets } from './capture-packets.ts'
import { PacketDatagrams } from './packet-datagram.ts'

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

  constructor(input: CaptureInput, format: CaptureFormat, options: CaptureOptions) {
    this.#input = input
    this.#format = format
    this.#options = options
    this.#packets = new PacketDatagrams(options.ports)
  }

  async read(): Promise<void> {
    const { statistics } = this
    const format = this.#format
    const damage = await readPackets(this.#input, format, () => this.#take())
    if (damage !== null) statistics.damage = damage
    const { reassembly, fragments, cut } = this.#packets
    statistics.fragments = fragments
    statistics.incomplete = reassembly.abandoned + reassembly.pending
    statistics.cut = cut
    statistics.unreadable = format.unreadable
  }

  #take(): void | Promise<void> {
    const { statistics } = this
    const { octets, view } = this.#input
    const packets = this.#packets
    const datagram = this.#datagram
    statistics.packets++
    const { fragments } = packets
    if (!packets.read(octets, view, this.#format.packet, datagram)) {
      if (packets.fragments === fragments) statistics.skipped++
      return undefined
    }
    statistics.datagrams++
    return this.#options.onDatagram(datagram)
  }
}
