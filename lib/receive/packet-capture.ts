import type { Log } from '../diagnostics/log.ts'
import type { PacketFilter } from './bpf.ts'
import { openCaptureInput } from './capture-input.ts'
import { findFormat, readPackets } from './capture-packets.ts'
import type { OnPacket } from './packet-socket.ts'

export interface PacketCaptureOptions {
  readonly onPacket: OnPacket
  /** Called after each packet; while its promise is pending nothing is read. */
  readonly afterPacket?: () => void | Promise<void>
  /** The filter for a link type; null for all packets. */
  readonly filterOf: (link: number) => PacketFilter | null
  readonly log: Log
}

/** What was found in a capture of packets. */
export interface PacketCaptureStatistics {
  packets: number
  /** Packets that the filter left out. */
  filtered: number
  /** Packets in malformed blocks. */
  unreadable: number
  /** Why the rest of the file could not be read, with the place; null if all was. */
  damage: string | null
}

/**
 * Reads all packets of a capture file, `-` for standard input: pcap or pcapng, gzip or zstd around it. What comes before
 * damage is given, and the damage told; throws FILE_UNREADABLE, or CAPTURE_CORRUPT where it is no capture.
 */
export async function readPacketCapture(
  path: string,
  { onPacket, afterPacket, filterOf, log }: PacketCaptureOptions,
): Promise<PacketCaptureStatistics> {
  const input = await openCaptureInput(path)
  try {
    const format = await findFormat(path, input)
    const { packet } = format
    const filters = new Map<number, PacketFilter | null>()
    const statistics: PacketCaptureStatistics = { packets: 0, filtered: 0, unreadable: 0, damage: null }
    statistics.damage = await readPackets(input, format, () => {
      statistics.packets++
      const { link, from, to, originalOctets } = packet
      let filter = filters.get(link)
      if (filter === undefined) {
        filter = filterOf(link)
        filters.set(link, filter)
      }
      if (filter?.matches(input.view, from, to, originalOctets) === false) {
        statistics.filtered++
        return undefined
      }
      onPacket(input.octets, input.view, link, from, to, originalOctets, packet.timeNs, packet.timeWords)
      return afterPacket?.()
    })
    statistics.unreadable = format.unreadable
    if (statistics.damage !== null) {
      log.warn('capture is damaged', { file: path, damage: statistics.damage })
    }
    return statistics
  } finally {
    await input.close()
  }
}
