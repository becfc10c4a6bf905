import type { FlowFile, FlowStream } from '../../lib/flow/source.ts'
import type { LogThreads } from './log-threads.ts'
import type { Input } from './open-input.ts'
import type { Hear } from './other-records.ts'
import type { RecordInput } from './records.ts'

/**
 * An input as blocks: those of an archive file in any order, those of all else one after the other. Long logs are read by
 * the `threads`, where some are given; `hear` takes records of streams that are no flows. What reads records is loaded for
 * these only.
 */
export async function flowsOf(
  input: Input,
  threads: LogThreads | null = null,
  hear: Hear | null = null,
): Promise<FlowFile | FlowStream> {
  if (input.kind === 'archive') return input.file
  if (input.kind === 'stream') {
    if (hear === null) return input.stream
    const { HeardStream } = await import('./other-records.ts')
    return new HeardStream(input.stream, hear)
  }
  const { RecordStream } = await import('./record-stream.ts')
  const stream = new RecordStream(input, hear)
  return (threads === null ? null : await sharedLog(input, stream, threads)) ?? stream
}

async function sharedLog(
  input: RecordInput,
  stream: FlowStream,
  threads: LogThreads,
): Promise<FlowStream | null> {
  const { LogInput } = await import('./log-input.ts')
  if (!(input instanceof LogInput) || !input.isDivisible) return null
  const { SharedLog } = await import('./shared-log.ts')
  return SharedLog.of(stream, threads)
}
