import {
  type CaptureFormat,
  type CapturePacket,
  MOST_PACKET_OCTETS,
  newCapturePacket,
  STEP,
  type Step,
} from './capture-format.ts'
import type { CaptureInput } from './capture-input.ts'
import { writeTime } from './nanoseconds.ts'

const MICROSECONDS = 0xa1b2_c3d4
const NANOSECONDS = 0xa1b2_3c4d
/** Of libpcap patched by Kuznetzov: eight more octets in each record. */
const PATCHED = 0xa1b2_cd34

const HEADER_OCTETS = 24

/** Reads classic capture files (draft-ietf-opsawg-pcap); made by `newPcapFormat`. */
class PcapFormat implements CaptureFormat {
  readonly packet: CapturePacket = newCapturePacket()
  needed = 0
  damage = ''
  readonly unreadable = 0
  readonly #isLittle: boolean
  readonly #fractionNs: number
  readonly #recordOctets: number

  constructor(isLittle: boolean, fractionNs: number, recordOctets: number, link: number) {
    this.#isLittle = isLittle
    this.#fractionNs = fractionNs
    this.#recordOctets = recordOctets
    this.packet.link = link
  }

  next(input: CaptureInput): Step {
    const { view, from } = input
    const available = input.to - from
    const head = this.#recordOctets
    if (available < head) {
      this.needed = head
      return STEP.more
    }
    const isLittle = this.#isLittle
    const captured = view.getUint32(from + 8, isLittle)
    if (captured > MOST_PACKET_OCTETS) {
      this.damage = `a packet of ${captured} octets at octet ${input.position}`
      return STEP.damaged
    }
    if (available < head + captured) {
      this.needed = head + captured
      return STEP.more
    }
    const { packet } = this
    const fraction = view.getUint32(from + 4, isLittle) * this.#fractionNs
    writeTime(packet.timeWords, 0, view.getUint32(from, isLittle), fraction)
    packet.from = from + head
    packet.to = packet.from + captured
    packet.originalOctets = view.getUint32(from + 12, isLittle)
    input.from = packet.to
    return STEP.packet
  }
}

/** The format of a classic capture file, whose header it takes from the window, or null if it is none. */
export async function newPcapFormat(input: CaptureInput): Promise<CaptureFormat | null> {
  if (!(await input.more(HEADER_OCTETS))) return null
  const { view, from } = input
  for (const isLittle of [true, false]) {
    const magic = view.getUint32(from, isLittle)
    if (magic !== MICROSECONDS && magic !== NANOSECONDS && magic !== PATCHED) continue
    // The upper half of the link type tells of checksums behind each frame.
    const link = view.getUint32(from + 20, isLittle) & 0xffff
    input.from += HEADER_OCTETS
    return new PcapFormat(isLittle, magic === NANOSECONDS ? 1 : 1000, magic === PATCHED ? 24 : 16, link)
  }
  return null
}
