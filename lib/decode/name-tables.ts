import type { ExporterFacts, InterfaceFacts, NamedFacts } from '../flow/exporter-facts.ts'

/** Plain form for the state file. */
export interface NamesState {
  readonly interfaces: readonly (readonly [number, string, string])[]
  readonly applications: readonly (readonly [string, string, string])[]
  readonly vrfs: readonly (readonly [number, string])[]
  readonly samplers: readonly (readonly [number, string])[]
  readonly activeTimeout: number
  readonly idleTimeout: number
  /** Milliseconds since the epoch; 0 unknown. */
  readonly systemInitTimeMs: number
}

/** What a name costs beyond its text. */
const NAME_OCTETS = 128

/** What a name, or a name with a description, costs. */
export function nameOctets(value: string | NamedFacts): number {
  return (
    NAME_OCTETS + (typeof value === 'string' ? value.length : value.name.length + value.description.length)
  )
}

/** Names that one session's options records gave its interfaces, applications, VRFs and samplers. */
export class NameTables {
  readonly interfaces = new Map<number, InterfaceFacts>()
  readonly applications = new Map<string, NamedFacts>()
  readonly vrfs = new Map<number, string>()
  readonly samplers = new Map<number, string>()
  activeTimeout = 0
  idleTimeout = 0
  /** When the exporter started, which IPFIX uptimes count from (RFC 5102 §5.9.5); milliseconds, 0 unknown. */
  systemInitTimeMs = 0

  get size(): number {
    return this.interfaces.size + this.applications.size + this.vrfs.size + this.samplers.size
  }

  /** What all names cost. */
  get octets(): number {
    let octets = 0
    for (const table of [this.interfaces, this.applications, this.vrfs, this.samplers])
      for (const value of table.values()) octets += nameOctets(value)
    return octets
  }

  facts(address: string, port: number): ExporterFacts {
    const { interfaces, applications, vrfs, samplers, activeTimeout, idleTimeout } = this
    return { address, port, interfaces, applications, vrfs, samplers, activeTimeout, idleTimeout }
  }

  save(): NamesState {
    return {
      interfaces: [...this.interfaces].map(([index, { name, description }]) => [index, name, description]),
      applications: [...this.applications].map(([id, { name, description }]) => [id, name, description]),
      vrfs: [...this.vrfs],
      samplers: [...this.samplers],
      activeTimeout: this.activeTimeout,
      idleTimeout: this.idleTimeout,
      systemInitTimeMs: this.systemInitTimeMs,
    }
  }

  /** What was heard since the start is newer than what was saved. */
  restore(state: NamesState): void {
    for (const [index, name, description] of state.interfaces)
      if (!this.interfaces.has(index)) this.interfaces.set(index, { name, description })
    for (const [id, name, description] of state.applications)
      if (!this.applications.has(id)) this.applications.set(id, { name, description })
    for (const [id, name] of state.vrfs) if (!this.vrfs.has(id)) this.vrfs.set(id, name)
    for (const [id, name] of state.samplers) if (!this.samplers.has(id)) this.samplers.set(id, name)
    if (this.activeTimeout === 0) this.activeTimeout = state.activeTimeout
    if (this.idleTimeout === 0) this.idleTimeout = state.idleTimeout
    if (this.systemInitTimeMs === 0) this.systemInitTimeMs = state.systemInitTimeMs
  }
}
