import type { FlowBlock, FlowStream, Problem } from '../../flow/source.ts'

/** The same stream, whose blocks somebody else looks at as well: it can be read only once. */
export function observedStream(
  stream: FlowStream,
  look: (block: FlowBlock, problems: Problem[]) => void,
): FlowStream {
  return {
    path: stream.path,
    problems: stream.problems,
    get rejected() {
      return stream.rejected
    },
    async next() {
      const block = await stream.next()
      if (block !== null && block.info.kind === 'flow') look(block, stream.problems)
      return block
    },
    close: () => stream.close(),
  }
}
