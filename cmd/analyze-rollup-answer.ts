import type { Query, ResultTable, RunOptions } from '../lib/report/query.ts'
import { canBeShared, expectedOf, LEAST_SHARED_WORK, runQueries, workOf } from '../lib/report/run.ts'
import type { RollupAnswer } from './analyze-rollups.ts'
import type { AnalyzeThreadStart } from './analyze-threads.ts'

/** Who answers: so many threads of this process. */
export interface RollupRun {
  readonly run: RunOptions
  readonly threads: number
  /** What the setting took for now. */
  readonly nowMs: number
}

type Asked = AnalyzeThreadStart['asking'][number]

/**
 * Answers a query from rollups, with other threads where that pays, and from records of what these do not tell; `asked` is
 * the query in words. Throws as `runQueries`.
 */
export async function answerFromRollups(
  query: Query,
  answer: RollupAnswer,
  asked: Asked,
  { run, threads, nowMs }: RollupRun,
): Promise<ResultTable> {
  const { files, records } = answer
  const rollups = { queries: [answer.query], files }
  const isLong = files.length > 1 && workOf(rollups.queries, files) >= LEAST_SHARED_WORK
  if (threads < 2 || !isLong || !canBeShared([query]))
    return (await runQueries([query], records, { ...run, rollups }))[0]!
  const { helpingThreads } = await import('./analyze-threads.ts')
  const share = { ...run, memoryOctets: run.memoryOctets / threads }
  const helpers = helpingThreads(threads - 1, false, rollupStart(answer, asked, share, nowMs))
  try {
    return (await runQueries([query], records, { ...share, rollups: { ...rollups, helpers } }))[0]!
  } finally {
    helpers.close()
  }
}

/** What a thread is given that helps to read rollups. */
export function rollupStart(
  { names, knowsAs, files, records }: RollupAnswer,
  asked: Asked,
  { memoryOctets, temporaryDirectory }: RunOptions,
  nowMs: number,
): Omit<AnalyzeThreadStart, 'dealer'> {
  const expected = expectedOf([...records, ...files])
  return {
    asking: [asked],
    archives: files.map(({ path, blocks, addresses: { codes } }) => ({ path, blocks: blocks.length, codes })),
    rollups: { names, knowsAs, records: files.map((file) => file.records), expected },
    nowMs,
    memoryOctets,
    temporaryDirectory,
  }
}
