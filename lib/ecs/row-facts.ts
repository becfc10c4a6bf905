import { isIpv4, parseAddress } from '../bytes/address.ts'
import { putIpv4, putIpv6 } from '../bytes/put-address.ts'
import { CommunityId } from '../flow/community-id.ts'
import { F } from '../flow/fields.ts'
import type { GeoSource } from '../flow/geo.ts'
import type { Locality } from '../flow/locality.ts'
import type { ColumnSlots } from './column-slots.ts'
import { FACT } from './document-program.ts'
import { echoType } from './echo-type.ts'
import { asText, type GeoText, geoText } from './geo-texts.ts'
import type { AddressSource, MergedInteger } from './layout-values.ts'
import { FIRST_MERGED, type RowPlan } from './row-plan.ts'

/** Octets of a text's place: the longest address has 45. */
export const TEXT_PLACE = 48
const WORD = 4_294_967_296
const IPV6_ICMP = 58

/** Where addresses are and whose they are, and what of it is ours. */
export interface Surroundings {
  readonly locality: Locality
  readonly geo: GeoSource | null
  /** Copies Elastic where it is plainly wrong. */
  readonly isStrict: boolean
}

/** `::` and 0.0.0.0. */
const ZEROS = new Uint32Array(8)
parseAddress('0.0.0.0', ZEROS, 4)

/** What is known of one row before it is printed: addresses as words and text, times, localities. One object is reused. */
export class RowFacts {
  /** Four words per address. */
  words = new Uint32Array(4 * 17)
  texts = new Uint8Array(TEXT_PLACE * 16)
  textView = new DataView(this.texts.buffer)
  lengths = new Uint8Array(16)
  isInternal = new Uint8Array(16)
  /** Where the document has an address's text already; 0 for nowhere. */
  printedAt = new Int32Array(16)
  /** What is known of addresses, as text. */
  readonly geo: (GeoText | null)[] = []
  readonly as: (GeoText | null)[] = []
  /** Octets of these texts in all. */
  geoRoom = 0
  readonly values = new Float64Array(64)
  readonly isKnown = new Uint8Array(64)
  /** Nanoseconds of FACT.start and FACT.end, two words each. */
  readonly times = new Uint32Array(4)
  /** Addresses listed as related, in order. */
  readonly related = new Uint8Array(256)
  relatedCount = 0
  readonly communityId = new CommunityId()
  protocol = 0
  sourcePort = 0
  destinationPort = 0
  isFlowInternal = false
  /** Where the flow's ends are in `words`. */
  sourceAt = 0
  destinationAt = 0
  readonly #slots: ColumnSlots
  readonly #around: Surroundings
  readonly #exportTime: number

  constructor(slots: ColumnSlots, around: Surroundings) {
    this.#slots = slots
    this.#around = around
    this.#exportTime = slots.slotOf(F.exportTime)
    this.#setNone()
  }

  /** Computes what `plan` asks for of a row. */
  prepare(plan: RowPlan, row: number): void {
    const { addresses } = plan
    if (addresses.length > this.lengths.length) this.#grow(addresses.length)
    for (let i = 0; i < addresses.length; i++) {
      this.#address(addresses[i]!, i, row)
      this.printedAt[i] = 0
    }
    for (let i = 0; i < plan.merged.length; i++) {
      this.values[FIRST_MERGED + i] = this.#integer(plan.merged[i]!, row)
    }
    if (!plan.isFlow) return
    this.#ends(plan, row)
    if (plan.isLine) this.#absoluteTimes(plan, row)
    else if (plan.startUptime >= 0 || plan.endUptime >= 0 || plan.durationMs >= 0) this.#times(plan, row)
    const { located, placed } = plan
    for (let i = 0; i < located.length; i++) {
      const address = located[i]!
      this.isInternal[address] = this.#around.locality.isInternal(this.words, address * 4) ? 1 : 0
    }
    this.geoRoom = 0
    for (let i = 0; i < placed.length; i++) this.#place(placed[i]!)
    this.#list(plan)
  }

  #place(address: number): void {
    const geo = this.#around.geo!.city(this.words, address * 4)
    const as = this.#around.geo!.asn(this.words, address * 4)
    const geoOf = geo === null ? null : geoText(geo)
    const asOf = as === null ? null : asText(as)
    this.geo[address] = geoOf
    this.as[address] = asOf
    this.geoRoom += (geoOf?.length ?? 0) + (asOf?.length ?? 0)
  }

  #grow(addresses: number): void {
    const places = addresses * 2
    this.words = new Uint32Array((places + 1) * 4)
    this.texts = new Uint8Array(places * TEXT_PLACE)
    this.textView = new DataView(this.texts.buffer)
    this.lengths = new Uint8Array(places)
    this.isInternal = new Uint8Array(places)
    this.printedAt = new Int32Array(places)
    this.#setNone()
  }

  /** The last four words stand for an address that a record does not have. */
  #setNone(): void {
    this.words.set(ZEROS.subarray(4), this.words.length - 4)
  }

  #address(source: AddressSource, number: number, row: number): void {
    const at = number * 4
    const out = this.words
    if (source.octetsSlot >= 0) this.#addressOfOctets(source, at, row)
    else {
      const { words, present } = this.#slots
      let from = words[source.slot]!
      let word = row * 4
      if (source.own >= 0) {
        // Two elements share the column: it holds the value that counts, own columns the other unless that is zero.
        if (present[source.own]![row] === 1) from = words[source.own]!
        else if (present[source.other]![row] === 0 && isIpv4(from, word) === source.isV6) {
          from = ZEROS
          word = source.isV6 ? 0 : 4
        }
      }
      const a = from[word]!
      const b = from[word + 1]!
      const c = from[word + 2]!
      const d = from[word + 3]!
      if (
        out[at + 3] === d &&
        out[at + 2] === c &&
        out[at + 1] === b &&
        out[at] === a &&
        this.lengths[number] !== 0
      )
        return
      out[at] = a
      out[at + 1] = b
      out[at + 2] = c
      out[at + 3] = d
    }
    const place = number * TEXT_PLACE
    const end = isIpv4(out, at)
      ? putIpv4(this.textView, place, out[at + 3]! | 0)
      : putIpv6(this.textView, place, out[at]! | 0, out[at + 1]! | 0, out[at + 2]! | 0, out[at + 3]! | 0)
    this.lengths[number] = end - place
  }

  /** An address in a column of octets: of another length than its family's it counts as zero. */
  #addressOfOctets(source: AddressSource, at: number, row: number): void {
    const column = this.#slots.octets[source.octetsSlot]
    const length = source.isV6 ? 16 : 4
    this.words.set(source.isV6 ? ZEROS.subarray(0, 4) : ZEROS.subarray(4), at)
    if (column == null || column.lengths[row] !== length) return
    const from = column.starts[row]!
    for (let i = 0; i < length; i++) {
      const word = at + 4 - length / 4 + (i >> 2)
      this.words[word] = (this.words[word]! << 8) | column.data[from + i]!
    }
  }

  #integer(merged: MergedInteger, row: number): number {
    const { u8, u16, words, present } = this.#slots
    const slot = present[merged.own]![row] === 1 ? merged.own : merged.slot
    const value = u8[slot]![row]! | u16[slot]![row]!
    if (slot === merged.own) return value
    if (present[merged.other]![row] === 1) return value
    const isV6 =
      merged.addressSlot >= 0
        ? !isIpv4(words[merged.addressSlot]!, row * 4)
        : u8[merged.protocolSlot]![row] === IPV6_ICMP
    return isV6 === merged.isV6 ? value : 0
  }

  /** Addresses, ports and protocol that name the flow; what is missing counts as zero. */
  #ends(plan: RowPlan, row: number): void {
    const { u8, u16 } = this.#slots
    const none = this.words.length - 4
    this.sourceAt = plan.source < 0 ? none : plan.source * 4
    this.destinationAt = plan.destination < 0 ? none : plan.destination * 4
    this.sourcePort = plan.sourcePort < 0 ? 0 : u16[plan.sourcePort]![row]!
    this.destinationPort = plan.destinationPort < 0 ? 0 : u16[plan.destinationPort]![row]!
    this.protocol = plan.protocol < 0 ? 0 : u8[plan.protocol]![row]!
    const { locality, isStrict } = this.#around
    this.isFlowInternal =
      (plan.source < 0 || locality.isInternal(this.words, this.sourceAt)) &&
      (plan.destination < 0 || locality.isInternal(this.words, this.destinationAt))
    let first = this.sourcePort
    let second = this.destinationPort
    if (this.protocol === 1) {
      // Elastic looks at no ICMP type: an echo reply, whose pair is the request, so both directions agree.
      first = 0
      second = 0
    } else if (this.protocol === IPV6_ICMP) {
      const told = plan.icmpTypeCode >= 0 && !isStrict ? u16[plan.icmpTypeCode]![row]! : 0
      const { words, sourceAt, destinationAt } = this
      first = told > 0 || isStrict ? told >>> 8 : echoType(words, sourceAt, destinationAt, IPV6_ICMP)
      second = told & 255
    }
    const { words } = this
    this.communityId.hash(words, this.sourceAt, words, this.destinationAt, this.protocol, first, second)
  }

  /** ECS' times from the exporter's uptime, which must be known and not be less than theirs. */
  #times(plan: RowPlan, row: number): void {
    const { words, present } = this.#slots
    const { isKnown, values } = this
    isKnown[FACT.start] = 0
    isKnown[FACT.end] = 0
    isKnown[FACT.duration] = 0
    const up = plan.systemUptime < 0 ? 0 : words[plan.systemUptime]![row]!
    let start = 0
    let end = 0
    if (up > 0) {
      if (plan.startUptime >= 0) {
        start = plan.isStartTime ? this.uptime(plan.startUptime, row, up) : words[plan.startUptime]![row]!
        if (start <= up) isKnown[FACT.start] = 1
      }
      if (plan.endUptime >= 0) {
        end = plan.isEndTime ? this.uptime(plan.endUptime, row, up) : words[plan.endUptime]![row]!
        if (end <= up) isKnown[FACT.end] = 1
      }
    }
    if (isKnown[FACT.start] === 1 && isKnown[FACT.end] === 1) {
      values[FACT.duration] = (end - start) * 1e6
      isKnown[FACT.duration] = 1
    } else if (plan.durationMs >= 0 && present[plan.durationMs]![row] === 1) {
      const ms = words[plan.durationMs]![row]!
      values[FACT.duration] = ms * 1e6
      isKnown[FACT.duration] = 1
      if (isKnown[FACT.start] === 1) {
        end = start + ms
        isKnown[FACT.end] = 1
      } else if (isKnown[FACT.end] === 1) {
        start = end - ms
        isKnown[FACT.start] = 1
      }
    }
    if (isKnown[FACT.start] === 1) this.#setTime(0, row, start - up)
    if (isKnown[FACT.end] === 1) this.#setTime(2, row, end - up)
  }

  /** ECS' times from those of a line. */
  #absoluteTimes(plan: RowPlan, row: number): void {
    const { isKnown, values, times } = this
    isKnown[FACT.start] = this.#copyTime(plan.flowStart, 0, row)
    isKnown[FACT.end] = this.#copyTime(plan.flowEnd, 2, row)
    values[FACT.duration] = (times[3]! - times[1]!) * WORD + (times[2]! - times[0]!)
    isKnown[FACT.duration] = isKnown[FACT.start]! & isKnown[FACT.end]!
  }

  #copyTime(slot: number, at: number, row: number): 0 | 1 {
    if (slot < 0) return 0
    const words = this.#slots.words[slot]!
    this.times[at] = words[row * 2]!
    this.times[at + 1] = words[row * 2 + 1]!
    return 1
  }

  /** The uptime in milliseconds behind a time that was made of it. */
  uptime(slot: number, row: number, up: number): number {
    const exported = this.#slots.words[this.#exportTime]!
    const time = this.#slots.words[slot]!
    const at = row * 2
    const ns = (exported[at + 1]! - time[at + 1]!) * WORD + (exported[at]! - time[at]!)
    return (up - ns / 1e6) >>> 0
  }

  /** Export time plus milliseconds, as nanoseconds. */
  #setTime(at: number, row: number, ms: number): void {
    const exported = this.#slots.words[this.#exportTime]!
    const sum = exported[row * 2]! + ms * 1e6
    const over = Math.floor(sum / WORD)
    this.times[at] = sum - over * WORD
    this.times[at + 1] = exported[row * 2 + 1]! + over
  }

  /** Related addresses without repetitions, in order. */
  #list(plan: RowPlan): void {
    const { related } = plan
    const list = this.related
    let count = 0
    for (let i = 0; i < related.length && count < 255; i++) {
      const address = related[i]!
      let place = count
      let isRepeated = false
      while (place > 0) {
        const order = plan.isSortedAsText
          ? this.#compareTexts(address, list[place - 1]!)
          : this.#compareOctets(address, list[place - 1]!)
        if (order === 0) isRepeated = true
        if (order >= 0) break
        place--
      }
      if (isRepeated) continue
      for (let j = count; j > place; j--) list[j] = list[j - 1]!
      list[place] = address
      count++
    }
    this.relatedCount = count
  }

  #compareTexts(a: number, b: number): number {
    const { texts, lengths } = this
    const shorter = Math.min(lengths[a]!, lengths[b]!)
    const atA = a * TEXT_PLACE
    const atB = b * TEXT_PLACE
    for (let i = 0; i < shorter; i++) {
      const difference = texts[atA + i]! - texts[atB + i]!
      if (difference !== 0) return difference
    }
    return lengths[a]! - lengths[b]!
  }

  /** Order of addresses as strings of 4 or 16 octets. */
  #compareOctets(a: number, b: number): number {
    const { words } = this
    const aFirst = isIpv4(words, a * 4) ? 3 : 0
    const bFirst = isIpv4(words, b * 4) ? 3 : 0
    for (let i = 0; i < Math.min(4 - aFirst, 4 - bFirst); i++) {
      const difference = words[a * 4 + aFirst + i]! - words[b * 4 + bFirst + i]!
      if (difference !== 0) return difference
    }
    return bFirst - aFirst
  }
}
