import { Control } from '../lib/pipeline/control.ts'
import { collectCaptures } from './collect-captures.ts'
import { type CollectOptions, collectOptions } from './collect-flags.ts'
import { collectInterfaces } from './collect-interfaces.ts'
import { collectLive } from './collect-live.ts'
import { newStderrLog } from './collect-log.ts'
import { compileMapping, readMapping } from './collect-mapping.ts'
import { collectPacketFiles } from './collect-packets.ts'
import type { ExitStatus } from './exit.ts'
import type { GivenFlags } from './flags.ts'

/** What `weir collect` was asked to do, checked; throws UsageError. */
export function collect(given: GivenFlags): () => Promise<ExitStatus> {
  const options = collectOptions(given)
  return () => runCollect(options)
}

/** Receives or reads until told to stop or at the end; throws FlowError for what cannot be had at the start. */
async function runCollect(options: CollectOptions): Promise<ExitStatus> {
  const log = newStderrLog(options)
  for (const warning of options.warnings) log.warn(warning)
  const mapping = options.mapping === null ? null : readMapping(options.mapping)
  for (const warning of compileMapping(mapping, options).warnings) log.warn(warning)
  const run = { options, mapping, control: new Control(), log }
  const { packets } = options
  if (packets !== null) {
    return packets.files.length > 0 ? collectPacketFiles(run, packets) : collectInterfaces(run, packets)
  }
  return options.read.length > 0 ? collectCaptures(run) : collectLive(run)
}
