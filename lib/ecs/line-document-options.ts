import type { GeoSource } from '../flow/geo.ts'
import type { DocumentForm } from './document-form.ts'
import type { DocumentStep } from './document-steps.ts'

/** How documents of goflow2's lines are made. */
export interface LineDocumentOptions {
  readonly form: DocumentForm
  readonly tags: readonly string[]
  /** Null where nobody gave a database. */
  readonly geo: GeoSource | null
  /** Offset of the zone, as `+02:00`; null leaves `event.timezone` out. */
  readonly timezone: string | null
  /** Whether flows get a Community ID, which Elastic's pipeline does not give them. */
  readonly hasCommunityId: boolean
  readonly fields: Readonly<Record<string, unknown>>
  readonly steps: readonly DocumentStep[]
  /** Copies Elastic where it is plainly wrong (DIFFERENCES.md). */
  readonly isStrict: boolean
  /** Milliseconds since the epoch: `@timestamp` of lines that tell no time. */
  readonly now: () => number
}
