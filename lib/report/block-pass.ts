import { BlockMemory } from '../flow/block-memory.ts'
import type { BlockFacts, FlowBlock, FlowFile, FlowStream, Problem } from '../flow/source.ts'
import { DatagramLog } from './loss/datagram-log.ts'
import { lossesOf } from './loss/losses.ts'
import type { Quality, RunOptions } from './query.ts'
import { greater, lesser } from './window.ts'

const NOT_KNOWN = 2n ** 64n - 1n

/** One who reads blocks himself, in the order of the inputs. */
export interface BlockReader {
  /** Whether the block is needed, by what is known without opening it. */
  wants(facts: BlockFacts): boolean
  /** Returns how many of its rows counted. Columns are good until the next call. */
  take(block: FlowBlock, problems: Problem[]): number
}

export function isFlowFile(input: FlowFile | FlowStream): input is FlowFile {
  return 'blocks' in input
}

/**
 * Reads all blocks of flows that the reader wants, and counts in `quality` what was read and what could not be, and
 * with `window`, which is open where the flows tell, what the answer is about.
 */
export async function readBlocks(
  inputs: readonly (FlowFile | FlowStream)[],
  reader: BlockReader,
  quality: Quality,
  options: RunOptions,
  window: { readonly fromNs: bigint | null; readonly toNs: bigint | null } | null = null,
): Promise<void> {
  const memory = new BlockMemory()
  const datagrams = new DatagramLog()
  let rows = 0
  let [from, to] = [NOT_KNOWN, 0n]
  const take = (block: FlowBlock, problems: Problem[]) => {
    const { leastStart, leastReceived, greatestEnd, greatestReceived } = block.info
    from = lesser(from, lesser(leastStart, leastReceived))
    to = greater(to, greatestEnd === 0n ? greatestReceived : greatestEnd)
    rows += block.info.rows
    quality.blocksRead++
    quality.rowsRead += block.info.rows
    quality.rowsCounted += reader.take(block, problems)
    datagrams.take(block, problems)
    options.onProgress?.(rows)
  }
  let breathe = 0
  for (const input of inputs) {
    if (isFlowFile(input)) {
      for (const [index, facts] of input.blocks.entries()) {
        if (!reader.wants(facts)) {
          if (facts.kind !== 'flow') continue
          quality.blocksSkipped++
          datagrams.skip(facts)
          continue
        }
        if (facts.kind !== 'flow') {
          // Their datagrams have numbers of the same sequence.
          const others = facts.kind === null ? null : input.block(index, memory)
          if (others !== null) datagrams.take(others, input.problems)
          continue
        }
        const block = input.block(index, memory)
        if (block !== null) take(block, input.problems)
        // Signals and progress want a turn.
        if (++breathe % 16 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      quality.files++
    } else {
      for (let block = await input.next(); block !== null; block = await input.next())
        if (block.info.kind === 'flow' && reader.wants(block.info)) take(block, input.problems)
      quality.streams++
      quality.rejected += input.rejected
    }
    quality.problems.push(...input.problems)
  }
  // Inputs may be read in several parts.
  const losses = lossesOf(datagrams)
  if (losses !== null) quality.losses = [...(quality.losses ?? []), ...losses]
  if (window === null || from === NOT_KNOWN) return
  quality.fromNs = window.fromNs ?? (quality.toNs === 0n ? from : lesser(quality.fromNs, from))
  quality.toNs = window.toNs ?? greater(quality.toNs, to)
}
