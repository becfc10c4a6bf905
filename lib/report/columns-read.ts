import { F, type Field } from '../flow/fields.ts'
import { compileQuery } from './compiled-query.ts'
import type { Query } from './query.ts'
import { TextInterner } from './text-interner.ts'

/** What every answer's footer is told by: when flows were, and the numbers of the datagrams that they came in. */
const ALWAYS: readonly Field[] = [
  F.timeReceived,
  F.flowStart,
  F.flowEnd,
  F.exportProtocol,
  F.exporterAddress,
  F.observationDomainId,
  F.sequenceNumber,
]

/** The columns of inputs that the queries and the footers of their answers look at. Throws QUERY_INVALID. */
export function columnsRead(queries: readonly Query[]): readonly Field[] {
  const fields = new Set<Field>(ALWAYS)
  for (const query of queries) {
    for (const field of compileQuery(query, new TextInterner()).fields) fields.add(field)
    if (query.counters === 'scaled') fields.add(F.samplingRate).add(F.samplingSource)
  }
  return [...fields]
}
