import { F, PROTOCOL } from '../flow/fields.ts'
import type { Layout } from '../flow/layout.ts'
import type { ColumnSlots } from './column-slots.ts'
import { type DocumentForm, ECS_VERSION } from './document-form.ts'
import { compileDocument, FACT, PRINT, SKIP } from './document-program.ts'
import type { DocumentStep } from './document-steps.ts'
import {
  addFields,
  constant,
  type DocumentObject,
  type DocumentValue,
  emptyObject,
  objectAt,
  rowValue,
  setValue,
} from './document-tree.ts'
import type { AddressSource, FieldValue, MergedInteger } from './layout-values.ts'
import { type CompiledDocument, FIRST_MERGED, type RowPlan } from './row-plan.ts'

/** Which of a layout's values a group of rows holds. */
export type Presence = 'yes' | 'no' | 'maybe'

export interface NetflowDocumentSettings {
  readonly form: DocumentForm
  readonly tags: readonly string[]
  /** Whether addresses can have geography or an AS. */
  readonly hasGeo: boolean
  readonly fields: Readonly<Record<string, unknown>>
  readonly steps: readonly DocumentStep[]
}

/** Side of a flow: what stands under `source` or `destination`. */
interface Side {
  address: number
  port: number
  mac: number
  octets: number
  packets: number
}

/** What rows of a layout have in common when their values are compiled. */
export interface Variant {
  readonly presence: (value: FieldValue) => Presence
  readonly isOptions: boolean
  /** The rows come from lines of goflow2's log: no export time, port or uptime, but times as such. */
  readonly isLine: boolean
  /** biflowDirection 2: the two sides change places. */
  readonly isReverse: boolean
  /** A WLAN's frame on its way to the station. */
  readonly isEgress: boolean
}

/** Compiles the document of rows of one layout. */
export function compileNetflow(
  layout: Layout,
  values: readonly FieldValue[],
  variant: Variant,
  slots: ColumnSlots,
  settings: NetflowDocumentSettings,
): CompiledDocument {
  const compiler = new NetflowCompiler(layout, values, variant, slots, settings)
  return compiler.compile()
}

class NetflowCompiler {
  readonly #layout: Layout
  readonly #values: readonly FieldValue[]
  readonly #variant: Variant
  readonly #slots: ColumnSlots
  readonly #settings: NetflowDocumentSettings
  readonly #root = emptyObject()
  readonly #addresses: AddressSource[]
  readonly #merged: MergedInteger[] = []
  /** By IANA name: values of a flow that rows hold. */
  readonly #byName = new Map<string, FieldValue>()
  readonly #addressNumbers = new Map<FieldValue, number>()
  readonly #related: number[] = []

  constructor(
    layout: Layout,
    values: readonly FieldValue[],
    variant: Variant,
    slots: ColumnSlots,
    settings: NetflowDocumentSettings,
  ) {
    this.#layout = layout
    this.#values = values
    this.#variant = variant
    this.#slots = slots
    this.#settings = settings
    const exporter = slots.slotOf(F.exporterAddress)
    this.#addresses = [{ slot: exporter, octetsSlot: -1, isV6: false, own: -1, other: -1 }]
  }

  compile(): CompiledDocument {
    const isFlow = !this.#variant.isOptions
    const isFinal = this.#settings.form === 'final'
    this.#common(isFlow)
    for (const value of this.#values) this.#element(value, isFlow)
    const plan = isFlow ? this.#flow() : this.#options()
    if (isFinal) setValue(this.#root, 'ecs.version', constant(ECS_VERSION))
    if (this.#settings.tags.length > 0) setValue(this.#root, 'tags', constant(this.#settings.tags))
    addFields(this.#root, this.#settings.fields)
    for (const step of this.#settings.steps) step(this.#root)
    const program = compileDocument(this.#root, plan.related.length * 48)
    return { program, rows: plan }
  }

  #common(isFlow: boolean): void {
    const root = this.#root
    const slot = (field: (typeof F)[keyof typeof F]) => this.#slots.slotOf(field)
    const isLine = this.#variant.isLine
    const exportTime = rowValue(isLine ? PRINT.clock : PRINT.time, slot(F.exportTime), 0, true)
    const action = isFlow ? 'netflow_flow' : 'netflow_options'
    const isFinal = this.#settings.form === 'final'
    setValue(root, '@timestamp', exportTime)
    const event = objectAt(root, 'event')
    const received = slot(F.timeReceived)
    const created = rowValue(PRINT.time, received, 0, true, { skip: SKIP.ifAbsent, a: received })
    event.entries.set('created', created)
    event.entries.set('kind', constant('event'))
    event.entries.set('category', constant(['network']))
    event.entries.set('action', constant(action))
    if (isFlow) event.entries.set('type', constant(['connection']))
    setValue(root, 'netflow.type', constant(action))
    setValue(root, 'netflow.exporter', this.#exporter(exportTime))
    const address = rowValue(PRINT.address, 0, 0, true)
    setValue(root, 'observer.ip', isFinal ? rowValue(PRINT.addressList, 0) : address)
  }

  #exporter(exportTime: DocumentValue): DocumentObject {
    const slot = (field: (typeof F)[keyof typeof F]) => this.#slots.slotOf(field)
    const { protocol } = this.#layout
    const exporter = emptyObject()
    const { entries } = exporter
    const port = slot(F.exporterPort)
    const { isLine } = this.#variant
    entries.set(
      'address',
      isLine ? rowValue(PRINT.address, 0, 0, true) : rowValue(PRINT.exporter, port, 0, true),
    )
    entries.set('timestamp', exportTime)
    entries.set('version', constant(protocol))
    if (protocol === PROTOCOL.ipfix) entries.set('uptime_millis', constant(0))
    else if (!isLine) entries.set('uptime_millis', rowValue(PRINT.u32, slot(F.systemUptime)))
    const optional = (name: string, print: number, field: (typeof F)[keyof typeof F]) => {
      const a = slot(field)
      entries.set(name, rowValue(print, a, 0, false, { skip: SKIP.ifAbsent, a }))
    }
    if (protocol >= PROTOCOL.netflow9) {
      const domain = slot(F.observationDomainId)
      const unless = isLine ? { skip: SKIP.ifAbsent, a: domain } : null
      entries.set('source_id', rowValue(PRINT.u32, domain, 0, false, unless))
    }
    if (protocol === PROTOCOL.netflow5 || protocol === PROTOCOL.netflow6 || protocol === PROTOCOL.netflow8) {
      optional('engine_type', PRINT.u8, F.engineType)
      optional('engine_id', PRINT.u8, F.engineId)
    }
    if (protocol === PROTOCOL.netflow8) {
      optional('aggregation', PRINT.u8, F.aggregation)
      optional('aggregation_version', PRINT.u8, F.aggregationVersion)
    } else optional('sampling_interval', PRINT.u16, F.headerSampling)
    return exporter
  }

  /** Puts an element under `netflow`, `netflow.scope` or `netflow.options`. */
  #element(field: FieldValue, isFlow: boolean): void {
    const presence = this.#variant.presence(field)
    if (presence === 'no') return
    let { value } = field
    if (field.address !== null) {
      const number = this.#addresses.push(field.address) - 1
      this.#addressNumbers.set(field, number)
      if (value.kind === 'row') value = { ...value, a: number }
      if (isFlow && /_ipv[46]_address$/.test(field.element.field)) this.#related.push(number)
    } else if (field.merged !== null) {
      this.#merged.push(field.merged)
      value = rowValue(PRINT.fact, FIRST_MERGED + this.#merged.length - 1)
    } else if (field.uptime !== 0) {
      value = rowValue(PRINT.uptime, field.slot)
    }
    if (presence === 'maybe' && value.unless === null) {
      value = { ...value, unless: { skip: SKIP.ifAbsent, a: field.slot } }
    }
    const parent = isFlow ? 'netflow' : field.isScope ? 'netflow.scope' : 'netflow.options'
    objectAt(this.#root, parent).entries.set(field.element.field, value)
    if (presence === 'yes' && isFlow && !field.isCustom) this.#byName.set(field.element.name, field)
  }

  #options(): RowPlan {
    objectAt(this.#root, 'netflow.scope')
    objectAt(this.#root, 'netflow.options')
    if (this.#settings.form === 'final') {
      setValue(this.#root, 'network.direction', constant('unknown'))
      setValue(this.#root, 'related.ip', rowValue(PRINT.addressList, 0))
    }
    return this.#plan(-1, -1, [], [], false)
  }

  #flow(): RowPlan {
    const isFinal = this.#settings.form === 'final'
    const from = this.#address('sourceIPv4Address', 'sourceIPv6Address')
    const to = this.#address('destinationIPv4Address', 'destinationIPv6Address')
    const [source, destination] = this.#sides(from, to)
    this.#counters(source, destination)
    const isBiflow = this.#byName.has('biflowDirection') && !isEmpty(source) && !isEmpty(destination)
    const isSwapped = isBiflow && this.#variant.isReverse
    const first = isSwapped ? destination : source
    const second = isSwapped ? source : destination
    const located = [first.address, second.address].filter((address) => address >= 0)
    this.#side('source', first, true)
    this.#side('destination', second, true)
    if (isBiflow) {
      this.#side('client', first, false)
      this.#side('server', second, false)
      setValue(this.#root, 'event.category', constant(['network', 'session']))
    }
    setValue(this.#root, 'flow.id', rowValue(PRINT.flowId, 0, 0, true))
    setValue(this.#root, 'flow.locality', rowValue(PRINT.flowLocality, 0, 0, true))
    this.#network(first, second)
    this.#times()
    const ends = [from, to].filter((address) => address >= 0)
    const related = isFinal ? [...new Set([0, ...ends, ...this.#related])] : ends
    if (related.length > 0) setValue(this.#root, 'related.ip', rowValue(PRINT.related))
    const flags = this.#byName.get('tcpControlBits')
    if (isFinal && flags !== undefined) {
      const unless = { skip: SKIP.ifNoFlags, a: flags.slot }
      setValue(this.#root, 'netflow.tcp_flags', rowValue(PRINT.tcpFlags, flags.slot, 0, false, unless))
    }
    // What names the flow is of the station, too, and of the sides as they were sent.
    return this.#plan(source.address, destination.address, related, located, isFinal)
  }

  /** The address under the first of two names that rows hold, or -1. */
  #address(...names: readonly string[]): number {
    for (const name of names) {
      const number = this.#addressNumbers.get(this.#byName.get(name)!)
      if (number !== undefined) return number
    }
    return -1
  }

  /** The slot of the first of some names that rows hold, or -1. */
  #slot(...names: readonly string[]): number {
    for (const name of names) {
      const field = this.#byName.get(name)
      if (field !== undefined) return field.slot
    }
    return -1
  }

  #sides(from: number, to: number): [Side, Side] {
    const source: Side = { address: -1, port: -1, mac: -1, octets: -1, packets: -1 }
    const destination: Side = { ...source }
    const isWlan = ['flowDirection', 'staMacAddress', 'wtpMacAddress'].every((name) => this.#byName.has(name))
    if (isWlan) {
      const [station, point] = this.#variant.isEgress ? [destination, source] : [source, destination]
      station.mac = this.#slot('staMacAddress')
      station.address = this.#address('staIPv4Address')
      point.mac = this.#slot('wtpMacAddress')
    }
    if (from >= 0) source.address = from
    if (to >= 0) destination.address = to
    source.port = this.#slot('sourceTransportPort')
    destination.port = this.#slot('destinationTransportPort')
    if (this.#byName.has('sourceMacAddress')) source.mac = this.#slot('sourceMacAddress')
    if (this.#byName.has('destinationMacAddress')) destination.mac = this.#slot('destinationMacAddress')
    return [source, destination]
  }

  /** Octets and packets of both ways: the first counter that rows hold. */
  #counters(source: Side, destination: Side): void {
    source.octets = this.#slot('octetDeltaCount', 'octetTotalCount', 'initiatorOctets')
    source.packets = this.#slot('packetDeltaCount', 'packetTotalCount', 'initiatorPackets')
    destination.octets = this.#slot('reverseOctetDeltaCount', 'reverseOctetTotalCount', 'responderOctets')
    destination.packets = this.#slot('reversePacketDeltaCount', 'reversePacketTotalCount', 'responderPackets')
    const network = objectAt(this.#root, 'network')
    const total = (name: string, forward: number, back: number) => {
      if (forward < 0) return
      const value = back < 0 ? rowValue(PRINT.u64, forward) : rowValue(PRINT.sum, forward, back)
      network.entries.set(name, value)
    }
    total('bytes', source.octets, destination.octets)
    total('packets', source.packets, destination.packets)
  }

  #side(name: string, side: Side, isEnd: boolean): void {
    if (isEmpty(side)) return
    const { entries } = objectAt(this.#root, name)
    const { address } = side
    if (address >= 0) {
      entries.set('ip', rowValue(PRINT.address, address, 0, true))
      entries.set('locality', rowValue(PRINT.locality, address, 0, true))
      if (isEnd && this.#settings.form === 'final' && this.#settings.hasGeo) {
        entries.set('geo', rowValue(PRINT.geo, address, 0, false, { skip: SKIP.ifNoGeo, a: address }))
        entries.set('as', rowValue(PRINT.as, address, 0, false, { skip: SKIP.ifNoAs, a: address }))
      }
    }
    if (side.port >= 0) entries.set('port', rowValue(PRINT.u16, side.port))
    if (side.mac >= 0) entries.set('mac', rowValue(PRINT.mac, side.mac, 0, true))
    if (side.octets >= 0) entries.set('bytes', rowValue(PRINT.u64, side.octets))
    if (side.packets >= 0) entries.set('packets', rowValue(PRINT.u64, side.packets))
  }

  #network(source: Side, destination: Side): void {
    const isFinal = this.#settings.form === 'final'
    const { entries } = objectAt(this.#root, 'network')
    entries.set('community_id', rowValue(PRINT.communityId, 0, 0, true))
    const protocol = this.#slot('protocolIdentifier')
    if (protocol >= 0) {
      entries.set('transport', rowValue(PRINT.transport, protocol, 0, true))
      entries.set('iana_number', rowValue(PRINT.u8, protocol, 0, isFinal))
    }
    const ssid = this.#byName.get('wlanSSID')
    if (ssid !== undefined) entries.set('name', ssid.value)
    const direction = this.#slot('flowDirection')
    if (isFinal && source.address >= 0 && destination.address >= 0) {
      const value = rowValue(PRINT.localDirection, source.address, destination.address, true)
      entries.set('direction', value)
    } else if (direction >= 0) entries.set('direction', rowValue(PRINT.flowDirection, direction, 0, true))
    else entries.set('direction', constant('unknown'))
    if (!isFinal) return
    const has = (...names: string[]) => names.some((name) => this.#byName.has(name))
    const is4 = has('sourceIPv4Address', 'destinationIPv4Address')
    const is6 = has('sourceIPv6Address', 'destinationIPv6Address')
    if (is4 || is6) entries.set('type', constant(is4 && is6 ? ['ipv4', 'ipv6'] : is4 ? 'ipv4' : 'ipv6'))
  }

  #times(): void {
    const event = objectAt(this.#root, 'event')
    const time = (name: string, fact: number) => {
      const unless = { skip: SKIP.ifUnknown, a: fact }
      event.entries.set(name, rowValue(PRINT.factTime, fact, 0, true, unless))
    }
    const hasDuration = this.#byName.has('flowDurationMilliseconds')
    if (this.#variant.isLine) {
      time('start', FACT.start)
      time('end', FACT.end)
      const unless = { skip: SKIP.ifUnknown, a: FACT.duration }
      event.entries.set('duration', rowValue(PRINT.fact, FACT.duration, 0, false, unless))
      return
    }
    const has = (name: string) => this.#byName.has(name) && this.#layout.protocol !== PROTOCOL.ipfix
    if (has('flowStartSysUpTime') || (hasDuration && has('flowEndSysUpTime'))) time('start', FACT.start)
    if (has('flowEndSysUpTime') || (hasDuration && has('flowStartSysUpTime'))) time('end', FACT.end)
    if (hasDuration || (has('flowStartSysUpTime') && has('flowEndSysUpTime'))) {
      const unless = { skip: SKIP.ifUnknown, a: FACT.duration }
      event.entries.set('duration', rowValue(PRINT.fact, FACT.duration, 0, false, unless))
    }
  }

  #plan(
    source: number,
    destination: number,
    related: readonly number[],
    located: readonly number[],
    isSortedAsText: boolean,
  ): RowPlan {
    const hasUptime = this.#layout.protocol !== PROTOCOL.ipfix && !this.#variant.isLine
    const start = this.#byName.get('flowStartSysUpTime')
    const end = this.#byName.get('flowEndSysUpTime')
    const icmp = this.#slot('icmpTypeCodeIPv6')
    return {
      addresses: this.#addresses,
      related,
      isSortedAsText,
      located,
      placed: this.#settings.form === 'final' && this.#settings.hasGeo ? located : [],
      source,
      destination,
      sourcePort: this.#slot('sourceTransportPort'),
      destinationPort: this.#slot('destinationTransportPort'),
      protocol: this.#slot('protocolIdentifier'),
      icmpTypeCode: icmp,
      isFlow: !this.#variant.isOptions,
      isLine: this.#variant.isLine,
      systemUptime: hasUptime ? this.#slots.slotOf(F.systemUptime) : -1,
      startUptime: hasUptime ? (start?.slot ?? -1) : -1,
      endUptime: hasUptime ? (end?.slot ?? -1) : -1,
      isStartTime: start?.uptime === 22,
      isEndTime: end?.uptime === 21,
      durationMs: this.#slot('flowDurationMilliseconds'),
      flowStart: this.#variant.isLine ? this.#slot('flowStartMilliseconds') : -1,
      flowEnd: this.#variant.isLine ? this.#slot('flowEndMilliseconds') : -1,
      merged: this.#merged,
    }
  }
}

function isEmpty(side: Side): boolean {
  return side.address < 0 && side.port < 0 && side.mac < 0 && side.octets < 0 && side.packets < 0
}
