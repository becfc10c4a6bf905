/** What goflow2's mapping.yaml says, typed and defaulted, names as they stand in the file. */
export interface Mapping {
  readonly formatter: MappingFormatter
  readonly ipfix: readonly MappingEntry[]
  readonly netflowv9: readonly MappingEntry[]
  /** `sflow.ports`: how the payload of a port is parsed. */
  readonly sflowPorts: readonly MappingPort[]
  /** `sflow.mapping`: bits of a layer of a sampled frame. */
  readonly sflowMapping: readonly MappingLayer[]
}

export interface MappingFormatter {
  /** Fields to print, in order; none means all of the common flow message. */
  readonly fields: readonly string[]
  readonly key: readonly string[]
  /** Field name to renderer name. */
  readonly render: Readonly<Record<string, string>>
  /** Field name to printed name. */
  readonly rename: Readonly<Record<string, string>>
  /** Fields beyond the common flow message. */
  readonly protobuf: readonly MappingField[]
}

export interface MappingField {
  readonly name: string
  readonly index: number
  /** `varint`, `string` or `bytes`; goflow2 refuses others once a destination uses them. */
  readonly type: string
  readonly array: boolean
}

/** One element of a template and where it goes. */
export interface MappingEntry {
  readonly field: number
  readonly penprovided: boolean
  readonly pen: number
  readonly destination: string
  readonly endianness: 'big' | 'little'
  /** The key `endian`, which goflow2 ignores, where `endianness` is not given. */
  readonly endian?: 'big' | 'little'
}

export interface MappingPort {
  /** `udp` or `tcp`. */
  readonly proto: string
  /** `src`, `dst` or `both`. */
  readonly dir: string
  readonly port: number
  /** A parser's name, as `gre` or `teredo-dst`. */
  readonly parser: string
}

export interface MappingLayer {
  /** A layer's key, as `udp`, `4`, `etype0x0800`, `proto17` or `udp53`. */
  readonly layer: string
  readonly encap: boolean
  /** Bits. */
  readonly offset: number
  readonly length: number
  readonly destination: string
  readonly endianness: 'big' | 'little'
  /** The key `endian`, which goflow2 ignores, where `endianness` is not given. */
  readonly endian?: 'big' | 'little'
}
