import { BatchWriter } from '../../lib/flow/batch-writer.ts'
import { newStderrLog } from '../collect-log.ts'
import { openInput } from './open-input.ts'
import { type Hear, OtherRecords } from './other-records.ts'
import type { RecordInput } from './records.ts'

/**
 * Reads a capture or a flow stream for its options records and counters only, before its flows are read; whoever reads
 * these tells what is wrong with it.
 */
export async function hearInput(path: string, hear: Hear): Promise<void> {
  const log = newStderrLog({ logLevel: 'error', logFormat: 'text', errorCount: 0, errorIntervalMs: 0 })
  const input = await openInput(path, { log })
  try {
    if (input.kind === 'records') await hearRecords(input, hear)
    if (input.kind !== 'stream') return
    const { stream } = input
    for (let block = await stream.next(); block !== null; block = await stream.next())
      if (block.info.kind !== 'flow') hear(block, stream.problems, false)
  } finally {
    input.close()
  }
}

async function hearRecords(input: RecordInput, hear: Hear): Promise<void> {
  const others = new OtherRecords(hear)
  const flow = new BatchWriter('flow', (full) => {
    full.reset()
    return full
  })
  await input.run({ flow, ...others.writers }, () => others.pass(input.problems, false))
  others.pass(input.problems, true)
}
