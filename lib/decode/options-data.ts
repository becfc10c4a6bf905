import type { Column, FlowBatch } from '../flow/batch.ts'
import type { NamedFacts } from '../flow/exporter-facts.ts'
import type { Field } from '../flow/fields.ts'
import { PROTOCOL } from '../flow/fields.ts'
import type { Layout } from '../flow/layout.ts'
import { hexAt, numberAt, textAt } from './column-values.ts'
import { nameOctets } from './name-tables.ts'
import { DIRECTION, RATE_OCTETS, Rates } from './rates.ts'
import type { Domain, Session } from './session.ts'
import type { Sessions } from './sessions.ts'

/** Pseudo enterprise of NetFlow v9's scope field types, which are not elements. */
const SCOPE = -2

/** Where an options layout holds what decoding and enrichment live on. */
export interface OptionsPlan {
  readonly layout: Layout
  /** Rates of any kind: 34, 50; 305 with 306; 309 of 310; 311. */
  readonly interval: Field | null
  readonly randomInterval: Field | null
  readonly packetInterval: Field | null
  readonly packetSpace: Field | null
  readonly size: Field | null
  readonly population: Field | null
  readonly probability: Field | null
  readonly isRate: boolean
  readonly sampler: Field | null
  readonly ingress: Field | null
  readonly egress: Field | null
  readonly scopeInterface: Field | null
  readonly direction: Field | null
  readonly lineCard: Field | null
  readonly template: Field | null
  readonly domain: Field | null
  readonly interfaceName: Field | null
  readonly interfaceDescription: Field | null
  readonly application: Field | null
  readonly applicationName: Field | null
  readonly applicationDescription: Field | null
  readonly ingressVrf: Field | null
  readonly egressVrf: Field | null
  readonly vrfName: Field | null
  readonly samplerName: Field | null
  readonly activeTimeout: Field | null
  readonly idleTimeout: Field | null
  readonly systemInitTime: Field | null
}

/** Finds what an options layout says about sampling and names. */
export function planOptions(layout: Layout): OptionsPlan {
  const find = (enterprise: number, ...elements: number[]) => fieldOf(layout, false, enterprise, elements)
  const scope = (enterprise: number, ...elements: number[]) => fieldOf(layout, true, enterprise, elements)
  const plan = {
    layout,
    interval: find(0, 34),
    randomInterval: find(0, 50),
    packetInterval: find(0, 305),
    packetSpace: find(0, 306),
    size: find(0, 309),
    population: find(0, 310),
    probability: find(0, 311),
    sampler: find(0, 302) ?? find(0, 48),
    ingress: find(0, 10) ?? find(0, 252),
    egress: find(0, 14) ?? find(0, 253),
    scopeInterface: find(SCOPE, 2),
    direction: find(0, 61),
    lineCard: find(SCOPE, 3) ?? scope(0, 141),
    template: find(SCOPE, 5) ?? scope(0, 145),
    domain: scope(0, 149),
    interfaceName: find(0, 82),
    interfaceDescription: find(0, 83),
    application: find(0, 95),
    applicationName: find(0, 96),
    applicationDescription: find(0, 94),
    ingressVrf: find(0, 234),
    egressVrf: find(0, 235),
    vrfName: find(0, 236),
    samplerName: find(0, 335) ?? find(0, 84),
    activeTimeout: find(0, 36),
    idleTimeout: find(0, 37),
    systemInitTime: find(0, 160),
  }
  const isRate =
    plan.interval !== null ||
    plan.randomInterval !== null ||
    plan.packetInterval !== null ||
    plan.probability !== null ||
    (plan.size !== null && plan.population !== null)
  return { ...plan, isRate }
}

function fieldOf(layout: Layout, inScope: boolean, enterprise: number, elements: number[]): Field | null {
  const end = inScope ? layout.scopeCount : layout.fields.length
  for (let i = 0; i < end; i++) {
    const each = layout.fields[i]!
    if (each.enterprise === enterprise && elements.includes(each.element)) return each.field
  }
  return null
}

/** Learns what rows `[from, to)` of options records say. */
export function learnOptions(
  batch: FlowBatch,
  from: number,
  to: number,
  plan: OptionsPlan,
  domain: Domain,
  sessions: Sessions,
): void {
  const rates = rateColumns(batch, plan)
  for (let row = from; row < to; row++) {
    if (plan.isRate) learnRate(batch, row, rateAt(rates, row), plan, domain, sessions)
    learnNames(batch, row, plan, domain.session, sessions)
  }
}

/** The columns of the elements that are a rate. */
export interface RateColumns {
  readonly interval: Column | undefined
  readonly randomInterval: Column | undefined
  readonly packetInterval: Column | undefined
  readonly packetSpace: Column | undefined
  readonly size: Column | undefined
  readonly population: Column | undefined
  readonly probability: Column | undefined
}

/** Finds the rate's columns of a batch, once for all rows of a set. */
export function rateColumns(batch: FlowBatch, plan: OptionsPlan): RateColumns {
  const find = (field: Field | null) => (field === null ? undefined : batch.find(field))
  return {
    interval: find(plan.interval),
    randomInterval: find(plan.randomInterval),
    packetInterval: find(plan.packetInterval),
    packetSpace: find(plan.packetSpace),
    size: find(plan.size),
    population: find(plan.population),
    probability: find(plan.probability),
  }
}

/** Flows seen for each reported one, by whatever elements say it; -1 where none does, 0 where it says none. */
export function rateAt(columns: RateColumns, row: number): number {
  const interval = numberAt(columns.interval, row)
  if (interval > 0) return clamp(interval)
  const random = numberAt(columns.randomInterval, row)
  if (random > 0) return clamp(random)
  const packets = numberAt(columns.packetInterval, row)
  if (packets > 0) {
    // RFC 5477 §8.2.2: `interval` packets are taken, then `space` packets are skipped.
    const space = Math.max(numberAt(columns.packetSpace, row), 0)
    return clamp(Math.floor((packets + space) / packets))
  }
  const size = numberAt(columns.size, row)
  const population = numberAt(columns.population, row)
  if (size > 0 && population > 0) return clamp(Math.floor(population / size))
  const probability = numberAt(columns.probability, row)
  if (probability > 0 && probability <= 1) return clamp(Math.round(1 / probability))
  return Math.max(interval, random, packets) >= 0 ? 0 : -1
}

function learnRate(
  batch: FlowBatch,
  row: number,
  rate: number,
  plan: OptionsPlan,
  here: Domain,
  sessions: Sessions,
): void {
  if (rate < 0) return
  const { session } = here
  const named = at(batch, plan.domain, row)
  const { protocol } = here
  const unit = protocol === PROTOCOL.ipfix ? 'records' : 'datagrams'
  const domain = named > 0 && named !== here.id ? sessions.domain(session, protocol, named, unit) : here
  if (domain.isForgotten) return
  domain.rates ??= new Rates()
  const { rates } = domain
  const [table, key] = placeOf(batch, row, plan, rates)
  const isNew = table !== null && rate !== 0 && !table.has(key)
  if (isNew && !sessions.takeOptionRows(session, 1, RATE_OCTETS)) return
  const before = rates.size
  if (rates.set(table, key, rate)) session.exporter.rateEpoch++
  if (rates.size < before) sessions.takeOptionRows(session, -1, -RATE_OCTETS)
}

/** The most specific thing that the record says its rate is for. */
function placeOf(
  batch: FlowBatch,
  row: number,
  plan: OptionsPlan,
  rates: Rates,
): [Map<number, number> | null, number] {
  const sampler = at(batch, plan.sampler, row)
  if (sampler >= 0) return [rates.samplers, sampler]
  const said = at(batch, plan.direction, row)
  const direction = said < 0 ? DIRECTION.both : said === 1 ? DIRECTION.egress : DIRECTION.ingress
  const ingress = at(batch, plan.ingress, row)
  const egress = at(batch, plan.egress, row)
  if (ingress > 0 && egress <= 0)
    return [rates.interfaces, ingress * 4 + (said < 0 ? DIRECTION.ingress : direction)]
  if (egress > 0 && ingress <= 0) return [rates.interfaces, egress * 4 + DIRECTION.egress]
  const scoped = at(batch, plan.scopeInterface, row)
  if (scoped > 0) return [rates.interfaces, scoped * 4 + direction]
  const template = at(batch, plan.template, row)
  if (template > 0) return [rates.templates, template]
  const lineCard = at(batch, plan.lineCard, row)
  if (lineCard >= 0) return [rates.lineCards, lineCard]
  if (said >= 0) return [rates.directions, direction]
  return [null, 0]
}

function learnNames(
  batch: FlowBatch,
  row: number,
  plan: OptionsPlan,
  session: Session,
  sessions: Sessions,
): void {
  if (plan.activeTimeout !== null || plan.idleTimeout !== null) {
    const tables = session.tables()
    tables.activeTimeout = Math.max(at(batch, plan.activeTimeout, row), tables.activeTimeout)
    tables.idleTimeout = Math.max(at(batch, plan.idleTimeout, row), tables.idleTimeout)
  }
  const startedNs = at(batch, plan.systemInitTime, row)
  if (startedNs > 0) session.tables().systemInitTimeMs = Math.round(startedNs / 1e6)
  if (plan.interfaceName !== null || plan.interfaceDescription !== null) {
    const name = textAt(batch, plan.interfaceName, row)
    const description = textAt(batch, plan.interfaceDescription, row)
    const index = firstOf(batch, row, plan.scopeInterface, plan.ingress, plan.egress)
    if (index > 0 && name + description !== '')
      keep(session, session.tables().interfaces, index, { name, description }, sessions)
  }
  if (plan.application !== null && (plan.applicationName ?? plan.applicationDescription) !== null) {
    const id = hexAt(batch, plan.application, row)
    const name = textAt(batch, plan.applicationName, row)
    const description = textAt(batch, plan.applicationDescription, row)
    if (id !== '' && name + description !== '')
      keep(session, session.tables().applications, id, { name, description }, sessions)
  }
  if (plan.vrfName !== null) {
    const id = firstOf(batch, row, plan.ingressVrf, plan.egressVrf)
    const name = textAt(batch, plan.vrfName, row)
    if (id >= 0 && name !== '') keep(session, session.tables().vrfs, id, name, sessions)
  }
  if (plan.samplerName !== null) {
    const id = at(batch, plan.sampler, row)
    const name = textAt(batch, plan.samplerName, row)
    if (id >= 0 && name !== '') keep(session, session.tables().samplers, id, name, sessions)
  }
}

function keep<Key, Value extends string | NamedFacts>(
  session: Session,
  table: Map<Key, Value>,
  key: Key,
  value: Value,
  sessions: Sessions,
): void {
  const known = table.get(key)
  const more = nameOctets(value) - (known === undefined ? 0 : nameOctets(known))
  if (sessions.takeOptionRows(session, known === undefined ? 1 : 0, more)) table.set(key, value)
}

function firstOf(batch: FlowBatch, row: number, ...fields: (Field | null)[]): number {
  for (const field of fields) {
    const value = at(batch, field, row)
    if (value > 0) return value
  }
  return fields.some((field) => at(batch, field, row) === 0) ? 0 : -1
}

function at(batch: FlowBatch, field: Field | null, row: number): number {
  return field === null ? -1 : numberAt(batch.find(field), row)
}

function clamp(rate: number): number {
  return Math.min(rate, 0xffffffff)
}
