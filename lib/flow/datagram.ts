/**
 * One datagram before decoding. One object is reused for all: whoever keeps a datagram copies its octets.
 * `octets` and `view` cover the same memory; the payload is `[from, to)` of both.
 */
export interface Datagram {
  octets: Uint8Array
  view: DataView
  from: number
  to: number
  /** Exporter: four words, IPv4 mapped, and the UDP source port. */
  readonly address: Uint32Array
  port: number
  /** Where it was received, for metrics: address as text, and port. */
  localAddress: string
  localPort: number
  /** When it was received: one nanosecond count since the epoch (kernel's or capture's clock). */
  readonly receivedNs: BigUint64Array
}

/** An empty datagram to be filled by a receiver. */
export function newDatagram(): Datagram {
  const octets = new Uint8Array(0)
  return {
    octets,
    view: new DataView(octets.buffer),
    from: 0,
    to: 0,
    address: new Uint32Array(4),
    port: 0,
    localAddress: '',
    localPort: 0,
    receivedNs: new BigUint64Array(1),
  }
}

/** Which protocols a listener takes: goflow2's URL schemes. */
export type Scheme = 'sflow' | 'netflow' | 'flow'
