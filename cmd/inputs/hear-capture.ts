import { BatchWriter } from '../../lib/flow/batch-writer.ts'
import { newStderrLog } from '../collect-log.ts'
import { openInput } from './open-input.ts'
import { type Hear, OtherRecords } from './other-records.ts'

/** Reads a capture for its options records and counters only; whoever reads its flows tells what is wrong with it. */
export async function hearCapture(path: string, hear: Hear): Promise<void> {
  const log = newStderrLog({ logLevel: 'error', logFormat: 'text', errorCount: 0, errorIntervalMs: 0 })
  const input = await openInput(path, { log, format: 'pcap' })
  try {
    if (input.kind !== 'records') return
    const others = new OtherRecords(hear)
    const flow = new BatchWriter('flow', (full) => {
      full.reset()
      return full
    })
    await input.run({ flow, ...others.writers }, () => others.pass(input.problems, false))
    others.pass(input.problems, true)
  } finally {
    input.close()
  }
}
