import { type FlowMessage, MESSAGE_FIELDS } from './message.ts'

const VARINT = 0
const OCTETS = 2

const BY_NUMBER = [...MESSAGE_FIELDS].sort((a, b) => a.number - b.number)

/** A growing buffer of protobuf octets, reused for every message. */
export class ProtobufWriter {
  #octets = new Uint8Array(1024)
  #used = 0

  /**
   * The message behind a varint of its length: fields by number without zeros, number lists packed, extra fields last
   * in order of their coming. The result is valid until the next call.
   */
  delimited(message: FlowMessage): Uint8Array {
    this.#used = 0
    this.#message(message)
    const body = this.#octets.slice(0, this.#used)
    this.#used = 0
    this.#varint(BigInt(body.length))
    this.#append(body)
    return this.#octets.subarray(0, this.#used)
  }

  #message(message: FlowMessage): void {
    for (const { key, number, kind } of BY_NUMBER) {
      const value = message[key]
      switch (kind) {
        case 'octets':
          if ((value as Uint8Array).length > 0) this.#field(number, value as Uint8Array)
          break
        case 'octets-list':
          for (const item of value as Uint8Array[]) this.#field(number, item)
          break
        case 'u32s':
        case 'enums':
          this.#packed(number, value as number[])
          break
        default:
          if (BigInt(value as number | bigint) !== 0n) this.#field(number, BigInt(value as number | bigint))
      }
    }
    for (const { index, value } of message.extra) this.#field(index, value)
  }

  #field(number: number, value: bigint | Uint8Array): void {
    this.#varint(BigInt(number) * 8n + BigInt(typeof value === 'bigint' ? VARINT : OCTETS))
    if (typeof value === 'bigint') {
      this.#varint(value)
      return
    }
    this.#varint(BigInt(value.length))
    this.#append(value)
  }

  #packed(number: number, values: readonly number[]): void {
    if (values.length === 0) return
    let octets = 0
    for (const value of values) octets += varintOctets(value)
    this.#varint(BigInt(number) * 8n + BigInt(OCTETS))
    this.#varint(BigInt(octets))
    for (const value of values) this.#varint(BigInt(value))
  }

  #varint(value: bigint): void {
    this.#grow(10)
    let rest = value
    while (rest > 127n) {
      this.#octets[this.#used++] = Number(rest & 127n) | 128
      rest >>= 7n
    }
    this.#octets[this.#used++] = Number(rest)
  }

  #append(octets: Uint8Array): void {
    this.#grow(octets.length)
    this.#octets.set(octets, this.#used)
    this.#used += octets.length
  }

  #grow(more: number): void {
    if (this.#used + more <= this.#octets.length) return
    const bigger = new Uint8Array(Math.max(this.#used + more, this.#octets.length * 2))
    bigger.set(this.#octets)
    this.#octets = bigger
  }
}

function varintOctets(value: number): number {
  let octets = 1
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) octets++
  return octets
}
