import { isIpv4 } from '../bytes/address.ts'
import { putU32, putU64 } from '../bytes/put-number.ts'
import { type DocumentPage, hasRoom } from '../flow/documents.ts'
import { F } from '../flow/fields.ts'
import { closeObject } from './close-object.ts'
import type { ColumnSlots } from './column-slots.ts'
import { type DocumentProgram, PRINT, SKIP, STEP, STEP_PLACE, STEP_TARGET } from './document-program.ts'
import { putFlowId } from './flow-id.ts'
import { putGeoText } from './geo-texts.ts'
import { OctetValues } from './octet-values.ts'
import {
  EXTERNAL,
  INBOUND,
  INTERNAL,
  OUTBOUND,
  putAscii,
  putFlowDirection,
  putTransport,
  putWord,
} from './put-names.ts'
import { putTime } from './put-time.ts'
import { putMac, putTcpFlags } from './put-words.ts'
import { type RowFacts, TEXT_PLACE } from './row-facts.ts'
import type { CompiledDocument } from './row-plan.ts'
import { MOST_LISTED, ValueMarks } from './value-marks.ts'

const WORD = 4_294_967_296
/** Prints rows as documents by their programs. */
export class DocumentPrinter {
  readonly #slots: ColumnSlots
  readonly #facts: RowFacts
  readonly #octets: OctetValues
  readonly #systemUptime: number
  /** Slots of a line's times, best first. */
  readonly #clocks: readonly number[]
  readonly #marks = new ValueMarks()
  /** Where values stand that are printed again. */
  #placeStarts = new Int32Array(16)
  #placeEnds = new Int32Array(16)

  constructor(slots: ColumnSlots, facts: RowFacts) {
    this.#slots = slots
    this.#facts = facts
    this.#octets = new OctetValues(slots)
    this.#systemUptime = slots.slotOf(F.systemUptime)
    this.#clocks = [F.timeReceived, F.flowEnd, F.flowStart].map((field) => slots.slotOf(field))
  }

  /** Adds the document of a row whose columns are bound; false where the page is full. */
  print({ program, rows }: CompiledDocument, row: number, page: DocumentPage): boolean {
    this.#facts.prepare(rows, row)
    if (!hasRoom(page, program.room + this.#facts.geoRoom + this.#variableRoom(program, row))) return false
    this.#run(program, row, page)
    return true
  }

  #variableRoom({ variable }: DocumentProgram, row: number): number {
    let room = 0
    for (let i = 0; i < variable.length; i++) {
      const { slot, factor } = variable[i]!
      const column = this.#slots.octets[slot] ?? this.#slots.lists[slot] ?? this.#slots.octetsLists[slot]
      if (column != null) room += column.lengths[row]! * factor
    }
    return room
  }

  #run(program: DocumentProgram, row: number, page: DocumentPage): void {
    const { steps, literals } = program
    const { octets: out, view } = page
    const { u8, u16, words } = this.#slots
    const facts = this.#facts
    const start = page.used + page.gap
    let position = start
    if (program.places >= this.#placeStarts.length) this.#growPlaces(program.places)
    const placeStarts = this.#placeStarts
    const placeEnds = this.#placeEnds
    const marks = this.#marks
    marks.begin(page, program, facts.relatedCount <= MOST_LISTED)
    let conditions = 0
    for (let at = 0; at < steps.length; ) {
      const what = steps[at]!
      const a = steps[at + 3]!
      if (what >= SKIP.first) {
        // A literal before a condition belongs to what stands before it.
        position = putLiteral(view, position, literals, steps[at + 1]!, steps[at + 2]!)
        const isSkipped = this.#isSkipped(what, a, row)
        conditions = (conditions << 1) | (isSkipped ? 1 : 0)
        at = isSkipped ? steps[at + STEP_TARGET]! : at + STEP
        continue
      }
      const length = steps[at + 2]!
      const end = position + length
      for (let word = steps[at + 1]!; position < end; position += 16, word += 2) {
        view.setBigUint64(position, literals[word]!, true)
        view.setBigUint64(position + 8, literals[word + 1]!, true)
      }
      position = end
      let twin = 0
      switch (what) {
        case PRINT.nothing:
          break
        case PRINT.u8:
          position = putU32(view, position, u8[a]![row]!)
          break
        case PRINT.u16:
          position = putU32(view, position, u16[a]![row]!)
          break
        case PRINT.u32:
          position = putU32(view, position, words[a]![row]! | 0)
          break
        case PRINT.u64:
          position = putU64(view, position, words[a]![row * 2]! | 0, words[a]![row * 2 + 1]! | 0)
          break
        case PRINT.time: {
          const low = words[a]![row * 2]! | 0
          const high = words[a]![row * 2 + 1]! | 0
          position =
            (low | high) === 0 && steps[at + 4] === 1
              ? putAscii(out, position, '1900-01-01T00:00:00.000Z')
              : putTime(view, position, low, high)
          break
        }
        case PRINT.address:
          position = this.#putAddress(view, position, a)
          twin = facts.printedAt[a]!
          facts.printedAt[a] = end
          break
        case PRINT.again:
          twin = placeStarts[a]!
          position = copyText(view, position, twin, placeEnds[a]!)
          break
        case PRINT.uptime:
          position = putU32(view, position, facts.uptime(a, row, words[this.#systemUptime]![row]!) | 0)
          break
        case PRINT.clock: {
          const slot = this.#clockOf(row)
          position = putTime(view, position, words[slot]![row * 2]! | 0, words[slot]![row * 2 + 1]! | 0)
          break
        }
        case PRINT.factTime: {
          const time = a === 3 ? 0 : 2
          position = putTime(view, position, facts.times[time]! | 0, facts.times[time + 1]! | 0)
          break
        }
        case PRINT.fact:
          position = putInteger(view, position, facts.values[a]!)
          break
        case PRINT.sum: {
          const b = words[steps[at + 4]!]!
          const low = words[a]![row * 2]! + b[row * 2]!
          const carry = low >= WORD ? 1 : 0
          position = putU64(view, position, low | 0, (words[a]![row * 2 + 1]! + b[row * 2 + 1]! + carry) | 0)
          break
        }
        case PRINT.related:
          position = this.#putRelated(out, view, position)
          if (marks.isOn) this.#markRelated(end)
          at += STEP
          continue
        case PRINT.addressList:
          out[position] = 0x5b
          out[position + 1] = 0x22
          position = this.#putAddress(view, position + 2, a)
          out[position] = 0x22
          out[position + 1] = 0x5d
          position += 2
          break
        case PRINT.exporter:
          position = this.#putExporter(out, view, position, u16[a]![row]!)
          break
        case PRINT.flowId:
          position = putFlowId(
            out,
            position,
            facts.words,
            facts.sourceAt,
            facts.words,
            facts.destinationAt,
            facts.sourcePort,
            facts.destinationPort,
            facts.protocol,
          )
          break
        case PRINT.communityId:
          position = facts.communityId.put(out, position)
          break
        case PRINT.tcpFlags:
          position = putTcpFlags(out, position, u16[a]![row]!)
          break
        case PRINT.transport:
          position = putTransport(out, view, position, u8[a]![row]!)
          break
        case PRINT.flowDirection:
          position = putFlowDirection(out, view, position, u8[a]![row]!)
          break
        case PRINT.locality:
          position = putWord(view, position, facts.isInternal[a] === 1 ? INTERNAL : EXTERNAL)
          break
        case PRINT.flowLocality:
          position = putWord(view, position, facts.isFlowInternal ? INTERNAL : EXTERNAL)
          break
        case PRINT.localDirection: {
          const to = facts.isInternal[steps[at + 4]!]
          const inside = to === 1 ? INTERNAL : OUTBOUND
          const outside = to === 1 ? INBOUND : EXTERNAL
          position = putWord(view, position, facts.isInternal[a] === 1 ? inside : outside)
          break
        }
        case PRINT.mac:
          position = putMac(view, position, words[a]![row * 2]!, words[a]![row * 2 + 1]!)
          break
        case PRINT.geo:
          position = putGeoText(view, position, facts.geo[a]!)
          break
        case PRINT.as:
          position = putGeoText(view, position, facts.as[a]!)
          break
        case PRINT.close:
          position = closeObject(out, position, a, steps[at + 4]!)
          break
        default:
          position = this.#octets.put(out, view, position, what, a, steps[at + 4]!, row)
      }
      const place = steps[at + STEP_PLACE]!
      if (place > 0) {
        placeStarts[place] = end
        placeEnds[place] = position
      }
      if (place >= 0 && marks.isOn) marks.add(end, position, twin)
      at += STEP
    }
    out[position] = 0x0a
    const { count } = page
    marks.finish(page, program, conditions)
    page.starts[count] = start
    page.ends[count] = position
    page.sources[count] = row
    page.count = count + 1
    page.used = position + 1
  }

  #growPlaces(places: number): void {
    this.#placeStarts = new Int32Array(places * 2)
    this.#placeEnds = new Int32Array(places * 2)
  }

  /** Marks each address of the list that begins at `position`. */
  #markRelated(position: number): void {
    const { related, relatedCount, lengths, printedAt } = this.#facts
    let from = position + 2
    for (let i = 0; i < relatedCount; i++) {
      const address = related[i]!
      const to = from + lengths[address]!
      this.#marks.add(from, to, printedAt[address]!)
      // A quotation mark, a comma, and another.
      from = to + 3
    }
  }

  #clockOf(row: number): number {
    const { present } = this.#slots
    for (let i = 0; i < this.#clocks.length; i++)
      if (present[this.#clocks[i]!]![row] === 1) return this.#clocks[i]!
    return this.#clocks[0]!
  }

  #isSkipped(skip: number, a: number, row: number): boolean {
    const { u8, u16, present } = this.#slots
    const facts = this.#facts
    switch (skip) {
      case SKIP.ifAbsent:
        return present[a]![row] === 0
      case SKIP.ifUnknown:
        return facts.isKnown[a] === 0
      case SKIP.ifNoFlags:
        return (u16[a]![row]! & 255) === 0
      case SKIP.ifNoGeo:
        return facts.geo[a] == null
      case SKIP.ifNoAs:
        return facts.as[a] == null
      case SKIP.ifNoBoolean:
        return present[a]![row] === 0 || (u8[a]![row] !== 1 && u8[a]![row] !== 2)
      default:
        return this.#octets.isSkipped(skip, a, row)
    }
  }

  /** Copies a text that was printed when the row was prepared; up to 48 octets, whatever its length. */
  #putAddress(view: DataView, position: number, address: number): number {
    const { textView, lengths } = this.#facts
    const length = lengths[address]!
    const from = address * TEXT_PLACE
    view.setBigUint64(position, textView.getBigUint64(from))
    view.setBigUint64(position + 8, textView.getBigUint64(from + 8))
    if (length > 16) {
      view.setBigUint64(position + 16, textView.getBigUint64(from + 16))
      view.setBigUint64(position + 24, textView.getBigUint64(from + 24))
      view.setBigUint64(position + 32, textView.getBigUint64(from + 32))
      view.setBigUint64(position + 40, textView.getBigUint64(from + 40))
    }
    return position + length
  }

  #putRelated(out: Uint8Array, view: DataView, position: number): number {
    const { related, relatedCount } = this.#facts
    out[position++] = 0x5b
    for (let i = 0; i < relatedCount; i++) {
      if (i > 0) out[position++] = 0x2c
      out[position] = 0x22
      position = this.#putAddress(view, position + 1, related[i]!)
      out[position++] = 0x22
    }
    out[position] = 0x5d
    return position + 1
  }

  /** `address:port`, an IPv6 address in brackets. */
  #putExporter(out: Uint8Array, view: DataView, position: number, port: number): number {
    const isV6 = !isIpv4(this.#facts.words, 0)
    if (isV6) out[position++] = 0x5b
    position = this.#putAddress(view, position, 0)
    if (isV6) out[position++] = 0x5d
    out[position] = 0x3a
    return putU32(view, position + 1, port)
  }
}

/** Copies what stands at `[from, to)` before; up to seven octets more are written. */
function copyText(view: DataView, position: number, from: number, to: number): number {
  const end = position + to - from
  for (let at = position; at < end; at += 8, from += 8) view.setBigUint64(at, view.getBigUint64(from))
  return end
}

function putLiteral(
  view: DataView,
  position: number,
  literals: BigUint64Array,
  word: number,
  length: number,
): number {
  const end = position + length
  for (; position < end; position += 8, word++) view.setBigUint64(position, literals[word]!, true)
  return end
}

/** A whole number within 2^53. */
function putInteger(view: DataView, position: number, value: number): number {
  if (value < 0) {
    view.setUint8(position++, 0x2d)
    value = -value
  }
  if (value < WORD) return putU32(view, position, value | 0)
  return putU64(view, position, (value % WORD) | 0, Math.floor(value / WORD) | 0)
}
