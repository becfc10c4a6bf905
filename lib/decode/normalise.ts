import type { FixedColumn, FlowBatch } from '../flow/batch.ts'
import { F, type Field } from '../flow/fields.ts'
import { fieldOf, ownFieldOf } from './elements/registry.ts'
import type { FrameReader } from './packet.ts'
import type { FrameStep, Normal } from './plan.ts'
import type { Scene } from './steps.ts'

const ICMP = 1
const ICMPV6 = 58

/** Fills what exporters leave to be derived, in rows `[from, to)` that hold all their elements. */
export function normalise(normal: Normal, batch: FlowBatch, from: number, to: number): void {
  if (normal.icmpFromPort) deriveIcmp(batch, from, to)
  if (normal.ingress) standIn(batch, 252, F.ingressInterface, 1, from, to)
  if (normal.egress) standIn(batch, 253, F.egressInterface, 2, from, to)
  if (normal.frameSize !== null) countFrame(batch, batch.fixed(normal.frameSize), from, to)
  if (normal.bootTime !== null) {
    const boot = batch.fixed(normal.bootTime)
    addUptime(batch, boot, normal.startUptime, F.flowStart, from, to)
    addUptime(batch, boot, normal.endUptime, F.flowEnd, from, to)
  }
}

/**
 * Cisco's routers put ICMP type and code into the destination port, in NetFlow v5 and in templates without an ICMP
 * element. Others use both ports; what they mean by them is unknown. Type 0 is an echo reply, whose only code is 0: a
 * port below 256 is something else.
 */
function deriveIcmp(batch: FlowBatch, from: number, to: number): void {
  const protocol = batch.fixed(F.protocolIdentifier).values
  const port = batch.fixed(F.destinationTransportPort).values
  for (let row = from; row < to; row++) {
    if ((protocol[row] !== ICMP && protocol[row] !== ICMPV6) || port[row]! < 256) continue
    const source = batch.find(F.sourceTransportPort) as FixedColumn | undefined
    if (source !== undefined && source.values[row] !== 0) continue
    const icmp = batch.fixed(F.icmpTypeCode)
    icmp.values[row] = port[row]!
    icmp.present[row] = 1
  }
}

/** Physical interfaces where the logical one is absent or 0 (seen on Huawei and Nokia). */
function standIn(
  batch: FlowBatch,
  element: number,
  target: Field,
  flag: 1 | 2,
  from: number,
  to: number,
): void {
  const physical = batch.fixed(fieldOf(0, element)!)
  const logical = batch.fixed(target)
  for (let row = from; row < to; row++) {
    if (logical.values[row] !== 0 || physical.values[row] === 0) continue
    logical.values[row] = physical.values[row]!
    logical.present[row] = 1
    const flags = batch.fixed(F.physicalInterfaces)
    flags.values[row]! |= flag
    flags.present[row] = 1
  }
}

/** A record that tells a frame's size and no counters is one packet of that size. */
function countFrame(batch: FlowBatch, size: FixedColumn, from: number, to: number): void {
  for (let row = from; row < to; row++) countPacket(batch, row, size.values[row]!)
}

function countPacket(batch: FlowBatch, row: number, octetCount: number): void {
  const packets = batch.fixed(F.packetDeltaCount)
  const octets = batch.fixed(F.octetDeltaCount)
  if (packets.present[row] === 0) {
    packets.words[row * 2] = 1
    packets.present[row] = 1
  }
  if (octets.present[row] === 0) {
    octets.words[row * 2] = octetCount
    octets.present[row] = 1
  }
}

/** IPFIX: flowStartSysUpTime counts from systemInitTimeMilliseconds of the same record (RFC 5102 §5.9). */
function addUptime(
  batch: FlowBatch,
  boot: FixedColumn,
  uptime: Field | null,
  target: Field,
  from: number,
  to: number,
): void {
  if (uptime === null || uptime === target) return
  const since = batch.fixed(uptime)
  const out = batch.fixed(target)
  for (let row = from; row < to; row++) {
    // An absolute time in the same record knows better.
    if (out.present[row] === 1) continue
    setSum(out, row, boot.words[row * 2]!, boot.words[row * 2 + 1]!, since.values[row]!)
  }
}

const bootNs = new BigUint64Array(1)
const bootWords = new Uint32Array(bootNs.buffer)

/**
 * IPFIX: gives rows with uptimes and no other time their times, from the start of the exporter that it told in
 * options data, in milliseconds since the epoch.
 */
export function addSystemInitTime(
  batch: FlowBatch,
  from: number,
  to: number,
  systemInitTimeMs: number,
): void {
  bootNs[0] = BigInt(systemInitTimeMs) * 1_000_000n
  addUptimeSince(batch, ownFieldOf(0, 22)!, F.flowStart, from, to)
  addUptimeSince(batch, ownFieldOf(0, 21)!, F.flowEnd, from, to)
}

function addUptimeSince(batch: FlowBatch, uptime: Field, target: Field, from: number, to: number): void {
  const since = batch.find(uptime) as FixedColumn | undefined
  if (since === undefined) return
  const out = batch.fixed(target)
  for (let row = from; row < to; row++) {
    if (since.present[row] === 0 || out.present[row] === 1) continue
    setSum(out, row, bootWords[0]!, bootWords[1]!, since.values[row]!)
  }
}

/** Puts `low` and `high` of a nanosecond count plus milliseconds into a row. */
function setSum(out: FixedColumn, row: number, low: number, high: number, ms: number): void {
  const sum = low + ms * 1e6
  const over = Math.floor(sum / 4294967296)
  out.words[row * 2] = sum - over * 4294967296
  out.words[row * 2 + 1] = high + over
  out.present[row] = 1
}

/** Reads the packet section of the record at scene.starts; the record counts as one packet if it has no counters. */
export function readFrame(
  step: FrameStep,
  scene: Scene,
  frames: FrameReader,
  batch: FlowBatch,
  row: number,
): void {
  const from = scene.starts[step.index]!
  const length = scene.lengths[step.index]!
  if (length === 0) return
  const { octets, view } = scene.run
  // RFC 5477 §8.5.1: an IP packet; which version stands in its first four bits.
  const protocol = step.protocol !== 0 ? step.protocol : octets[from]! >> 4 === 6 ? 12 : 11
  frames.read(octets, view, from, from + length, protocol, batch, row)
  const size = batch.find(fieldOf(0, 312)!) as FixedColumn | undefined
  const told = size !== undefined && size.present[row] === 1 ? size.values[row]! : 0
  countPacket(batch, row, told > 0 ? told : length)
}
