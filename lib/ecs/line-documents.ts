import { CommunityId } from '../flow/community-id.ts'
import { type DocumentPage, hasRoom, type LineDocumentWriter } from '../flow/documents.ts'
import { protocolNumber } from '../flow/protocol-names.ts'
import { closeObject } from './close-object.ts'
import { type DocumentProgram, PRINT, SKIP, STEP, STEP_PLACE, STEP_TARGET } from './document-program.ts'
import { echoType } from './echo-type.ts'
import { asText, type GeoText, geoText, putGeoText } from './geo-texts.ts'
import type { LineDocumentOptions } from './line-document-options.ts'
import { isSmallInteger, lowPort, putLineTime, putProduct } from './line-numbers.ts'
import { lowerCase, putKey } from './line-text.ts'
import { KEY, LineValues, VALUE } from './line-values.ts'
import { parseOctetAddress } from './octet-address.ts'
import { escapedLength, putJsonText, putSoundText } from './put-json-text.ts'
import { putSeconds } from './put-time.ts'
import {
  compileAgent,
  compileFailure,
  compileSflow,
  DESTINATION,
  HAS_LEFTOVERS,
  type SflowDocumentSettings,
  SOURCE,
} from './sflow-document.ts'
import { ValueMarks } from './value-marks.ts'

/** Keys that Elastic's pipeline removes in any case, and both factors of a product, as masks. */
const DROPPED = [
  KEY.time_flow_start_ns,
  KEY.proto,
  KEY.etype,
  KEY.dst_addr,
  KEY.src_addr,
  KEY.sampler_address,
  KEY.bytes,
].reduce((mask, key) => mask | (1 << key), 0)
const PRODUCT = (1 << KEY.bytes) | (1 << KEY.sampling_rate)
const LATIN = new TextDecoder('latin1')
const ICMP = 1
const IPV6_ICMP = 58
/** Programs kept; lines of one writer need one or two. */
const MOST_PROGRAMS = 256

/** Makes documents of Elastic's `goflow2.sflow` from goflow2's JSON lines; any line gives one, empty ones aside. */
export class LineDocuments implements LineDocumentWriter {
  /** Lines so far that were no flows: their documents say why. */
  failed = 0
  readonly #settings: SflowDocumentSettings
  readonly #options: LineDocumentOptions
  readonly #line = new LineValues()
  readonly #programs = new Map<number, DocumentProgram>()
  readonly #failure: DocumentProgram
  readonly #agent: DocumentProgram
  readonly #words = new Uint32Array(8)
  readonly #communityId = new CommunityId()
  readonly #geo: (GeoText | null)[] = [null, null]
  readonly #as: (GeoText | null)[] = [null, null]
  readonly #marks = new ValueMarks()
  /** Where the document has a value's text already; 0 for nowhere. */
  readonly #printedAt = new Int32Array(32)
  #lastMask = -1
  #lastProgram: DocumentProgram
  #octets: Uint8Array = new Uint8Array(0)
  #view = new DataView(this.#octets.buffer)
  #from = 0
  #to = 0
  #error = ''
  #nowMs = 0
  #leftovers = 0

  constructor(options: LineDocumentOptions) {
    const { form, tags, geo, timezone, fields, steps, hasCommunityId } = options
    this.#options = options
    this.#settings = { form, tags, timezone, fields, steps, hasCommunityId, hasGeo: geo !== null }
    this.#failure = compileFailure(this.#settings)
    this.#agent = compileAgent(this.#settings)
    this.#lastProgram = this.#failure
  }

  writeLines(octets: Uint8Array, from: number, to: number, page: DocumentPage): number {
    this.#octets = octets
    this.#view = new DataView(octets.buffer, octets.byteOffset, octets.length)
    this.#nowMs = this.#options.now()
    for (let at = from; at < to; ) {
      const feed = octets.indexOf(0x0a, at)
      const next = feed < 0 || feed >= to ? to : feed + 1
      let end = next > at && octets[next - 1] === 0x0a ? next - 1 : next
      if (end > at && octets[end - 1] === 0x0d) end--
      if (end > at && !this.#write(at, end, page)) return at
      at = next
    }
    return to
  }

  /** Adds a line's document; false where the page is full. */
  #write(from: number, to: number, page: DocumentPage): boolean {
    this.#from = from
    this.#to = to
    let program = this.#agent
    let isFailed = false
    if (this.#options.form !== 'agent') {
      const mask = this.#read()
      isFailed = mask < 0
      program = isFailed ? this.#failure : this.#programOf(mask)
    }
    let room = program.room + this.#textRoom(program, from, to)
    if (this.#options.geo !== null && !isFailed) {
      for (let side = SOURCE; side <= DESTINATION; side++) {
        room += (this.#geo[side]?.length ?? 0) + (this.#as[side]?.length ?? 0)
      }
    }
    if (!hasRoom(page, room)) return false
    if (isFailed) this.failed++
    this.#run(program, page)
    return true
  }

  /** Octets of the line's values, each up to three times, and of the line escaped as often as it is printed. */
  #textRoom(program: DocumentProgram, from: number, to: number): number {
    const length = to - from
    // Long lines are measured: room for six octets of each would be too much memory.
    const escaped = length < 4096 ? length * 6 : escapedLength(this.#octets, from, to)
    return length * (this.#line.isAscii ? 3 : 9) + escaped * program.lines + 64
  }

  #programOf(mask: number): DocumentProgram {
    if (mask === this.#lastMask) return this.#lastProgram
    let program = this.#programs.get(mask)
    if (program === undefined) {
      program = compileSflow(mask, this.#settings)
      if (this.#programs.size >= MOST_PROGRAMS) this.#programs.clear()
      this.#programs.set(mask, program)
    }
    this.#lastMask = mask
    this.#lastProgram = program
    return program
  }

  /** Reads the line and returns the mask of its keys, or -1 where a step of Elastic's pipeline would fail. */
  #read(): number {
    const line = this.#line
    if (!line.read(this.#octets, this.#from, this.#to)) return this.#fail('json', line.fault)
    const { kinds } = line
    let mask = 0
    this.#leftovers = line.otherCount
    for (let key = 0; key < kinds.length; key++) {
      if (kinds[key] === VALUE.absent) continue
      if (this.#isPresent(key)) mask |= 1 << key
      else if ((DROPPED & (1 << key)) === 0) this.#leftovers++
    }
    if (this.#leftovers > 0) mask |= 1 << HAS_LEFTOVERS
    if (!this.#isInteger(KEY.time_flow_start_ns)) return this.#fail('date', 'time_flow_start_ns is no time')
    if (
      (mask & PRODUCT) === PRODUCT &&
      (kinds[KEY.bytes] !== VALUE.number || kinds[KEY.sampling_rate] !== VALUE.number)
    ) {
      return this.#fail('script', 'bytes or sampling_rate is no number')
    }
    if (!this.#readAddress(mask, KEY.src_addr, SOURCE))
      return this.#fail('convert', 'src_addr is no IP address')
    if (!this.#readAddress(mask, KEY.dst_addr, DESTINATION))
      return this.#fail('convert', 'dst_addr is no IP address')
    if (this.#isNoText(mask, KEY.etype)) return this.#fail('lowercase', 'etype is no text')
    if (this.#isNoText(mask, KEY.proto)) return this.#fail('lowercase', 'proto is no text')
    return mask
  }

  #fail(processor: string, what: string): -1 {
    this.#error = `Processor '${processor}' failed with message '${what}'`
    return -1
  }

  /** Neither null nor the empty text. */
  #isPresent(key: number): boolean {
    const { kinds, starts, ends } = this.#line
    if (kinds[key] === VALUE.text) return ends[key]! > starts[key]!
    return kinds[key] !== VALUE.literal || this.#octets[starts[key]!] !== 0x6e
  }

  #isInteger(key: number): boolean {
    const { kinds, starts, ends } = this.#line
    return kinds[key] === VALUE.number && isSmallInteger(this.#octets, starts[key]!, ends[key]!)
  }

  #isNoText(mask: number, key: number): boolean {
    return (mask & (1 << key)) !== 0 && this.#line.kinds[key] !== VALUE.text
  }

  #readAddress(mask: number, key: number, side: number): boolean {
    this.#geo[side] = null
    this.#as[side] = null
    if ((mask & (1 << key)) === 0) return true
    const { kinds, starts, ends } = this.#line
    if (kinds[key] !== VALUE.text) return false
    if (!parseOctetAddress(this.#octets, starts[key]!, ends[key]!, this.#words, side * 4)) return false
    const { geo } = this.#options
    if (geo !== null) {
      const city = geo.city(this.#words, side * 4)
      const asn = geo.asn(this.#words, side * 4)
      this.#geo[side] = city === null ? null : geoText(city)
      this.#as[side] = asn === null ? null : asText(asn)
    }
    return true
  }

  #run(program: DocumentProgram, page: DocumentPage): void {
    const { steps, literals } = program
    const { octets: out, view } = page
    const source = this.#octets
    const { kinds, starts, ends } = this.#line
    const start = page.used + page.gap
    const marks = this.#marks
    marks.begin(page, program, true)
    this.#printedAt.fill(0)
    let conditions = 0
    let position = start
    for (let at = 0; at < steps.length; at += STEP) {
      const what = steps[at]!
      const a = steps[at + 3]!
      const end = position + steps[at + 2]!
      for (let word = steps[at + 1]!; position < end; position += 16, word += 2) {
        view.setBigUint64(position, literals[word]!, true)
        view.setBigUint64(position + 8, literals[word + 1]!, true)
      }
      position = end
      if (what >= SKIP.first) {
        const isSkipped = what === SKIP.ifNoGeo ? this.#geo[a] === null : this.#as[a] === null
        conditions = (conditions << 1) | (isSkipped ? 1 : 0)
        if (isSkipped) at = steps[at + STEP_TARGET]! - STEP
        continue
      }
      switch (what) {
        case PRINT.span:
          position = this.#putMarked(out, view, position, a)
          continue
        case PRINT.spanList:
          out[position] = 0x5b
          position = this.#putMarked(out, view, position + 1, a)
          out[position++] = 0x5d
          continue
        case PRINT.spanText:
          position =
            kinds[a] === VALUE.nested
              ? putJsonText(out, position, source, starts[a]!, ends[a]!)
              : this.#putText(out, view, position, starts[a]!, ends[a]!)
          break
        case PRINT.spanLower: {
          const from = position
          position = this.#putText(out, view, position, starts[a]!, ends[a]!)
          lowerCase(out, from, position)
          break
        }
        case PRINT.lineTime:
          position = putLineTime(view, position, source, starts[a]!, ends[a]!)
          break
        case PRINT.lineProduct:
          position = this.#putProduct(out, view, position)
          break
        case PRINT.lineRelated:
          position = this.#putRelated(out, view, position)
          continue
        case PRINT.leftovers:
          position = this.#putLeftovers(out, view, position)
          break
        case PRINT.line:
          position = putJsonText(out, position, source, this.#from, this.#to)
          break
        case PRINT.lineError:
          for (let i = 0; i < this.#error.length; i++) out[position++] = this.#error.charCodeAt(i)
          break
        case PRINT.readTime:
          position = putSeconds(
            view,
            position,
            Math.floor(this.#nowMs / 1000),
            Math.floor(this.#nowMs) % 1000,
          )
          break
        case PRINT.communityId:
          position = this.#putCommunityId(out, position)
          break
        case PRINT.geo:
          position = putGeoText(view, position, this.#geo[a]!)
          break
        case PRINT.as:
          position = putGeoText(view, position, this.#as[a]!)
          break
        case PRINT.close:
          position = closeObject(out, position, a, steps[at + 4]!)
          break
        default:
          break
      }
      if (marks.isOn && steps[at + STEP_PLACE]! >= 0) marks.add(end, position, 0)
    }
    out[position] = 0x0a
    const { count } = page
    marks.finish(page, program, conditions)
    page.starts[count] = start
    page.ends[count] = position
    page.sources[count] = this.#from
    page.count = count + 1
    page.used = position + 1
  }

  /** As `#putSpan`, and tells the page where. */
  #putMarked(out: Uint8Array, view: DataView, position: number, key: number): number {
    const end = this.#putSpan(out, view, position, key)
    if (this.#marks.isOn) this.#marks.add(position, end, this.#printedAt[key]!)
    this.#printedAt[key] = position
    return end
  }

  /** A value as it stands in the line, quotes included. */
  #putSpan(out: Uint8Array, view: DataView, position: number, key: number): number {
    const { kinds, starts, ends } = this.#line
    const quote = kinds[key] === VALUE.text ? 1 : 0
    return this.#putText(out, view, position, starts[key]! - quote, ends[key]! + quote)
  }

  /** A part of the line; eight octets at a time where all of them are ASCII. */
  #putText(out: Uint8Array, view: DataView, position: number, from: number, to: number): number {
    const source = this.#view
    if (!this.#line.isAscii || to + 8 > source.byteLength) {
      return putSoundText(out, position, this.#octets, from, to)
    }
    for (let at = from, put = position; at < to; at += 8, put += 8) {
      view.setBigUint64(put, source.getBigUint64(at))
    }
    return position + to - from
  }

  #putRelated(out: Uint8Array, view: DataView, position: number): number {
    const { kinds } = this.#line
    out[position++] = 0x5b
    for (const key of [KEY.src_addr, KEY.dst_addr]) {
      if (kinds[key] === VALUE.absent || !this.#isPresent(key)) continue
      if (out[position - 1] !== 0x5b) out[position++] = 0x2c
      position = this.#putMarked(out, view, position, key)
    }
    out[position] = 0x5d
    return position + 1
  }

  #putProduct(out: Uint8Array, view: DataView, position: number): number {
    const { starts, ends } = this.#line
    return putProduct(
      out,
      view,
      position,
      this.#octets,
      starts[KEY.bytes]!,
      ends[KEY.bytes]!,
      starts[KEY.sampling_rate]!,
      ends[KEY.sampling_rate]!,
      this.#options.isStrict,
    )
  }

  /** ICMP's type is not in the line. */
  #putCommunityId(out: Uint8Array, position: number): number {
    const { starts, ends } = this.#line
    const name = LATIN.decode(this.#octets.subarray(starts[KEY.proto]!, ends[KEY.proto]!))
    const protocol = Math.max(protocolNumber(name), 0)
    const words = this.#words
    const isIcmp = protocol === ICMP || protocol === IPV6_ICMP
    const first = isIcmp ? echoType(words, SOURCE * 4, DESTINATION * 4, protocol) : this.#portOf(KEY.src_port)
    const second = isIcmp ? 0 : this.#portOf(KEY.dst_port)
    this.#communityId.hash(words, SOURCE * 4, words, DESTINATION * 4, protocol, first, second)
    return this.#communityId.put(out, position)
  }

  #portOf(key: number): number {
    const { kinds, starts, ends } = this.#line
    return kinds[key] === VALUE.number ? lowPort(this.#octets, starts[key]!, ends[key]!) : 0
  }

  /** Keys that no field took, and empty ones of those that one would have. */
  #putLeftovers(out: Uint8Array, view: DataView, position: number): number {
    const { others, otherCount, kinds } = this.#line
    out[position++] = 0x7b
    for (let i = 0; i < otherCount; i++) {
      if (i > 0) out[position++] = 0x2c
      position = this.#putText(out, view, position, others[i * 2]!, others[i * 2 + 1]!)
    }
    for (let key = 0; key < kinds.length; key++) {
      if (kinds[key] === VALUE.absent || this.#isPresent(key) || (DROPPED & (1 << key)) !== 0) continue
      if (out[position - 1] !== 0x7b) out[position++] = 0x2c
      position = putKey(out, position, key)
      position = this.#putSpan(out, view, position, key)
    }
    out[position] = 0x7d
    return position + 1
  }
}
