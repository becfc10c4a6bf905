import type { Field } from './fields.ts'

/**
 * Columns a user asks for beyond the registry (goflow2's mapping.yaml, custom definitions). The decoder copies the
 * raw octets of the element into `field`, beside what it makes of the element itself.
 */
export interface ElementCapture {
  /** Which templates it holds for. */
  readonly protocol: 'netflow9' | 'ipfix'
  readonly enterprise: number
  readonly element: number
  /** Of kind `octets` (the last occurrence in a record wins) or `octets-list` (each one is appended). */
  readonly field: Field
}

/** Layers of a sampled frame that captures can name. */
export type FrameLayer =
  | 'ethernet'
  | 'dot1q'
  | 'mpls'
  | 'ipv4'
  | 'ipv6'
  | 'ipv6-route'
  | 'ipv6-frag'
  | 'tcp'
  | 'udp'
  | 'icmp'
  | 'ipv6-icmp'
  | 'gre'
  | 'teredo-dst'
  | 'geneve'

/** Bits of a layer of a sampled frame. A layer is matched by `matches`, evaluated by the packet parser. */
export interface FrameCapture {
  /** Lower-case layer key as in goflow2's mapping (`udp`, `4`, `etype0x0800`, `proto17`, `udp53`, …). */
  readonly layer: string
  /** Only inside a tunnel. */
  readonly encapsulated: boolean
  readonly offsetBits: number
  readonly lengthBits: number
  /** Of kind `octets` or `octets-list`: the extracted bits, as goflow2 aligns them. */
  readonly field: Field
}

/** Says how the payload of a port is parsed (goflow2's `sflow.ports`). */
export interface PortParser {
  readonly transport: 'udp' | 'tcp'
  readonly direction: 'src' | 'dst' | 'both'
  readonly port: number
  readonly parser: FrameLayer
}

export interface Captures {
  readonly elements: readonly ElementCapture[]
  readonly frames: readonly FrameCapture[]
  readonly ports: readonly PortParser[]
}

export const NO_CAPTURES: Captures = { elements: [], frames: [], ports: [] }
