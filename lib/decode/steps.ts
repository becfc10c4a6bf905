import {
  appendOctets,
  appendWord,
  type FixedColumn,
  type FlowBatch,
  type OctetsColumn,
  setOctets,
} from '../flow/batch.ts'
import { F, type Field } from '../flow/fields.ts'
import { OP, type Op, skipOf } from './conversions.ts'
import type { Issues } from './issues.ts'
import {
  copyFloat32,
  copyFloat64,
  copyIcmpCode,
  copyIcmpType,
  copyIpv4,
  copyIpv6,
  copyJuniperException,
  copyMac,
  copySigned,
  copyUint8,
  copyUint8To16,
  copyUint8To32,
  copyUint16,
  copyUint16To32,
  copyUint24To32,
  copyUint32,
  copyUint32To64,
  copyUint64,
  copyUnsigned,
  mergeAddress,
  mergeInteger,
} from './kernels.ts'
import type { ListStep, Step } from './plan.ts'
import { lowWord, markPresent, type Run } from './run.ts'
import { isSoundList } from './structured.ts'
import {
  type Clock,
  copyDeltaMicroseconds,
  copyMilliseconds,
  copyNtp,
  copySeconds,
  copyUptime,
  copyUptimeAny,
} from './times.ts'

/** What the steps of a set work on; one object is reused. */
export interface Scene {
  readonly run: Run
  readonly clock: Clock
  /** Where the values of one record are, and their octets, by position in the template. */
  starts: Int32Array
  lengths: Int32Array
  issues: Issues | null
}

/** Copies one element of all records of the run. `op` fits `octets`, and run.at is where it starts to read. */
export function runStep(step: Step, op: Op, octets: number, scene: Scene, batch: FlowBatch): void {
  if (op === OP.gap) return
  const { run } = scene
  if (op === OP.octets || op === OP.list || op === OP.padding) {
    if (op === OP.padding) copyPadding(octets, run, batch, step.field)
    else copyOctets(step, op, octets, scene, batch.octets(step.field))
    return
  }
  const column = batch.fixed(step.field)
  if (step.merges !== 0) merge(step, step.merges, octets - skipOf(op, octets), run, batch, column)
  else if (op < OP.uptime) copyPlain(op, octets, run, column)
  else copySpecial(op, octets, run, column, scene.clock)
  if (op !== OP.juniperException) markPresent(run, column.present)
}

function copyPlain(op: Op, octets: number, run: Run, column: FixedColumn): void {
  switch (op) {
    case OP.u8ToU8:
      copyUint8(run, column.values as Uint8Array)
      return
    case OP.u8ToU16:
      copyUint8To16(run, column.values as Uint16Array)
      return
    case OP.u16ToU16:
      copyUint16(run, column.values as Uint16Array)
      return
    case OP.u8ToU32:
      copyUint8To32(run, column.words)
      return
    case OP.u16ToU32:
      copyUint16To32(run, column.words)
      return
    case OP.u24ToU32:
      copyUint24To32(run, column.words)
      return
    case OP.u32ToU32:
      copyUint32(run, column.words)
      return
    case OP.u32ToU64:
      copyUint32To64(run, column.words)
      return
    case OP.u64ToU64:
      copyUint64(run, column.words)
      return
    case OP.unsignedToU64:
      copyUnsigned(run, octets, column.words)
      return
    case OP.signedToI64:
      copySigned(run, octets, column.words)
      return
    case OP.float32:
      copyFloat32(run, column.values as Float64Array)
      return
    case OP.float64:
      copyFloat64(run, column.values as Float64Array)
      return
    case OP.ipv4:
      copyIpv4(run, column.words)
      return
    case OP.ipv6:
      copyIpv6(run, column.words)
      return
    case OP.mac:
      copyMac(run, column.words)
      return
  }
}

function copySpecial(op: Op, octets: number, run: Run, column: FixedColumn, clock: Clock): void {
  switch (op) {
    case OP.uptime:
      copyUptime(run, clock, column.words)
      return
    case OP.uptimeAny:
      copyUptimeAny(run, octets, clock, column.words)
      return
    case OP.seconds:
      copySeconds(run, octets, column.words)
      return
    case OP.milliseconds:
      copyMilliseconds(run, octets, column.words)
      return
    case OP.ntp:
      copyNtp(run, column.words)
      return
    case OP.deltaMicroseconds:
      copyDeltaMicroseconds(run, octets, clock, column.words)
      return
    case OP.icmpType:
      copyIcmpType(run, column.values as Uint16Array)
      return
    case OP.icmpCode:
      copyIcmpCode(run, column.values as Uint16Array)
      return
    case OP.juniperException:
      copyJuniperException(run, column.words, column.present)
      return
  }
}

function merge(
  step: Step,
  family: 4 | 6,
  octets: number,
  run: Run,
  batch: FlowBatch,
  column: FixedColumn,
): void {
  const version = step.byVersion ? batch.fixed(F.ipVersion) : null
  const choice = { family, version, batch, own: step.own!, other: step.other! }
  if (column.field.kind === 'address') mergeAddress(run, octets, choice, column.words)
  else mergeInteger(run, octets, choice, column.values as Uint8Array)
}

/** Keeps padding that is not zero: then somebody put something there. */
function copyPadding(octets: number, run: Run, batch: FlowBatch, field: Field): void {
  const { stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) {
    for (let i = 0; i < octets; i++) {
      if (run.octets[at + i] === 0) continue
      setOctets(batch.octets(field), row, run.octets, at, at + octets)
      break
    }
  }
}

function copyOctets(step: Step, op: Op, octets: number, scene: Scene, column: OctetsColumn): void {
  const { run, issues } = scene
  const { stride, end } = run
  for (let row = run.row, at = run.at; row < end; row++, at += stride) {
    if (op === OP.list && !isSoundList(step.source, run.view, at, at + octets)) {
      issues?.note('listMalformed')
      continue
    }
    setOctets(column, row, run.octets, at, at + octets)
  }
}

/** Appends the label stack entries of the record at scene.starts: the first three octets of each element. */
export function copyLabels(step: ListStep, scene: Scene, batch: FlowBatch, row: number): void {
  const column = batch.list(step.field)
  for (let i = 0; i < step.parts.length; i++) {
    const index = step.parts[i]!
    const octets = scene.lengths[index]!
    if (octets > 0) {
      appendWord(column, row, lowWord(scene.run.view, scene.starts[index]!, Math.min(octets, 3)))
    }
  }
}

/** Appends each occurrence of a captured element of the record at scene.starts. */
export function copyList(step: ListStep, scene: Scene, batch: FlowBatch, row: number): void {
  const column = batch.octetsList(step.field)
  for (let i = 0; i < step.parts.length; i++) {
    const start = scene.starts[step.parts[i]!]!
    appendOctets(column, row, scene.run.octets, start, start + scene.lengths[step.parts[i]!]!)
  }
}
