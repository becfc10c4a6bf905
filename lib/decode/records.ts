import type { FlowBatch } from '../flow/batch.ts'
import type { BatchWriter } from '../flow/batch-writer.ts'
import { F } from '../flow/fields.ts'
import { VARIABLE } from './assign.ts'
import { chooseOp, type Op, skipOf } from './conversions.ts'
import type { Issues } from './issues.ts'
import { normalise, readFrame } from './normalise.ts'
import type { Origin } from './origin.ts'
import type { FrameReader } from './packet.ts'
import type { Gather, Plan, Step } from './plan.ts'
import type { Run } from './run.ts'
import { copyLabels, copyList, runStep, type Scene } from './steps.ts'
import type { Template } from './template.ts'

export interface RowFinisher {
  /** Fills what the rows `[fromRow, toRow)` share and what must be known before their batch can be passed on. */
  finish(batch: FlowBatch, fromRow: number, toRow: number, origin: Origin): void
}

/** Octets copied into columns after which a batch is passed on though it has room: long values, few rows. */
const MOST_COPIED_OCTETS = 16 * 1024 * 1024

/** Records of variable length that are brought to one length at a time. */
const GATHERED = 64

/** Decodes Data Records into rows. One reader serves all sessions of a decoder. */
export class RecordReader {
  /** Records that the last `read` met; fewer than rows where biflows gave two. */
  recordCount = 0
  readonly #frames: FrameReader | null
  readonly #run: Run = {
    octets: new Uint8Array(0),
    view: new DataView(new ArrayBuffer(0)),
    at: 0,
    stride: 0,
    row: 0,
    end: 0,
  }
  readonly #scene: Scene
  readonly #exportTime = new BigUint64Array(1)
  readonly #exportWords = new Uint32Array(this.#exportTime.buffer)
  /** Where the values of the record being walked are, and their octets. */
  #starts = new Int32Array(64)
  #lengths = new Int32Array(64)
  #copiedOctets = 0
  /** Records brought to one length. */
  #parts = new Uint8Array(0)
  #partsView = new DataView(this.#parts.buffer)

  /** `frames` may be null where no template has packet sections. */
  constructor(frames: FrameReader | null) {
    this.#frames = frames
    this.#scene = {
      run: this.#run,
      clock: { high: 0, low: 0, uptimeMs: 0 },
      starts: this.#starts,
      lengths: this.#lengths,
      issues: null,
    }
  }

  /**
   * Appends the whole records in `[from, to)` of the origin's datagram, which must lie inside it, and returns the
   * number of rows; what is left at the end and shorter than a record is padding. The origin's layout and template
   * id are the caller's to set.
   */
  read(
    template: Template,
    from: number,
    to: number,
    origin: Origin,
    writer: BatchWriter,
    finisher: RowFinisher,
    issues: Issues,
  ): number {
    const plan = template.shape.plan()
    const { datagram } = origin
    this.#run.octets = datagram.octets
    this.#run.view = datagram.view
    this.#exportTime[0] = origin.exportTime[0]!
    const { clock } = this.#scene
    clock.low = this.#exportWords[0]!
    clock.high = this.#exportWords[1]!
    clock.uptimeMs = origin.systemUptime | 0
    this.#scene.issues = issues
    this.recordCount = 0
    if (plan.needsPlaces) this.#prepare(plan.octets)
    const rows = plan.isWalked
      ? this.#walk(plan, template, from, to, origin, writer, finisher, issues)
      : plan.gather !== null
        ? this.#gather(plan, plan.gather, template, from, to, origin, writer, finisher, issues)
        : this.#copy(plan, template.minimumOctets, from, to, origin, writer, finisher)
    if (plan.copiesOctets) {
      this.#copiedOctets += to - from
      if (this.#copiedOctets > MOST_COPIED_OCTETS) {
        this.#copiedOctets = 0
        writer.flush()
      }
    }
    return rows
  }

  /** Fixed lengths: field by field over as many records as fit the batch. */
  #copy(
    plan: Plan,
    stride: number,
    from: number,
    to: number,
    origin: Origin,
    writer: BatchWriter,
    finisher: RowFinisher,
  ): number {
    // RFC 7011 §3.3.1: padding is shorter than a record.
    const records = Math.floor((to - from) / stride)
    const run = this.#run
    run.stride = stride
    let left = records
    let at = from
    while (left > 0) {
      const batch = writer.reserve(left)
      const room = batch.room
      const count = Math.min(left, room)
      const row = batch.rowCount
      run.row = row
      run.end = row + count
      const { steps } = plan
      for (let i = 0; i < steps.length; i++) {
        const step = steps[i]!
        run.at = at + step.offset
        runStep(step, step.op, step.octets, this.#scene, batch)
      }
      if (plan.labels !== null || plan.lists.length > 0 || plan.frames.length > 0) {
        this.#extras(plan, at, stride, batch)
      }
      batch.rowCount = row + count
      if (plan.normal !== null) normalise(plan.normal, batch, row, row + count)
      finisher.finish(batch, row, row + count, origin)
      at += count * stride
      left -= count
    }
    this.recordCount = records
    return records
  }

  /** Lists and frames of the run's records: record by record, so that a row's items stand together. */
  #extras(plan: Plan, from: number, stride: number, batch: FlowBatch): void {
    const { row: first, end } = this.#run
    const { located } = plan
    for (let row = first, at = from; row < end; row++, at += stride) {
      for (let i = 0; i < located.length; i++) this.#starts[located[i]!] = at + plan.offsets[located[i]!]!
      this.#lists(plan, batch, row)
    }
  }

  #lists(plan: Plan, batch: FlowBatch, row: number): void {
    if (plan.labels !== null) copyLabels(plan.labels, this.#scene, batch, row)
    for (let i = 0; i < plan.lists.length; i++) copyList(plan.lists[i]!, this.#scene, batch, row)
    for (let i = 0; i < plan.frames.length; i++) {
      if (this.#frames !== null) readFrame(plan.frames[i]!, this.#scene, this.#frames, batch, row)
    }
  }

  /** Variable lengths: the parts of fixed length are copied side by side and then read field by field. */
  #gather(
    plan: Plan,
    gather: Gather,
    template: Template,
    from: number,
    to: number,
    origin: Origin,
    writer: BatchWriter,
    finisher: RowFinisher,
    issues: Issues,
  ): number {
    const { datagram } = origin
    const run = this.#run
    let at = from
    for (;;) {
      const batch = writer.reserve(1)
      const row = batch.rowCount
      const most = Math.min(batch.room, GATHERED)
      if (this.#parts.length < most * gather.stride) {
        this.#parts = new Uint8Array(GATHERED * gather.stride)
        this.#partsView = new DataView(this.#parts.buffer)
      }
      let count = 0
      let isCut = false
      run.octets = datagram.octets
      run.view = datagram.view
      while (count < most && to - at >= template.minimumOctets) {
        if (to - at < 4 && this.#isPadding(at, to)) break
        const end = this.#locate(plan, at, to)
        isCut = end < 0
        if (isCut) break
        this.#gatherRecord(plan, gather, batch, row + count, count * gather.stride)
        at = end
        count++
      }
      if (isCut) issues.note('recordTruncated')
      if (count === 0) break
      run.octets = this.#parts
      run.view = this.#partsView
      run.row = row
      run.end = row + count
      run.stride = gather.stride
      const { fixed } = gather
      for (let i = 0; i < fixed.length; i++) {
        const step = fixed[i]!
        run.at = step.offset
        runStep(step, step.op, step.octets, this.#scene, batch)
      }
      batch.rowCount = row + count
      this.recordCount += count
      if (plan.normal !== null) normalise(plan.normal, batch, row, row + count)
      finisher.finish(batch, row, row + count, origin)
      if (isCut) break
    }
    return this.recordCount
  }

  /** Reads the located record's values of variable length into `row` and copies the others to `target`. */
  #gatherRecord(plan: Plan, gather: Gather, batch: FlowBatch, row: number, target: number): void {
    const { segments, variable } = gather
    const { view, octets } = this.#run
    const parts = this.#parts
    const partsView = this.#partsView
    let to = target
    for (let i = 0; i < segments.length; i++) {
      const segment = segments[i]!
      let at = this.#starts[segment.index]!
      const end = at + segment.octets
      for (; at + 4 <= end; at += 4, to += 4) partsView.setUint32(to, view.getUint32(at))
      for (; at < end; at++, to++) parts[to] = octets[at]!
    }
    this.#run.row = row
    this.#run.end = row + 1
    for (let i = 0; i < variable.length; i++) this.#runLocated(variable[i]!, batch)
    this.#lists(plan, batch, row)
  }

  /** Runs one step on the located record. */
  #runLocated(step: Step, batch: FlowBatch): void {
    const octets = this.#lengths[step.index]!
    let op: Op = step.op
    if (step.octets === VARIABLE) op = chooseOp(step.source, step.field.kind, octets)
    this.#run.at = this.#starts[step.index]! + skipOf(op, octets)
    runStep(step, op, octets, this.#scene, batch)
  }

  /** Biflows and what cannot be gathered: record by record, row by row. */
  #walk(
    plan: Plan,
    template: Template,
    from: number,
    to: number,
    origin: Origin,
    writer: BatchWriter,
    finisher: RowFinisher,
    issues: Issues,
  ): number {
    const { minimumOctets, isVariable } = template
    const { biflow } = plan
    const most = biflow === null ? 1 : 2
    let rows = 0
    let at = from
    let batch = writer.reserve(most)
    let first = batch.rowCount
    while (to - at >= minimumOctets) {
      if (isVariable && to - at < 4 && this.#isPadding(at, to)) break
      const end = this.#locate(plan, at, to)
      if (end < 0) {
        issues.note('recordTruncated')
        break
      }
      if (batch.room < most) {
        this.#finish(plan, batch, first, origin, finisher)
        batch = writer.reserve(most)
        first = batch.rowCount
      }
      rows += this.#walkRecord(plan, batch)
      if (biflow !== null && this.#isEvident(biflow.evidence)) {
        const half = batch.fixed(F.biflowHalf)
        const row = batch.rowCount - 1
        half.values[row] = 2
        half.present[row] = 1
        rows += this.#walkRecord(biflow.plan, batch)
        half.values[row + 1] = 1
        half.present[row + 1] = 1
      }
      this.recordCount++
      at = end
    }
    this.#finish(plan, batch, first, origin, finisher)
    return rows
  }

  /** Appends the located record as one row; returns 1. */
  #walkRecord(plan: Plan, batch: FlowBatch): 1 {
    const run = this.#run
    const row = batch.rowCount
    run.row = row
    run.end = row + 1
    run.stride = 0
    const { steps } = plan
    for (let i = 0; i < steps.length; i++) this.#runLocated(steps[i]!, batch)
    this.#lists(plan, batch, row)
    batch.rowCount = row + 1
    if (plan.normal !== null) normalise(plan.normal, batch, row, row + 1)
    return 1
  }

  /** Finds the values of the record at `from`; returns its end, or -1 where it goes beyond `to`. */
  #locate(plan: Plan, from: number, to: number): number {
    const { octets: wire, located } = plan
    const { octets } = this.#run
    const starts = this.#starts
    const lengths = this.#lengths
    let at = from
    for (let n = 0; n < located.length; n++) {
      const i = located[n]!
      let length = wire[i]!
      if (length === VARIABLE) {
        // RFC 7011 §7: one octet, or 255 and two.
        if (at >= to) return -1
        length = octets[at++]!
        if (length === 255) {
          if (at + 2 > to) return -1
          length = octets[at]! * 256 + octets[at + 1]!
          at += 2
        }
      }
      starts[i] = at
      lengths[i] = length
      at += length
      if (at > to) return -1
    }
    return at
  }

  /** Whether a value at one of the positions has an octet that is not zero. */
  #isEvident(positions: readonly number[]): boolean {
    for (let i = 0; i < positions.length; i++) {
      const start = this.#starts[positions[i]!]!
      const end = start + this.#lengths[positions[i]!]!
      for (let at = start; at < end; at++) if (this.#run.octets[at] !== 0) return true
    }
    return false
  }

  #finish(plan: Plan, batch: FlowBatch, first: number, origin: Origin, finisher: RowFinisher): void {
    const end = batch.rowCount
    if (end === first) return
    finisher.finish(batch, first, end, origin)
    if (plan.biflow === null || origin.layout === null) return
    const half = batch.fixed(F.biflowHalf)
    const layout = batch.fixed(F.layout)
    const number = batch.layoutNumber(plan.biflow.layout)
    for (let row = first; row < end; row++) if (half.values[row] === 1) layout.values[row] = number
  }

  /** RFC 7011 §3.3.1 allows padding to a multiple of four octets; empty values only would look the same. */
  #isPadding(from: number, to: number): boolean {
    for (let at = from; at < to; at++) if (this.#run.octets[at] !== 0) return false
    return true
  }

  /** Makes room for the places of a record's values; those that take no octets stay as they are set here. */
  #prepare(octets: Int32Array): void {
    if (octets.length > this.#starts.length) {
      this.#starts = new Int32Array(octets.length * 2)
      this.#lengths = new Int32Array(octets.length * 2)
      this.#scene.starts = this.#starts
      this.#scene.lengths = this.#lengths
    }
    this.#starts.fill(0, 0, octets.length)
    this.#lengths.set(octets)
  }
}
