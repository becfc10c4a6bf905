import { BatchWriter } from '../flow/batch-writer.ts'
import { type Datagram, newDatagram } from '../flow/datagram.ts'
import type { HeldSet, HeldSets } from './held.ts'
import { recall } from './held.ts'
import type { Issues } from './issues.ts'
import { fits, type KnownTemplates } from './known-templates.ts'
import { newOrigin, type Origin } from './origin.ts'
import type { RecordReader } from './records.ts'
import type { Finisher } from './row-finisher.ts'
import type { Domain, ProtocolCounts, TemplateEntry } from './session.ts'
import type { RecordWriters } from './settings.ts'

/** Places in the counts of sets and records. */
export const SET_KIND = { template: 0, optionsTemplate: 1, data: 2, optionsData: 3 } as const

/** Columns that the private batch for options records may gather before it is made anew. */
const MOST_COLUMNS = 512

/** Decodes Data Sets by their templates, or has them wait for one. */
export class DataSets {
  /** Data Records of the message so far, or -1 once a set could not be counted. */
  messageRecords = 0
  /** Rows of flows since the caller last set it to 0. */
  rows = 0
  readonly #templates: KnownTemplates
  readonly #held: HeldSets
  readonly #reader: RecordReader
  readonly #finisher: Finisher
  readonly #issues: Issues
  readonly #flows: BatchWriter
  readonly #options: BatchWriter
  readonly #isPrivate: boolean
  /** Template ids whose waiting sets can be decoded now, options first. */
  readonly #ready: number[] = []
  readonly #pastDatagram: Datagram = newDatagram()
  readonly #past: Origin = newOrigin(this.#pastDatagram)

  constructor(
    templates: KnownTemplates,
    held: HeldSets,
    reader: RecordReader,
    finisher: Finisher,
    issues: Issues,
    writers: RecordWriters,
  ) {
    this.#templates = templates
    this.#held = held
    this.#reader = reader
    this.#finisher = finisher
    this.#issues = issues
    this.#flows = writers.flow
    this.#isPrivate = writers.options === undefined
    this.#options =
      writers.options ??
      new BatchWriter('options', (full) => {
        if (full.columns().length > MOST_COLUMNS) full.trim()
        else full.reset()
        return full
      })
  }

  /** Decodes the content `[from, to)` of a Data Set. */
  decode(
    domain: Domain,
    id: number,
    from: number,
    to: number,
    origin: Origin,
    counts: ProtocolCounts,
    nowMs: number,
  ): void {
    const { octets } = origin.datagram
    const entry = this.#templates.find(domain, id, octets, from, to, nowMs)
    if (entry === null || entry.template === null) {
      this.messageRecords = -1
      this.#issues.note('templateUnknown')
      domain.session.exporter.unknownTemplateSets++
      // Data of a withdrawn template have lost their meaning for good.
      if (entry === null && to > from) this.#held.hold(domain, id, from, to, origin, nowMs, this.#issues)
      return
    }
    // The template came to another port: what waited for it here can be decoded as well.
    if (entry.isAdopted) this.announce(domain, id, entry.isOptions)
    if (this.#ready.length > 0 && !entry.isOptions) this.replay(domain, counts, origin)
    this.#read(domain, id, entry, from, to, origin, counts)
  }

  /** Says that template `id` is known now: what waits for it is decoded before the next flows. */
  announce(domain: Domain, id: number, isOptions: boolean): void {
    if (domain.held === null || !domain.held.has(id) || this.#ready.includes(id)) return
    if (isOptions) this.#ready.unshift(id)
    else this.#ready.push(id)
  }

  /** Decodes the sets whose template has come, with the times and numbers of their own datagrams. */
  replay(domain: Domain, counts: ProtocolCounts, origin: Origin): void {
    while (this.#ready.length > 0) {
      const id = this.#ready.shift()!
      const entry = this.#templates.current(domain, id)
      if (entry === null) continue
      const sets = this.#held.take(domain, id)
      if (sets === null) continue
      const records = this.messageRecords
      for (const set of sets)
        if (!entry.isAdopted || fits(entry.template!, set.octets, 0, set.octets.length))
          this.#readPast(domain, id, entry, set, counts, origin)
      this.messageRecords = records
    }
  }

  /** Starts another message: what was announced in the last one is done with. */
  begin(): void {
    this.messageRecords = 0
    if (this.#ready.length > 0) this.#ready.length = 0
  }

  #readPast(
    domain: Domain,
    id: number,
    entry: TemplateEntry,
    set: HeldSet,
    counts: ProtocolCounts,
    now: Origin,
  ): void {
    const past = this.#past
    this.#pastDatagram.address.set(now.datagram.address)
    this.#pastDatagram.port = now.datagram.port
    recall(set, this.#pastDatagram, past)
    past.protocol = now.protocol
    past.domain = now.domain
    this.#read(domain, id, entry, 0, set.octets.length, past, counts)
  }

  #read(
    domain: Domain,
    id: number,
    entry: TemplateEntry,
    from: number,
    to: number,
    origin: Origin,
    counts: ProtocolCounts,
  ): void {
    const template = entry.template!
    origin.templateId = id
    origin.layout = template.layout
    if (entry.isOptions) {
      this.#finisher.beginOptions(domain, counts, origin)
      this.#reader.read(template, from, to, origin, this.#options, this.#finisher, this.#issues)
      if (this.#isPrivate) this.#options.flush()
      this.#count(counts, SET_KIND.optionsData)
      return
    }
    this.#finisher.beginFlows(domain, counts, origin)
    this.rows += this.#reader.read(template, from, to, origin, this.#flows, this.#finisher, this.#issues)
    this.#count(counts, SET_KIND.data)
  }

  #count(counts: ProtocolCounts, kind: number): void {
    const records = this.#reader.recordCount
    counts.sets[kind]!++
    counts.records[kind] = counts.records[kind]! + records
    if (this.messageRecords >= 0) this.messageRecords += records
  }
}
