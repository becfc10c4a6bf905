import type { Captures } from '../flow/captures.ts'
import { F, type Field, PROTOCOL } from '../flow/fields.ts'
import type { Layout } from '../flow/layout.ts'
import { assignColumns, JUNIPER, JUNIPER_PROPERTIES, type Specifier, sourceOf, VARIABLE } from './assign.ts'
import { chooseOp, OP, type Op, type Source, skipOf } from './conversions.ts'
import { familyOf, oppositeElement, otherFamilyOf } from './elements/columns.ts'
import { elementOf, ownFieldOf, REVERSE_ENTERPRISE } from './elements/registry.ts'

/** One element that is kept: copies its value of every record. */
export interface Step {
  readonly field: Field
  readonly source: Source
  /** Chosen when the template arrived; OP.gap for variable length, where each value's length decides. */
  readonly op: Op
  /** Position in the template, and octets from the record's start to what the op reads (fixed lengths only). */
  readonly index: number
  readonly offset: number
  /** On the wire. */
  readonly octets: number
  /** Where the other family's element has written the column already: this one's family, else 0. */
  readonly merges: 0 | 4 | 6
  /** Whether the record's ipVersion decides between the two. */
  readonly byVersion: boolean
  /** Columns of the two elements' own names: the value that does not count goes there, unless it is zero. */
  readonly own: Field | null
  readonly other: Field | null
}

/** Elements whose values form one list, in order; read record by record. */
export interface ListStep {
  readonly field: Field
  /** Positions in the template. */
  readonly parts: readonly number[]
}

/** A sampled frame or packet in the record. */
export interface FrameStep {
  readonly index: number
  /** sFlow's header protocol; 0 where the packet's version nibble tells. */
  readonly protocol: number
}

/** What is left to do once the columns are filled. */
export interface Normal {
  /** Type and code may be in the destination port. */
  readonly icmpFromPort: boolean
  /** Physical interfaces stand in for missing logical ones. */
  readonly ingress: boolean
  readonly egress: boolean
  /** dataLinkFrameSize without counters. */
  readonly frameSize: Field | null
  /** IPFIX uptimes with the time they count from. */
  readonly bootTime: Field | null
  readonly startUptime: Field | null
  readonly endUptime: Field | null
}

/** A template turned into copy steps. */
export interface Plan {
  /** Octets of each element on the wire, and from the record's start to it (fixed lengths only). */
  readonly octets: Int32Array
  readonly offsets: Int32Array
  /** Positions of the elements that take octets; a hostile template can have a thousand that take none. */
  readonly located: Int32Array
  readonly steps: readonly Step[]
  readonly labels: ListStep | null
  readonly lists: readonly ListStep[]
  readonly frames: readonly FrameStep[]
  readonly normal: Normal | null
  /** Whether values of any length are copied, which a batch must not gather without bound. */
  readonly copiesOctets: boolean
  /** Whether values are looked up by where they lie in each record. */
  readonly needsPlaces: boolean
  /** Read record by record, row by row: each record can give two, or has to be whole before its frame is read. */
  readonly isWalked: boolean
  /** For other templates with variable lengths. */
  readonly gather: Gather | null
  readonly biflow: Biflow | null
}

/**
 * How records of variable length are brought to one length: the values of fixed length are copied side by side, to be
 * read field by field from there, and the others are read where they are.
 */
export interface Gather {
  /** Octets of all values of fixed length. */
  readonly stride: number
  /** Runs of neighbours of fixed length: position of the first in the template, octets of all. */
  readonly segments: readonly { readonly index: number; readonly octets: number }[]
  /** Steps of fixed length, their offsets counted in the copy. */
  readonly fixed: readonly Step[]
  readonly variable: readonly Step[]
}

/** The reverse half of a biflow (RFC 5103): the same octets read with other eyes. */
export interface Biflow {
  readonly plan: Plan
  readonly layout: Layout
  /** Positions of the reverse counters: if all are zero, nothing came back. */
  readonly evidence: readonly number[]
}

const FRAME = 315
const IP_PACKET = 313
const ETHERNET_HEADER = 1

/** Compiles the plan of a template whose layout is known; `captures` may be empty. */
export function compilePlan(layout: Layout, captures: Captures, isHalf = false): Plan {
  const { protocol, scopeCount, fields } = layout
  const octets = Int32Array.from(fields, (field) => field.octets)
  const offsets = new Int32Array(fields.length)
  let offset = 0
  let isVariable = false
  for (let i = 0; i < fields.length; i++) {
    offsets[i] = offset
    offset += octets[i]!
    if (octets[i] === VARIABLE) isVariable = true
  }
  const isFlow = scopeCount === 0
  const biflow = isFlow && protocol === PROTOCOL.ipfix && offset > 1 ? compileBiflow(layout, captures) : null
  const steps = copySteps(layout, offsets)
  if (!isHalf) addPadding(layout, offsets, steps)
  const labels = labelStep(layout)
  const lists: ListStep[] = []
  if (isFlow) addCaptures(layout, captures, offsets, steps, lists)
  const frames = isFlow ? frameSteps(layout) : []
  const gather = isVariable && frames.length === 0 ? gatherOf(octets, steps) : null
  return {
    octets,
    offsets,
    located: Int32Array.from(octets.keys()).filter((index) => octets[index] !== 0),
    steps,
    labels,
    lists,
    frames,
    normal: isFlow ? normalOf(layout) : null,
    copiesOctets: lists.length > 0 || steps.some(isOctets),
    needsPlaces: isVariable || biflow !== null || labels !== null || lists.length + frames.length > 0,
    isWalked: biflow !== null || (isVariable && gather === null),
    gather,
    biflow,
  }
}

function copySteps(layout: Layout, offsets: Int32Array): Step[] {
  const { fields } = layout
  const hasVersion = fields.some(({ field }) => field === F.ipVersion)
  const written = new Set<Field>()
  const steps: Step[] = []
  for (let index = 0; index < fields.length; index++) {
    const { enterprise, element, octets, field } = fields[index]!
    if (enterprise === JUNIPER && element === JUNIPER_PROPERTIES && octets === 2) {
      if (!fields.some((other) => other.field === F.forwardingStatus)) {
        steps.push(newStep(F.forwardingStatus, 'juniperException', index, offsets, octets))
      }
    }
    if (field === null || field.kind === 'u32-list') continue
    const family = familyOf(enterprise, element)
    const isAddressPair = family !== 0 && written.has(field)
    // A next hop's family need not be the packet's (RFC 8950), so the version does not speak for it.
    const byVersion = hasVersion && field !== F.nextHopAddress && field !== F.bgpNextHopAddress
    const step = newStep(field, sourceOf(enterprise, element, field), index, offsets, octets)
    written.add(field)
    const own = ownFieldOf(enterprise, element)!
    const other = ownFieldOf(enterprise, otherFamilyOf(element))!
    const merged: Step = isAddressPair ? { ...step, merges: family, byVersion, own, other } : step
    // The version must be there before a choice by it.
    if (field === F.ipVersion) steps.unshift(merged)
    else steps.push(merged)
  }
  return steps
}

function isOctets({ op, octets }: Step): boolean {
  return op === OP.octets || op === OP.padding || octets === VARIABLE
}

/** The last padding of a record, which should be zero (RFC 7011 §3.4) and then is not worth a column. */
function addPadding(layout: Layout, offsets: Int32Array, steps: Step[]): void {
  if (layout.protocol < PROTOCOL.netflow9) return
  const { fields } = layout
  for (let index = fields.length - 1; index >= 0; index--) {
    const { enterprise, element, octets } = fields[index]!
    if (enterprise !== 0 || element !== PADDING || octets === 0) continue
    const source = octets === VARIABLE ? 'octetArray' : 'padding'
    steps.push(newStep(F.paddingOctets, source, index, offsets, octets))
    return
  }
}

/** Null where an element of variable length shares its column with another: their order would be lost. */
function gatherOf(octets: Int32Array, steps: readonly Step[]): Gather | null {
  const segments: { index: number; octets: number }[] = []
  const offsets = new Int32Array(octets.length)
  let stride = 0
  let isOpen = false
  for (let index = 0; index < octets.length; index++) {
    const length = octets[index]!
    offsets[index] = stride
    if (length !== VARIABLE) {
      if (isOpen) segments.at(-1)!.octets += length
      else segments.push({ index, octets: length })
      stride += length
    }
    isOpen = length !== VARIABLE
  }
  const fixed: Step[] = []
  const variable: Step[] = []
  for (const step of steps) {
    if (step.octets === VARIABLE) {
      if (steps.some((other) => other !== step && other.field === step.field)) return null
      variable.push(step)
    } else {
      fixed.push({ ...step, offset: offsets[step.index]! + skipOf(step.op, step.octets) })
    }
  }
  // The version of variable length would come too late for the choices that need it.
  if (variable.some(({ field }) => field === F.ipVersion)) return null
  return { stride, segments, fixed, variable }
}

function newStep(field: Field, source: Source, index: number, offsets: Int32Array, octets: number): Step {
  const op = octets === VARIABLE ? OP.gap : chooseOp(source, field.kind, octets)
  const offset = offsets[index]! + skipOf(op, octets)
  const merge = { merges: 0, byVersion: false, own: null, other: null } as const
  return { field, source, op, index, offset, octets, ...merge }
}

/** Elements 70 to 79 in their order, whatever the template's. */
function labelStep(layout: Layout): ListStep | null {
  const parts = layout.fields
    .map(({ element, field }, index) => ({ element, field, index }))
    .filter(({ field }) => field === F.mplsLabelStack)
    .sort((a, b) => a.element - b.element || a.index - b.index)
    .map(({ index }) => index)
  return parts.length > 0 ? { field: F.mplsLabelStack, parts } : null
}

function frameSteps(layout: Layout): FrameStep[] {
  const frames: FrameStep[] = []
  for (let index = 0; index < layout.fields.length; index++) {
    const { enterprise, element } = layout.fields[index]!
    if (enterprise !== 0) continue
    if (element === FRAME) frames.push({ index, protocol: ETHERNET_HEADER })
    if (element === IP_PACKET) frames.push({ index, protocol: 0 })
  }
  // One packet makes one row; a second section in a record would overwrite the first.
  return frames.slice(0, 1)
}

function addCaptures(
  layout: Layout,
  captures: Captures,
  offsets: Int32Array,
  steps: Step[],
  lists: ListStep[],
): void {
  const name = layout.protocol === PROTOCOL.ipfix ? 'ipfix' : 'netflow9'
  const parts = new Map<Field, number[]>()
  for (let index = 0; index < layout.fields.length; index++) {
    const { enterprise, element, octets } = layout.fields[index]!
    for (const capture of captures.elements) {
      if (capture.protocol !== name || capture.enterprise !== enterprise || capture.element !== element)
        continue
      if (capture.field.kind === 'octets-list') {
        parts.set(capture.field, [...(parts.get(capture.field) ?? []), index])
      } else {
        steps.push(newStep(capture.field, 'octetArray', index, offsets, octets))
      }
    }
  }
  for (const [field, indexes] of parts) lists.push({ field, parts: indexes })
}

function normalOf(layout: Layout): Normal | null {
  const columns = new Map<string, Field>()
  let hasIcmp = false
  for (const { enterprise, element, field } of layout.fields) {
    if (field === null || enterprise !== 0) continue
    columns.set(String(element), field)
    if (field === F.icmpTypeCode) hasIcmp = true
  }
  const has = (...elements: number[]) => elements.every((element) => columns.has(String(element)))
  const normal: Normal = {
    icmpFromPort: !hasIcmp && has(4, 11),
    ingress: has(252),
    egress: has(253),
    frameSize: columns.get('312') ?? null,
    bootTime: layout.protocol === PROTOCOL.ipfix ? (columns.get('160') ?? null) : null,
    startUptime: columns.get('22') ?? null,
    endUptime: columns.get('21') ?? null,
  }
  const isNeeded = normal.icmpFromPort || normal.ingress || normal.egress
  return isNeeded || normal.frameSize !== null || normal.bootTime !== null ? normal : null
}

/** RFC 5103 §4: reverse elements take their forward names, directed elements change places. */
function compileBiflow(layout: Layout, captures: Captures): Biflow | null {
  const { fields } = layout
  const reversed = new Set<number>()
  for (const { enterprise, element } of fields) {
    if (enterprise === REVERSE_ENTERPRISE && elementOf(enterprise, element)) reversed.add(element)
  }
  if (reversed.size === 0) return null
  const isCounter = (element: number) => /Counter$/.test(elementOf(0, element)?.semantics ?? '')
  const specifiers: Specifier[] = fields.map(({ enterprise, element, octets }) => {
    if (enterprise === REVERSE_ENTERPRISE) return { enterprise: 0, element, octets }
    const stays = enterprise === 0 && !reversed.has(element) && !isCounter(element)
    // What counts or describes the forward half only is padding here.
    return { enterprise: 0, element: stays ? oppositeElement(element) : PADDING, octets }
  })
  const columns = assignColumns(layout.protocol, specifiers, false)
  const half: Layout = {
    protocol: layout.protocol,
    scopeCount: 0,
    fields: specifiers.map((specifier, i) => ({ ...specifier, field: columns[i]! })),
  }
  const all = fields.map((field, index) => ({ ...field, index })).filter(isReverse)
  const counters = all.filter(({ element }) => isCounter(element))
  const evidence = (counters.length > 0 ? counters : all).map(({ index }) => index)
  return { plan: compilePlan(half, captures, true), layout: half, evidence }
}

const PADDING = 210

function isReverse({ enterprise }: Specifier): boolean {
  return enterprise === REVERSE_ENTERPRISE
}
