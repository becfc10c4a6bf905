import {
  type CaptureFormat,
  type CapturePacket,
  MOST_PACKET_OCTETS,
  newCapturePacket,
  STEP,
  type Step,
} from './capture-format.ts'
import type { CaptureInput } from './capture-input.ts'
import { writeScaled } from './nanoseconds.ts'

// Block types (draft-ietf-opsawg-pcapng §4).
const SECTION = 0x0a0d_0d0a
const INTERFACE = 1
const OLD_PACKET = 2
const SIMPLE_PACKET = 3
const ENHANCED_PACKET = 6

const ORDER_MAGIC = 0x1a2b_3c4d
const IF_TSRESOL = 9
const IF_TSOFFSET = 14

/** Interfaces that a section may describe; further ones are forgotten, so that a file cannot fill the memory. */
const MOST_INTERFACES = 4096
/** Blocks to be read whole: a packet and its options. */
const MOST_BLOCK_OCTETS = MOST_PACKET_OCTETS + (1 << 20)

/** What a section says of one interface. */
interface CaptureInterface {
  readonly link: number
  readonly snapOctets: number
  /** Nanoseconds of one tick where that is a whole number, else 0; then `resolution` tells. */
  readonly tickNs: number
  /** if_tsresol's octet (§4.2): a power of ten, or of two if the upper bit is set. */
  readonly resolution: number
  /** Added to all times. */
  readonly offsetS: bigint
}

/** Reads pcapng files of any number of sections (draft-ietf-opsawg-pcapng). */
export class PcapngFormat implements CaptureFormat {
  readonly packet: CapturePacket = newCapturePacket()
  needed = 0
  damage = ''
  unreadable = 0
  #isLittle = true
  readonly #interfaces: CaptureInterface[] = []

  next(input: CaptureInput): Step {
    const { view, from } = input
    const available = input.to - from
    if (available < 12) return this.#more(12)
    // The type of a section header reads the same in both byte orders.
    const type = view.getUint32(from, this.#isLittle)
    if (type === SECTION && !this.#readOrder(view, from)) {
      this.damage = `a section of unknown byte order at octet ${input.position}`
      return STEP.damaged
    }
    const length = view.getUint32(from + 4, this.#isLittle)
    if (length < 12 || length % 4 !== 0) {
      this.damage = `a block of ${length} octets at octet ${input.position}`
      return STEP.damaged
    }
    if (type !== SECTION && type !== INTERFACE && !isPacket(type)) {
      this.needed = length
      return STEP.skip
    }
    if (length > MOST_BLOCK_OCTETS) {
      this.damage = `a block of ${length} octets at octet ${input.position}`
      return STEP.damaged
    }
    if (available < length) return this.#more(length)
    if (view.getUint32(from + length - 4, this.#isLittle) !== length) {
      this.damage = `a block whose lengths differ at octet ${input.position}`
      return STEP.damaged
    }
    input.from += length
    if (type === SECTION) {
      this.#interfaces.length = 0
      return STEP.other
    }
    if (type === INTERFACE) {
      this.#readInterface(view, from + 8, from + length - 4)
      return STEP.other
    }
    if (this.#readPacket(type, view, from + 8, from + length - 4)) return STEP.packet
    this.unreadable++
    return STEP.other
  }

  #more(octets: number): Step {
    this.needed = octets
    return STEP.more
  }

  #readOrder(view: DataView, from: number): boolean {
    for (const isLittle of [true, false]) {
      if (view.getUint32(from + 8, isLittle) !== ORDER_MAGIC) continue
      this.#isLittle = isLittle
      return true
    }
    return false
  }

  #readInterface(view: DataView, from: number, end: number): void {
    if (this.#interfaces.length >= MOST_INTERFACES || from + 8 > end) return
    const isLittle = this.#isLittle
    let resolution = 6
    let offsetS = 0n
    for (let at = from + 8; at + 4 <= end; ) {
      const code = view.getUint16(at, isLittle)
      const length = view.getUint16(at + 2, isLittle)
      at += 4
      if (code === 0 || at + length > end) break
      if (code === IF_TSRESOL && length === 1) resolution = view.getUint8(at)
      if (code === IF_TSOFFSET && length === 8) offsetS = view.getBigInt64(at, isLittle)
      at += (length + 3) & ~3
    }
    this.#interfaces.push({
      link: view.getUint16(from, isLittle),
      snapOctets: view.getUint32(from + 4, isLittle),
      tickNs: resolution <= 9 && offsetS === 0n ? 10 ** (9 - resolution) : 0,
      resolution,
      offsetS,
    })
  }

  /** Reads a packet's block body `[from, end)`; false where it is malformed. */
  #readPacket(type: number, view: DataView, from: number, end: number): boolean {
    const { packet } = this
    const isLittle = this.#isLittle
    if (type === SIMPLE_PACKET) {
      const first = this.#interfaces[0]
      if (first === undefined || from + 4 > end) return false
      const original = view.getUint32(from, isLittle)
      // §4.4: the length captured is not told; it is the least of the original's, the snap length and the block.
      const most = first.snapOctets === 0 ? original : Math.min(original, first.snapOctets)
      packet.link = first.link
      packet.from = from + 4
      packet.to = packet.from + Math.min(most, end - packet.from)
      packet.originalOctets = original
      // It has no time; that of the packet before it is the nearest to be had.
      return true
    }
    if (from + 20 > end) return false
    const number = type === OLD_PACKET ? view.getUint16(from, isLittle) : view.getUint32(from, isLittle)
    const source = this.#interfaces[number]
    const captured = view.getUint32(from + 12, isLittle)
    if (source === undefined || captured > end - from - 20) return false
    packet.link = source.link
    packet.from = from + 20
    packet.to = packet.from + captured
    packet.originalOctets = view.getUint32(from + 16, isLittle)
    const high = view.getUint32(from + 4, isLittle)
    const low = view.getUint32(from + 8, isLittle)
    if (source.tickNs > 0) writeScaled(packet.timeWords, 0, high, low, source.tickNs, 0)
    else packet.timeNs[0] = unusualTime(source, high, low)
    return true
  }
}

function isPacket(type: number): boolean {
  return type === ENHANCED_PACKET || type === SIMPLE_PACKET || type === OLD_PACKET
}

/** Time of an interface whose ticks are no whole nanoseconds, or that has an offset: rare, so BigInt is fair. */
function unusualTime(source: CaptureInterface, high: number, low: number): bigint {
  const ticks = (BigInt(high) << 32n) | BigInt(low)
  const exponent = BigInt(source.resolution & 0x7f)
  const perSecond = source.resolution > 0x7f ? 2n ** exponent : 10n ** exponent
  return BigInt.asUintN(64, (ticks * 1_000_000_000n) / perSecond + source.offsetS * 1_000_000_000n)
}
