import { formatAddress } from '../bytes/address.ts'
import type { MetricFamily, MetricSample } from '../diagnostics/metrics.ts'
import type { Datagram, Scheme } from '../flow/datagram.ts'

/** Exporters counted by themselves at one worker; later ones share one line, so that forged sources cost nothing. */
const MOST_ROWS = 16_384
/** The last sizes of each exporter, of which the quantiles are made. */
const SIZES = 64
const QUANTILES = [0.5, 0.9, 0.99]
const OTHERS = 'other'

interface Place {
  readonly localAddress: string
  readonly localPort: number
  readonly scheme: Scheme
  /** The row of the exporters that have none of their own; -1 until there are such. */
  others: number
}

/** Counts datagrams by exporter and place of receipt, under goflow2's names. */
export class Traffic {
  readonly #places: Place[] = []
  #rows = 0
  #words = new Uint32Array(64 * 4)
  #placeOf = new Uint16Array(64)
  #packets = new Float64Array(64)
  #octets = new Float64Array(64)
  #sizes = new Uint16Array(64 * SIZES)
  /** Open addressing: row + 1, or 0. A power of two, at least twice the rows. */
  #slots = new Int32Array(256)
  #last = 0

  /** The number under which datagrams received at this place are noted. */
  addPlace(localAddress: string, localPort: number, scheme: Scheme): number {
    const known = this.#places.findIndex(
      (place) =>
        place.localAddress === localAddress && place.localPort === localPort && place.scheme === scheme,
    )
    if (known >= 0) return known
    return this.#places.push({ localAddress, localPort, scheme, others: -1 }) - 1
  }

  note(place: number, datagram: Datagram): void {
    const { address } = datagram
    let row = this.#last
    const words = this.#words
    const at = row * 4
    // Datagrams of one exporter come in runs.
    if (
      row >= this.#rows ||
      words[at + 3] !== address[3] ||
      words[at + 2] !== address[2] ||
      words[at + 1] !== address[1] ||
      words[at] !== address[0] ||
      this.#placeOf[row] !== place
    ) {
      row = this.#find(place, address)
      this.#last = row
    }
    const size = datagram.to - datagram.from
    const count = this.#packets[row]!
    this.#sizes[row * SIZES + (count % SIZES)] = size
    this.#packets[row] = count + 1
    this.#octets[row]! += size
  }

  families(): MetricFamily[] {
    const octets: MetricSample[] = []
    const packets: MetricSample[] = []
    const quantiles: MetricSample[] = []
    for (let row = 0; row < this.#rows; row++) {
      const place = this.#places[this.#placeOf[row]!]!
      const labels = {
        local_ip: place.localAddress,
        local_port: String(place.localPort),
        remote_ip: place.others === row ? OTHERS : formatAddress(this.#words, row * 4),
        type: place.scheme,
      }
      octets.push({ labels, value: this.#octets[row]! })
      packets.push({ labels, value: this.#packets[row]! })
      const sizes = this.#sizes.slice(row * SIZES, row * SIZES + Math.min(this.#packets[row]!, SIZES)).sort()
      for (const quantile of QUANTILES) {
        const value = sizes[Math.min(sizes.length - 1, Math.ceil(quantile * sizes.length) - 1)]!
        quantiles.push({ labels: { ...labels, quantile: String(quantile) }, value })
      }
    }
    const help = 'Summary of packet size.'
    return [
      family('goflow2_flow_traffic_bytes_total', 'counter', 'Bytes received by the application.', octets),
      family(
        'goflow2_flow_traffic_packets_total',
        'counter',
        'Packets received by the application.',
        packets,
      ),
      family('goflow2_flow_traffic_size_bytes', 'summary', help, quantiles),
      family('goflow2_flow_traffic_size_bytes_sum', 'summary', help, octets),
      family('goflow2_flow_traffic_size_bytes_count', 'summary', help, packets),
    ]
  }

  /** The row of the exporter at the place, made if need be. */
  #find(place: number, address: Uint32Array): number {
    const mask = this.#slots.length - 1
    for (let slot = hashOf(place, address, 0) & mask; ; slot = (slot + 1) & mask) {
      const row = this.#slots[slot]! - 1
      if (row < 0) return this.#add(place, address, slot)
      const at = row * 4
      if (
        this.#placeOf[row] === place &&
        this.#words[at + 3] === address[3] &&
        this.#words[at + 2] === address[2] &&
        this.#words[at + 1] === address[1] &&
        this.#words[at] === address[0]
      ) {
        return row
      }
    }
  }

  #add(place: number, address: Uint32Array, slot: number): number {
    const facts = this.#places[place]!
    if (this.#rows >= MOST_ROWS) {
      // Rows of others are not found by address: they have no slot, and the words of the first of them.
      if (facts.others < 0) facts.others = this.#newRow(place, address)
      return facts.others
    }
    const row = this.#newRow(place, address)
    this.#slots[slot] = row + 1
    if (this.#rows * 2 > this.#slots.length) this.#rehash()
    return row
  }

  #newRow(place: number, address: Uint32Array): number {
    if (this.#rows === this.#placeOf.length) this.#grow()
    const row = this.#rows++
    this.#words.set(address, row * 4)
    this.#placeOf[row] = place
    return row
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 2)
    const mask = this.#slots.length - 1
    for (let row = 0; row < this.#rows; row++) {
      let slot = hashOf(this.#placeOf[row]!, this.#words, row * 4) & mask
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
      this.#slots[slot] = row + 1
    }
  }

  #grow(): void {
    const rows = this.#placeOf.length * 2
    this.#words = grown(this.#words, new Uint32Array(rows * 4))
    this.#placeOf = grown(this.#placeOf, new Uint16Array(rows))
    this.#packets = grown(this.#packets, new Float64Array(rows))
    this.#octets = grown(this.#octets, new Float64Array(rows))
    this.#sizes = grown(this.#sizes, new Uint16Array(rows * SIZES))
  }
}

function grown<T extends Uint16Array | Uint32Array | Float64Array>(old: T, bigger: T): T {
  bigger.set(old)
  return bigger
}

function hashOf(place: number, words: Uint32Array, at: number): number {
  let hash = place
  for (let i = 0; i < 4; i++) {
    hash = Math.imul(hash ^ words[at + i]!, 0x9e37_79b1)
    hash ^= hash >>> 15
  }
  return hash
}

function family(
  name: string,
  type: MetricFamily['type'],
  help: string,
  samples: MetricSample[],
): MetricFamily {
  return { name, type, help, samples }
}
