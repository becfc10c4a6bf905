import type { DataSets } from './data-sets.ts'
import type { Issues } from './issues.ts'
import type { Sequence } from './sequence.ts'
import type { Sessions } from './sessions.ts'
import type { TemplateSets } from './template-sets.ts'

/** What reading a message of sets takes. */
export interface MessageParts {
  readonly sessions: Sessions
  readonly templates: TemplateSets
  readonly sets: DataSets
  readonly issues: Issues
  /** Sequences with gaps that may still close. */
  readonly waiting: Set<Sequence>
  /** The words of the origin's export time. */
  readonly exportWords: Uint32Array
}
