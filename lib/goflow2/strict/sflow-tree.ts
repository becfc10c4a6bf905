import type { Address } from './address.ts'

/** Octets of text that an exporter sent, printed as Go prints a string. */
export class Text {
  readonly octets: Uint8Array

  constructor(octets: Uint8Array) {
    this.octets = octets
  }
}

export class SflowPacket {
  version = 5
  'ip-version' = 0
  'agent-ip': Address
  'sub-agent-id' = 0
  'sequence-number' = 0
  uptime = 0
  'samples-count' = 0
  /** null where a sample is missing. */
  samples: (Sample | null)[] = []

  constructor(agent: Address) {
    this['agent-ip'] = agent
  }
}

export interface SampleHeader {
  /** 1 flow, 2 counters, 3 and 4 the expanded forms, 5 drop. */
  format: number
  length: number
  'sample-sequence-number': number
  'source-id-type': number
  'source-id-value': number
}

export interface SampleRecord {
  header: { 'data-format': number; length: number }
  /** Its shape goes by the data format; null where the record is missing. */
  data: object | null
}

interface Records {
  records: SampleRecord[]
}

export interface FlowSample extends Records {
  header: SampleHeader
  'sampling-rate': number
  'sample-pool': number
  drops: number
  input: number
  output: number
  'flow-records-count': number
}

export interface CounterSample extends Records {
  header: SampleHeader
  'counter-records-count': number
}

export interface ExpandedFlowSample extends Records {
  header: SampleHeader
  'sampling-rate': number
  'sample-pool': number
  drops: number
  'input-if-format': number
  'input-if-value': number
  'output-if-format': number
  'output-if-value': number
  'flow-records-count': number
}

export interface DropSample extends Records {
  header: SampleHeader
  drops: number
  input: number
  output: number
  reason: number
  'flow-records-count': number
}

export type Sample = FlowSample | CounterSample | ExpandedFlowSample | DropSample

/** Data format 1. */
export interface SampledHeader {
  protocol: number
  'frame-length': number
  stripped: number
  'original-length': number
  'header-data': Uint8Array
}

/** Data formats 3 and 4, but for their last member. */
export interface SampledIp {
  length: number
  protocol: number
  'src-ip': Address
  'dst-ip': Address
  'src-port': number
  'dst-port': number
  'tcp-flags': number
  tos?: number
  priority?: number
}

/** Data format 1001. */
export interface ExtendedSwitch {
  'src-vlan': number
  'src-priority': number
  'dst-vlan': number
  'dst-priority': number
}

/** Data format 1002. */
export interface ExtendedRouter {
  'next-hop-ip-version': number
  'next-hop': Address
  'src-mask-len': number
  'dst-mask-len': number
}

/** Data format 1003; of the path, goflow2 knows the first segment. */
export interface ExtendedGateway {
  'next-hop-ip-version': number
  'next-hop': Address
  as: number
  'src-as': number
  'src-peer-as': number
  'as-destinations': number
  'as-path-type': number
  'as-path-length': number
  'as-path': number[] | null
  'communities-length': number
  communities: number[]
  'local-pref': number
}
