/** What an exporter calls one of its interfaces, by its index. */
export interface InterfaceFacts {
  readonly name: string
  readonly description: string
}

/** A name and what the exporter adds to it. */
export interface NamedFacts {
  readonly name: string
  readonly description: string
}

/** What one exporter said about itself in options records; plain data, so that it can cross threads. */
export interface ExporterFacts {
  readonly address: string
  readonly port: number
  readonly interfaces: ReadonlyMap<number, InterfaceFacts>
  /** By application id (element 95) as lower-case hex. */
  readonly applications: ReadonlyMap<string, NamedFacts>
  readonly vrfs: ReadonlyMap<number, string>
  readonly samplers: ReadonlyMap<number, string>
  /** Seconds after which it reports a flow that goes on, and one that went silent; 0 unknown. */
  readonly activeTimeout: number
  readonly idleTimeout: number
}

/** Where enrichers look exporters' own names up. */
export interface FactsSource {
  /** What is known of the exporter at four words of `address` and UDP port, or of any other port of the address. */
  find(words: Uint32Array, at: number, port: number): ExporterFacts | undefined
  /** All exporters that said anything. */
  list(): ExporterFacts[]
}
