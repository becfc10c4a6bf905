import { join, type Octets, u32, zeros } from './datagrams.ts'

// Builds sFlow datagrams (sFlow Version 5; RFC 3176 for versions 2 and 4), with code of its own.

/** Octets with zeros up to the next multiple of four. */
export function padded(octets: Octets): Uint8Array {
  const joined = join(octets)
  return join(joined, zeros((4 - (joined.length & 3)) & 3))
}

/** opaque<> or string<>. */
export function opaque(octets: Octets): Uint8Array {
  const joined = join(octets)
  return join(u32(joined.length), padded(joined))
}

/** A structure with its data format and length. */
export function structure(format: number, body: Octets, length = join(body).length): Uint8Array {
  return join(u32(format), u32(length), body)
}

/** A raw packet header record. */
export function rawHeader(
  frame: Octets,
  options: { protocol?: number; frameLength?: number; stripped?: number } = {},
): Uint8Array {
  const octets = join(frame)
  return structure(
    1,
    join(
      u32(options.protocol ?? 1),
      u32(options.frameLength ?? octets.length + 4),
      u32(options.stripped ?? 4),
      opaque(octets),
    ),
  )
}

export interface SamplePart {
  readonly sequence?: number
  /** Data source: class in the high octet for compact samples. */
  readonly source?: number
  readonly sourceClass?: number
  readonly rate?: number
  readonly pool?: number
  readonly drops?: number
  readonly inputFormat?: number
  readonly input?: number
  readonly outputFormat?: number
  readonly output?: number
  readonly reason?: number
  readonly records: readonly Octets[]
  readonly count?: number
}

export function flowSample(part: SamplePart): Uint8Array {
  const head = [part.sequence ?? 1, part.source ?? 3, part.rate ?? 1000, part.pool ?? 5000, part.drops ?? 0]
  const rest = [part.input ?? 3, part.output ?? 4, part.count ?? part.records.length]
  return structure(1, join(...[...head, ...rest].map(u32), ...part.records))
}

export function expandedFlowSample(part: SamplePart): Uint8Array {
  const head = [part.sequence ?? 1, part.sourceClass ?? 0, part.source ?? 3, part.rate ?? 1000]
  const middle = [part.pool ?? 5000, part.drops ?? 0, part.inputFormat ?? 0, part.input ?? 3]
  const rest = [part.outputFormat ?? 0, part.output ?? 4, part.count ?? part.records.length]
  return structure(3, join(...[...head, ...middle, ...rest].map(u32), ...part.records))
}

export function counterSample(part: SamplePart): Uint8Array {
  const head = [part.sequence ?? 1, part.source ?? 3, part.count ?? part.records.length]
  return structure(2, join(...head.map(u32), ...part.records))
}

export function expandedCounterSample(part: SamplePart): Uint8Array {
  const head = [
    part.sequence ?? 1,
    part.sourceClass ?? 0,
    part.source ?? 3,
    part.count ?? part.records.length,
  ]
  return structure(4, join(...head.map(u32), ...part.records))
}

export function discardSample(part: SamplePart): Uint8Array {
  const head = [part.sequence ?? 1, part.sourceClass ?? 0, part.source ?? 3, part.drops ?? 0]
  const rest = [part.input ?? 3, part.output ?? 0, part.reason ?? 0, part.count ?? part.records.length]
  return structure(5, join(...[...head, ...rest].map(u32), ...part.records))
}

export interface SflowParts {
  readonly agent?: Octets
  readonly subAgent?: number
  readonly sequence?: number
  readonly uptime?: number
  readonly samples: readonly Octets[]
  readonly count?: number
}

/** A datagram of version 5; the agent has an address of 4 or 16 octets. */
export function sflow5Datagram(parts: SflowParts): Uint8Array {
  const agent = join(parts.agent ?? [192, 0, 2, 9])
  return join(
    u32(5),
    u32(agent.length === 4 ? 1 : 2),
    agent,
    u32(parts.subAgent ?? 0),
    u32(parts.sequence ?? 42),
    u32(parts.uptime ?? 100_000),
    u32(parts.count ?? parts.samples.length),
    ...parts.samples,
  )
}

/** A datagram of version 2 or 4; samples begin with their type. */
export function sflow4Datagram(version: 2 | 4, parts: SflowParts): Uint8Array {
  return join(
    u32(version),
    u32(1),
    parts.agent ?? [192, 0, 2, 9],
    u32(parts.sequence ?? 42),
    u32(parts.uptime ?? 100_000),
    u32(parts.count ?? parts.samples.length),
    ...parts.samples,
  )
}

/** A flow sample of version 2 or 4: packet data with its type, then extended data. */
export function flowSample4(part: SamplePart & { readonly packet: Octets }): Uint8Array {
  const head = [1, part.sequence ?? 1, part.source ?? 3, part.rate ?? 1000, part.pool ?? 5000]
  const rest = [part.drops ?? 0, part.input ?? 3, part.output ?? 4]
  const count = u32(part.count ?? part.records.length)
  return join(...[...head, ...rest].map(u32), part.packet, count, ...part.records)
}
