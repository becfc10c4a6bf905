import { ArchiveWriter } from '../../lib/archive/archive-writer.ts'
import { formatAddress } from '../../lib/bytes/address.ts'
import { SILENT } from '../../lib/diagnostics/log.ts'
import { FlowBatch } from '../../lib/flow/batch.ts'
import { BatchWriter } from '../../lib/flow/batch-writer.ts'
import { F } from '../../lib/flow/fields.ts'
import { FlowGenerator } from '../../lib/testing/flow-generator.ts'
import { natWorld, type PlantedHolding } from '../../lib/testing/nat-world.ts'
import { newRandom } from '../../lib/testing/workload.ts'

export interface NatDay {
  /** Flows of everybody else. */
  readonly flows: number
  readonly holdings: number
  /** A file begins every so many milliseconds. */
  readonly fileMs: number
  /** How long the day is: 86,400 seconds, if not said. */
  readonly seconds?: number
}

/** Writes a day of translations among flows of a provider as archive files, in the order of reception. */
export function writeNatDay(directory: string, { flows, holdings, fileMs, seconds = 86_400 }: NatDay): void {
  const world = natWorld(1, holdings, seconds)
  const generator = new FlowGenerator(1, (flows / seconds) * 1.27)
  let nowMs = 0
  const limits = { rotateEveryMs: fileMs, syncEveryMs: 3_600_000 }
  const writer = new ArchiveWriter({ directory, stream: 'nat', limits, log: SILENT, nowMs: () => nowMs })
  const noise = new FlowBatch()
  let rows = 0
  let noiseNs = 0n
  const batches = new BatchWriter('flow', (full) => {
    const ns = full.fixed(F.timeReceived).wide[full.rowCount - 1]!
    nowMs = Number(full.fixed(F.timeReceived).wide[0]! / 1_000_000n)
    writer.append(full)
    full.reset()
    while (noiseNs < ns && rows < flows) {
      noise.reset()
      generator.fill(noise)
      noiseNs = noise.fixed(F.timeReceived).wide[noise.rowCount - 1]!
      writer.append(noise)
      rows += noise.rowCount
    }
    return full
  })
  world.write(batches)
  batches.flush()
  writer.close()
}

/** Words of questions about planted translations, most of them within the time that somebody had them. */
export function natDayQuestions(holdings: number): string[][] {
  const random = newRandom(2)
  return natWorld(1, holdings).holdings.map((holding) => wordsOf(holding, random))
}

function wordsOf(
  { publicIp, firstPort, protocol, fromNs, toNs }: PlantedHolding,
  random: (below: number) => number,
): string[] {
  const ip = formatAddress(Uint32Array.of(0, 0, 0xffff, publicIp), 0)
  const ms = (fromNs + ((toNs - fromNs) * BigInt(random(1000))) / 700n) / 1_000_000n
  return [ip, String(firstPort), String(ms), ...(protocol < 0 ? [] : [String(protocol)])]
}
