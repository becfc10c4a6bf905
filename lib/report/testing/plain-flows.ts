import { F, type Field } from '../../flow/fields.ts'
import { newRandom } from '../../testing/workload.ts'

/** A flow as one would write it down: numbers as bigints, addresses as four words, octets in hex; a field it lacks is not there. */
export type PlainFlow = ReadonlyMap<Field, bigint | readonly number[] | string>

const START = 1_767_225_600_000_000_000n
const SECOND = 1_000_000_000n

export interface PlainFlowsOptions {
  /** Values up to 2^64, sampling rates up to 2^32. */
  readonly extreme?: boolean
  /** Rows lack fields now and then. */
  readonly gaps?: boolean
}

/** Seeded flows of a made-up morning; the same seed gives the same flows. */
export function plainFlows(seed: number, count: number, options: PlainFlowsOptions = {}): PlainFlow[] {
  const random = newRandom(seed)
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!
  const address = (): readonly number[] => {
    const kind = random(10)
    if (kind < 4) return [0, 0, 0xffff, 0x0a000000 + random(4) * 65536 + random(3) * 256 + random(6)]
    if (kind < 7) return [0, 0, 0xffff, 0xc0000200 + random(40)]
    if (kind < 9) return [0x20010db8, random(3), 0, random(12)]
    return kind === 9 && random(8) === 0 ? [0, 0, 0, 0] : [0x2a000000 + random(2), 0, random(2), random(5)]
  }
  const flows: PlainFlow[] = []
  for (let i = 0; i < count; i++) {
    const end = START + BigInt(i) * (SECOND / 4n) + BigInt(random(1_000_000_000))
    const length = random(3) === 0 ? 0n : BigInt(random(2 ** 31)) * (random(20) === 0 ? 400n : 20n)
    const big = options.extreme === true
    const flow = new Map<Field, bigint | readonly number[] | string>([
      [F.timeReceived, end + BigInt(random(1_000_000_000))],
      [F.exporterAddress, [0, 0, 0xffff, 0xc6336401 + random(3)]],
      [F.flowStart, end - length],
      [F.flowEnd, end],
      [F.sourceAddress, address()],
      [F.destinationAddress, address()],
      [F.sourceTransportPort, BigInt(pick([443, 53, 1024 + random(30), random(65_536)]))],
      [F.destinationTransportPort, BigInt(pick([443, 80, 53, 2000 + random(20)]))],
      [F.protocolIdentifier, BigInt(pick([6, 6, 17, 1]))],
      [F.ingressInterface, BigInt(pick([1, 2, 3, 70_000, 4_294_967_295]))],
      [
        F.octetDeltaCount,
        big ? BigInt(random(2 ** 32)) * BigInt(random(2 ** 32)) : BigInt(40 + random(90_000)),
      ],
      [F.packetDeltaCount, big ? BigInt(random(2 ** 31)) : BigInt(1 + random(60))],
      [F.samplingRate, BigInt(pick(big ? [0, 1, 7, 4_294_967_295] : [0, 1, 1, 512]))],
      [F.samplingSource, BigInt(random(8))],
      [F.bgpSourceAsNumber, BigInt(pick([0, 64_500, 65_001]))],
      [F.bgpDestinationAsNumber, BigInt(pick([0, 64_500, 4_200_000_000]))],
      [F.flowDirection, BigInt(random(2))],
    ])
    if (options.gaps === true) for (const field of [...flow.keys()]) if (random(12) === 0) flow.delete(field)
    flows.push(flow)
  }
  return flows
}
